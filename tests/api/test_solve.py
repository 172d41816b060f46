"""emd, emd2 and solve: what goes in, what comes out, and that every argument has its effect."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify, certify_infeasible, certify_plan
from support.problems import integer_masses, point_costs, random_masses, sparsify

import sparse_ot

SPARSE_CONTAINERS = [
    sp.coo_array,
    sp.csr_array,
    sp.csc_array,
    sp.coo_matrix,
    sp.csr_matrix,
    sp.csc_matrix,
    sp.lil_array,
    sp.dok_array,
    sp.bsr_array,
]


@pytest.fixture(scope="module")
def graph() -> tuple[Any, Any, sp.coo_array]:
    """A sparse problem large enough to need many pivots."""
    rng = np.random.default_rng(7)
    a, b = integer_masses(rng, 300, 320)
    return a, b, sparsify(rng, a, b, point_costs(rng, 300, 320), per_row=12)


@pytest.fixture(scope="module")
def matrix() -> tuple[Any, Any, Any]:
    """A dense problem large enough to need many pivots."""
    rng = np.random.default_rng(8)
    return *random_masses(rng, 80, 90), point_costs(rng, 80, 90)


# -- what comes out ---------------------------------------------------------------------------


def test_a_problem_to_check_by_hand() -> None:
    plan = sparse_ot.emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(plan, [[0.5, 0.0], [0.0, 0.5]])
    assert sparse_ot.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]]) == 0.0
    assert sparse_ot.emd2([0.25, 0.75], [0.5, 0.5], [[0.0, 4.0], [4.0, 0.0]]) == 1.0


def test_one_by_one() -> None:
    solution = sparse_ot.solve([[3.5]], [2.0], [2.0])
    assert solution.value == 7.0
    assert solution.plan == [[2.0]]
    assert sparse_ot.emd2([], [], sp.coo_array([[-3.5]])) == -3.5


def test_dense_in_dense_out(matrix: Any) -> None:
    a, b, M = matrix
    plan = sparse_ot.emd(a, b, M)
    assert type(plan) is np.ndarray
    assert plan.shape == M.shape
    certify_plan(a, b, M, plan)


@pytest.mark.parametrize("container", SPARSE_CONTAINERS)
def test_sparse_in_the_same_container_out(container: Any, graph: Any) -> None:
    a, b, M = graph
    given = container(M)
    before = given.copy()
    solution = sparse_ot.solve(given, a, b)
    assert type(solution.plan) is type(given)
    assert solution.plan.nnz <= sum(M.shape) - 1, "zeros are stored, or the plan is no tree"
    assert (solution.plan.tocoo().data != 0).all()
    certify(a, b, given, solution)
    assert (given != before).nnz == 0, "the caller's cost was changed"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sparse", [False, True])
def test_floating_dtype_is_kept(dtype: Any, sparse: bool, graph: Any) -> None:
    a, b, M = graph
    M = M.astype(dtype) if sparse else point_costs(np.random.default_rng(0), 300, 320).astype(dtype)
    a, b = a.astype(dtype), b.astype(dtype)
    plan, log = sparse_ot.emd(a, b, M, log=True)
    for result in (plan, log["u"], log["v"], log["cost"], sparse_ot.emd2(a, b, M)):
        assert result.dtype == dtype
        assert np.ndim(result) <= 2
    certify(a, b, M, (plan, log["u"], log["v"]))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, np.bool_])
def test_integers_become_doubles(dtype: Any) -> None:
    M = np.random.default_rng(3).integers(0, 2, (6, 5)).astype(dtype)
    a, b = np.array([5, 5, 5, 5, 5, 5]), np.array([6, 6, 6, 6, 6])
    for cost in (M, sp.csr_array(np.ones((6, 5), dtype=dtype))):
        plan, log = sparse_ot.emd(a, b, cost, log=True)
        assert plan.dtype == log["u"].dtype == log["v"].dtype == np.float64
        certify(a, b, cost, (plan, log["u"], log["v"]))


def test_lists_are_as_good_as_arrays(matrix: Any) -> None:
    a, b, M = matrix
    plan = sparse_ot.emd(a.tolist(), b.tolist(), M.tolist())
    np.testing.assert_array_equal(plan, sparse_ot.emd(a, b, M))


@pytest.mark.parametrize("nothing", [None, [], np.array([])])
def test_no_masses_mean_uniform(nothing: Any) -> None:
    M = point_costs(np.random.default_rng(1), 12, 18)
    plan = sparse_ot.emd(nothing, nothing, M)
    np.testing.assert_allclose(plan.sum(1), 1 / 12)
    np.testing.assert_allclose(plan.sum(0), 1 / 18)
    half = sparse_ot.emd(nothing, np.full(18, 1 / 18), M)
    certify_plan(None, None, M, half)


@pytest.mark.parametrize(
    "prepare",
    [
        lambda M: np.asfortranarray(M),
        lambda M: np.repeat(M, 2, axis=1)[:, ::2],
        lambda M: M[::-1][::-1],
        lambda M: np.ma.getdata(M),
        lambda M: M.astype(">f8"),
        lambda M: M.astype(np.longdouble),
    ],
    ids=["fortran", "strided", "reversed", "masked-data", "big-endian", "longdouble"],
)
def test_any_memory_layout(prepare: Any, matrix: Any) -> None:
    a, b, M = matrix
    M = M.copy()
    M.flags.writeable = False
    expected = float(sparse_ot.emd2(a, b, M))
    assert float(sparse_ot.emd2(a, b, prepare(M))) == pytest.approx(expected, rel=1e-12)


def test_input_is_never_written_to(graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        a, b = a.copy(), b.copy()
        M = M.copy()
        for array in (a, b, M.data if sp.issparse(M) else M):  # type: ignore[attr-defined]
            array.flags.writeable = False
        certify(a, b, M, sparse_ot.solve(M, a, b))


def test_the_same_input_gives_the_same_plan(graph: Any) -> None:
    a, b, M = graph
    first, second = sparse_ot.solve(M, a, b), sparse_ot.solve(M, a, b)
    assert (first.plan != second.plan).nnz == 0
    assert first.stats.pivots == second.stats.pivots


def test_a_sparse_cost_with_every_arc_is_the_dense_problem(matrix: Any) -> None:
    a, b, M = matrix
    dense, sparse = sparse_ot.solve(M, a, b), sparse_ot.solve(sp.csr_array(M), a, b)
    assert float(dense.value) == pytest.approx(float(sparse.value), rel=1e-12)
    assert dense.certificate.scope == "dense"
    assert sparse.certificate.scope == "arcs"


def test_cost_models_are_costs_too(graph: Any, matrix: Any) -> None:
    a, b, M = graph
    assert float(sparse_ot.solve(sparse_ot.SparseCost(M), a, b).value) == pytest.approx(
        float(sparse_ot.emd2(a, b, M)), rel=1e-14
    )
    a, b, M = matrix
    np.testing.assert_array_equal(
        sparse_ot.emd(a, b, sparse_ot.DenseCost(M)), sparse_ot.emd(a, b, M)
    )


# -- emd and emd2 as in POT -------------------------------------------------------------------


def test_log_has_the_keys_of_pot(graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        plan, log = sparse_ot.emd(a, b, M, log=True)
        assert {"cost", "u", "v", "warning", "result_code"} <= log.keys()
        assert log["warning"] is None
        assert log["result_code"] == 1
        bounds = certify(a, b, M, (plan, log["u"], log["v"]))
        assert float(log["cost"]) == pytest.approx(bounds.upper, rel=1e-12)


def test_emd2_log_and_return_matrix(graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        value = sparse_ot.emd2(a, b, M)
        assert np.ndim(value) == 0
        assert not isinstance(value, tuple)
        logged, log = sparse_ot.emd2(a, b, M, log=True)
        assert logged == value
        assert "G" not in log
        returned, log = sparse_ot.emd2(a, b, M, return_matrix=True)
        assert returned == value
        certify(a, b, M, (log["G"], log["u"], log["v"]))


@pytest.mark.parametrize("processes", [1, 2])
def test_columns_of_b_are_problems_of_their_own(processes: int, matrix: Any) -> None:
    a, _, M = matrix
    rng = np.random.default_rng(5)
    b = np.stack([random_masses(rng, 80, 90)[1] for _ in range(4)], axis=1)
    one_by_one = [float(sparse_ot.emd2(a, b[:, k], M)) for k in range(4)]
    values = sparse_ot.emd2(a, b, M, processes=processes)
    assert len(values) == 4
    np.testing.assert_allclose(np.asarray(values, dtype=float), one_by_one, rtol=1e-13)
    pairs = sparse_ot.emd2(a, b, M, processes=processes, log=True, return_matrix=True)
    assert len(pairs) == 4
    for k, (value, log) in enumerate(pairs):
        assert float(value) == float(log["cost"])
        assert float(log["cost"]) == pytest.approx(one_by_one[k], rel=1e-13)
        certify(a, b[:, k], M, (log["G"], log["u"], log["v"]))


def test_columns_of_b_on_a_graph(graph: Any) -> None:
    a, b, M = graph
    values = sparse_ot.emd2(a, np.stack([b, b], axis=1), M)
    np.testing.assert_allclose(np.asarray(values, float), float(sparse_ot.emd2(a, b, M)))


@pytest.mark.parametrize("threads", [2, "max"])
def test_threads_change_nothing_in_the_answer(threads: Any, graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        one, many = sparse_ot.emd(a, b, M), sparse_ot.emd(a, b, M, numThreads=threads)
        assert abs(one - many).max() == 0.0


def test_center_dual_balances_the_potentials(graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        plan, log = sparse_ot.emd(a, b, M, log=True)
        half = float(log["cost"]) / 2
        assert log["u"] @ a == pytest.approx(half, rel=1e-9)
        assert log["v"] @ b == pytest.approx(half, rel=1e-9)
        _, raw = sparse_ot.emd(a, b, M, log=True, center_dual=False)
        assert abs(raw["u"] @ a - raw["v"] @ b) > 1e-6 * half, "center_dual has no effect"
        certify(a, b, M, (plan, raw["u"], raw["v"]))
        u, v = sparse_ot.solve(M, a, b, center_dual=False).potentials
        np.testing.assert_array_equal(u, raw["u"])
        np.testing.assert_array_equal(v, raw["v"])


def test_check_marginals_refuses_or_rescales() -> None:
    M = point_costs(np.random.default_rng(2), 5, 5)
    a, b = np.full(5, 0.2), np.full(5, 0.3)
    with pytest.raises(sparse_ot.MassError):
        sparse_ot.emd(a, b, M)
    with pytest.raises(AssertionError):
        sparse_ot.emd2(a, b, M)
    plan = sparse_ot.emd(a, b, M, check_marginals=False)
    certify_plan(a, a, M, plan)
    certify_plan(a, a, M, sparse_ot.solve(M, a, b, check_marginals=False).plan)


def test_totals_that_differ_by_rounding_are_one_total() -> None:
    rng = np.random.default_rng(4)
    M = point_costs(rng, 30, 30)
    a, b = random_masses(rng, 30, 30)
    certify(a, b * (1 + 1e-9), M, sparse_ot.solve(M, a, b * (1 + 1e-9)))
    a, b = a.astype(np.float32), b.astype(np.float32)
    certify(a, b, M, sparse_ot.solve(M, a, b))


# -- starts and limits --------------------------------------------------------------------------


def test_a_warm_start_saves_pivots(graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        cold = sparse_ot.solve(M, a, b)
        warm = sparse_ot.solve(M, a, b, potentials_init=cold.potentials)
        assert warm.stats.pivots < 0.2 * cold.stats.pivots + 5
        assert float(warm.value) == pytest.approx(float(cold.value), rel=1e-12)
        certify(a, b, M, warm)
        plan, log = sparse_ot.emd(a, b, M, potentials_init=cold.potentials, log=True)
        certify(a, b, M, (plan, log["u"], log["v"]))
        assert float(sparse_ot.emd2(a, b, M, potentials_init=cold.potentials)) == pytest.approx(
            float(cold.value), rel=1e-12
        )


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_a_bad_warm_start_is_harmless(scale: float, graph: Any, matrix: Any) -> None:
    rng = np.random.default_rng(6)
    for a, b, M in (graph, matrix):
        start = rng.normal(size=M.shape[0]) * scale, rng.normal(size=M.shape[1]) * scale
        certify(a, b, M, sparse_ot.solve(M, a, b, potentials_init=start))


def test_a_pivot_limit_gives_a_plan_and_bounds(graph: Any) -> None:
    a, b, M = graph
    best = sparse_ot.solve(M, a, b)
    limit = best.stats.pivots // 3
    stopped = sparse_ot.solve(M, a, b, max_pivots=limit)
    assert stopped.status is sparse_ot.Status.PIVOT_LIMIT
    assert not stopped.converged
    assert stopped.stats.pivots <= limit
    value = certify_plan(a, b, M, stopped.plan)
    assert float(stopped.value) == pytest.approx(value, rel=1e-12)
    assert stopped.certificate.lower_bound <= float(best.value) * (1 + 1e-12) <= value * (1 + 1e-9)
    assert stopped.certificate.gap > 0
    assert not stopped.certificate.holds()


def test_num_iter_max_warns_and_says_so_in_the_log(graph: Any, matrix: Any) -> None:
    for a, b, M in (graph, matrix):
        with pytest.warns(UserWarning, match="pivot"):
            plan, log = sparse_ot.emd(a, b, M, numItermax=3, log=True)
        certify_plan(a, b, M, plan)
        assert log["result_code"] == 3
        assert isinstance(log["warning"], str)
        with pytest.warns(UserWarning, match="pivot"):
            value = sparse_ot.emd2(a, b, M, numItermax=3)
        assert float(value) == pytest.approx(float(log["cost"]), rel=1e-12)


def test_enough_pivots_do_not_warn(matrix: Any) -> None:
    a, b, M = matrix
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        certify_plan(a, b, M, sparse_ot.emd(a, b, M, numItermax=10_000_000))


def test_a_time_limit_is_kept() -> None:
    rng = np.random.default_rng(11)
    a, b = integer_masses(rng, 4000, 4000)
    M = sparsify(rng, a, b, rng.random((4000, 4000)), per_row=20)
    begin = time.perf_counter()
    stopped = sparse_ot.solve(M, a, b, time_limit=0.001)
    assert time.perf_counter() - begin < 20.0
    assert stopped.status is sparse_ot.Status.TIME_LIMIT
    certify_plan(a, b, M, stopped.plan)
    assert stopped.certificate.lower_bound <= float(stopped.value)


def test_a_generous_time_limit_changes_nothing(graph: Any) -> None:
    a, b, M = graph
    solution = sparse_ot.solve(M, a, b, time_limit=1000.0)
    assert solution.status is sparse_ot.Status.OPTIMAL
    certify(a, b, M, solution)


def test_progress_is_called_with_growing_numbers() -> None:
    rng = np.random.default_rng(12)
    a, b = integer_masses(rng, 3000, 3000)
    M = sparsify(rng, a, b, rng.random((3000, 3000)), per_row=30)
    calls: list[tuple[int, float, float]] = []
    solution = sparse_ot.solve(
        M, a, b, progress=lambda pivots, seconds, value: calls.append((pivots, seconds, value))
    )
    assert calls
    assert [c[0] for c in calls] == sorted(c[0] for c in calls)
    assert [c[1] for c in calls] == sorted(c[1] for c in calls)
    assert all(value >= float(solution.value) * (1 - 1e-9) for _, _, value in calls)


def test_an_exception_in_progress_stops_the_solve(graph: Any) -> None:
    a, b, M = graph

    def interrupt(pivots: int, seconds: float, value: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sparse_ot.solve(M, a, b, progress=interrupt)


# -- infeasible ---------------------------------------------------------------------------------


def test_infeasible_raises_by_default_and_warns_on_request() -> None:
    M = sp.csr_array(([1.0, 1.0, 2.0], ([0, 1, 1], [0, 0, 1])), shape=(2, 2))
    a, b = [0.5, 0.5], [0.25, 0.75]
    for call in (sparse_ot.emd, sparse_ot.emd2):
        with pytest.raises(sparse_ot.InfeasibleError) as caught:
            call(a, b, M)
        certify_infeasible(a, b, M, caught.value.violation)
    with pytest.warns(UserWarning, match="source"):
        plan, log = sparse_ot.emd(a, b, M, log=True, on_infeasible="warn")
    assert log["result_code"] == 0
    assert isinstance(log["warning"], str)
    assert not np.isfinite(float(log["cost"])), "a finite cost would pass for an answer"
    assert plan is None or not np.isfinite(plan.sum()), "an all-zero plan passes for an answer"
    with pytest.warns(UserWarning, match="source"):
        value = sparse_ot.emd2(a, b, M, on_infeasible="warn")
    assert not np.isfinite(float(value))


def test_on_infeasible_is_checked() -> None:
    with pytest.raises(ValueError, match="on_infeasible"):
        sparse_ot.emd([1.0], [1.0], [[1.0]], on_infeasible="ignore")  # type: ignore[arg-type]
