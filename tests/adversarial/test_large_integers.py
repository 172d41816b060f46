"""Integers that floats do not hold: the plan is right for the integers, or an error names one.

Every optimum is found again by going through all permutations, in Python's integers.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES, Library, numpy_library

import sparse_ot
from sparse_ot import InputError, Status

EAGER = [name for name in LIBRARIES if "jit" not in name]
"""Under a trace integers have no values, so the nearest floats are taken."""

FAR = 2**53


@pytest.fixture(params=EAGER)
def library(request: pytest.FixtureRequest) -> Any:
    with LIBRARIES[request.param].open() as found:
        yield found


@pytest.fixture(
    # Containers of cupyx hold floats only.
    params=[
        (name, kind) for name in EAGER if "cupy" not in name for kind in LIBRARIES[name].containers
    ],
    ids=lambda pair: "-".join(pair),
)
def sparse_library(request: pytest.FixtureRequest) -> Any:
    name, kind = request.param
    with LIBRARIES[name].open() as found:
        yield found, kind


def far(library: Library) -> int:
    """An integer from which on the library's floats have gaps."""
    return FAR if library.doubles else 2**24


def optimum(M: Any) -> int:
    """The least total of an assignment, in exact integers; None is no arc."""
    n = len(M)
    totals = [[M[i][p[i]] for i in range(n)] for p in permutations(range(n))]
    return min(sum(map(int, costs)) for costs in totals if None not in costs)


def check(library: Library, M: Any, solution: Any) -> None:
    """The plan is optimal for the integers M, the potentials and the value fit them."""
    plan = library.on_host(solution.plan)
    plan = plan if isinstance(plan, np.ndarray) else plan.toarray()
    n = len(M)
    assert solution.status is Status.OPTIMAL
    np.testing.assert_allclose(plan.sum(axis=0), np.full(n, 1 / n), rtol=1e-6)
    np.testing.assert_allclose(plan.sum(axis=1), np.full(n, 1 / n), rtol=1e-6)
    units = np.rint(plan * n).astype(int)
    total = sum(M[i][j] * int(units[i, j]) for i in range(n) for j in range(n) if units[i, j])
    assert total == optimum(M)
    eps = float(np.finfo(plan.dtype).eps)
    size = max(abs(cost) for row in M for cost in row if cost is not None)
    value = float(library.get(solution.value))
    assert abs(value - total / n) <= 8 * eps * size
    u, v = (library.get(x).astype(float) for x in solution.potentials)
    for i in range(n):
        for j in range(n):
            assert M[i][j] is None or u[i] + v[j] <= M[i][j] + 8 * eps * size
    assert abs(u.mean() - v.mean()) <= 8 * eps * size, "not centred"
    assert solution.certificate.holds()
    assert abs(solution.certificate.value - total / n) <= 8 * eps * size


def shifted(rng: np.random.Generator, rows: Any, cols: Any) -> list[list[int]]:
    """Small random costs, plus one integer for each source and one for each target."""
    small = rng.integers(0, 50, (len(rows), len(cols))).tolist()
    return [
        [c + r + s for c, s in zip(line, cols, strict=True)]
        for line, r in zip(small, rows, strict=True)
    ]


@pytest.mark.parametrize("sign", [1, -1])
def test_neighbours_are_told_apart(library: Library, sign: int) -> None:
    base = sign * far(library)
    for M in (
        [[base + sign, base], [base, base + sign]],
        [[base, base + sign], [base + sign, base]],
    ):
        check(library, M, sparse_ot.solve(library.put(np.array(M))))


@pytest.mark.parametrize("where", ["everywhere", "sources", "targets", "both"])
def test_offsets_of_sources_and_targets_are_exact(
    library: Library, rng: np.random.Generator, where: str
) -> None:
    base = far(library)
    zeros = [0] * 5
    some = [base + 1, 3 * base + 7, 5 * base + 2, -2 * base - 9, 17]
    rows = {"everywhere": [base + 3] * 5, "targets": zeros}.get(where, some)
    cols = some[::-1] if where in ("targets", "both") else zeros
    M = shifted(rng, rows, cols)
    check(library, M, sparse_ot.solve(library.put(np.array(M))))


def test_sparse_costs_too(sparse_library: Any, rng: np.random.Generator) -> None:
    library, kind = sparse_library
    base = far(library)
    M: list[list[Any]] = shifted(rng, [base + 1, 3 * base, 0, -base - 7], [0, base + 5, 1, 2])
    M[0][1] = M[2][3] = M[3][0] = None
    entries = [(i, j, M[i][j]) for i in range(4) for j in range(4) if M[i][j] is not None]
    rows, cols, costs = (np.array(x) for x in zip(*entries, strict=True))
    options = {"padding": 0} if kind == "BCOO" else {}
    container = library.containers[kind]((rows, cols, costs), (4, 4), **options)
    solution = sparse_ot.solve(container)
    check(library, M, solution)
    assert type(solution.plan) is type(container)


def test_parallel_arcs_keep_the_cheaper_one() -> None:
    costs = np.array([FAR + 3, FAR + 1, FAR, FAR, FAR + 2])
    M = sp.coo_array((costs, ([0, 0, 0, 1, 1], [0, 0, 1, 0, 1])), shape=(2, 2))
    plan = sparse_ot.solve(M).plan.toarray()
    np.testing.assert_array_equal(plan, [[0, 0.5], [0.5, 0]])


@pytest.mark.parametrize("base", [2**63, 2**64, 2**70, 10**30, -(2**70)])
def test_lists_of_any_integers(base: int) -> None:
    M = [[base + 1, base, base + 5], [base, base + 1, base + 4], [base + 3, base + 3, base]]
    library = numpy_library()
    check(library, M, sparse_ot.solve(M))


def test_a_forbidden_pair_among_integers_in_a_list() -> None:
    M: list[list[Any]] = [
        [FAR + 1, FAR, float("inf")],
        [FAR, FAR + 1, FAR + 3],
        [FAR, FAR + 3, FAR + 2],
    ]
    exact = [[None if c == float("inf") else c for c in row] for row in M]
    check(numpy_library(), exact, sparse_ot.solve(M))


def test_a_list_is_exact_in_single_precision() -> None:
    with LIBRARIES["jax"].open() as library:
        base = 2**40
        M = [[base + 1, base], [base, base + 1]]
        check(library, M, sparse_ot.solve(M, library.put(np.full(2, 0.5, np.float32))))


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_the_whole_range_of_a_type(dtype: Any) -> None:
    info = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    M = [[low, low + 1], [high, high]]
    check(numpy_library(), M, sparse_ot.solve(np.array(M, dtype)))


def test_large_integers_that_floats_hold_stay_as_they_are() -> None:
    M = np.array([[10**18, 10**18 + 2**10], [10**18 + 2**10, 10**18 + 2**62]])
    cost = sparse_ot.DenseCost(M)
    assert [int(x) for x in cost.matrix.flat] == M.ravel().tolist()
    assert cost.offsets is None


@pytest.mark.parametrize("function", ["emd", "emd2", "solve"])
def test_every_function_that_takes_costs(function: str) -> None:
    M = np.array([[FAR + 1, FAR], [FAR, FAR + 1]])
    half = [0.5, 0.5]
    if function == "emd":
        np.testing.assert_array_equal(sparse_ot.emd(half, half, M), [[0, 0.5], [0.5, 0]])
    elif function == "emd2":
        assert float(sparse_ot.emd2(half, half, M)) == FAR
    else:
        found: list[float] = []
        start = (np.full(2, FAR / 2), np.full(2, FAR / 2))
        sparse_ot.solve(M, progress=lambda *state: found.append(state[2]), potentials_init=start)
        assert found[-1] == FAR


def test_uneven_masses_and_potentials_that_are_not_centred() -> None:
    M = np.array([[FAR + 1, FAR], [2**60, 2**60 + 1]])
    a, b = np.array([0.25, 0.75]), np.array([0.75, 0.25])
    s = sparse_ot.solve(M, a, b, center_dual=False)
    np.testing.assert_array_equal(s.plan, [[0, 0.25], [0.75, 0]])
    expected = 0.25 * FAR + 0.75 * 2**60
    assert float(s.value) == expected
    assert abs(s.potentials[0] @ a + s.potentials[1] @ b - expected) <= 1e-15 * expected
    t = sparse_ot.solve(M, a, 2 * b, check_marginals=False)
    assert float(t.value) == expected


def test_a_graph_without_a_plan_is_refused_with_its_ray() -> None:
    M = sp.coo_array((np.array([FAR + 1, FAR]), ([0, 1], [0, 0])), shape=(2, 2))
    with pytest.raises(sparse_ot.InfeasibleError):
        sparse_ot.solve(M)
    with pytest.warns(Warning, match="No plan"):
        assert np.isnan(sparse_ot.emd([0.5, 0.5], [0.5, 0.5], M, on_infeasible="warn").data).all()


def test_masses_have_the_potentials_as_derivatives() -> None:
    jax = pytest.importorskip("jax")
    with LIBRARIES["jax-x64"].open() as library:
        M = library.put(np.array([[FAR + 1, FAR], [2**60, 2**60 + 1]]))
        a, b = (library.put(np.array(x)) for x in ([0.25, 0.75], [0.75, 0.25]))
        slopes = jax.grad(lambda a, b: sparse_ot.solve(M, a, b).value, argnums=(0, 1))(a, b)
        for slope, potential in zip(slopes, sparse_ot.solve(M, a, b).potentials, strict=True):
            np.testing.assert_array_equal(slope, potential)


@pytest.mark.parametrize("kind", ["matrix", "BCOO", "BCSR"])
def test_a_compiled_function_takes_the_nearest_floats(kind: str) -> None:
    jax = pytest.importorskip("jax")
    with LIBRARIES["jax-x64"].open() as library:
        M = np.array([[FAR + 8, FAR], [FAR + 4, FAR + 8]])
        rows, cols = np.indices(M.shape).reshape(2, -1)
        if kind == "matrix":
            costs = library.put(M)
        else:
            costs = library.containers[kind]((rows, cols, M.ravel()), (2, 2))
        half = library.put(np.full(2, 0.5))
        expected = FAR + 2
        assert float(jax.jit(lambda M: sparse_ot.solve(M).value)(costs)) == expected
        assert float(jax.jit(lambda a: sparse_ot.solve(costs, a).value)(half)) == expected
        if kind == "matrix":
            points = library.put(np.array([FAR, FAR + 2]))
            value = jax.jit(lambda x: sparse_ot.solve(sparse_ot.knn_cost(x, points, 2)).value)
            assert float(value(points)) == 0.0


REFUSED: dict[str, Any] = {
    "too far apart": ([[FAR + 1, 0], [0, 2**60 + 1]], r"M\[0, 0\] is 9007199254740993"),
    "fractions beside": ([[0.5, FAR + 1], [1, 2]], r"M\[0, 1\] is 9007199254740993"),
    "no float at all": ([[1, 2], [10**400, 3]], r"M\[1, 0\] is of \d+ binary digits"),
    "in a container": (
        sp.coo_array(np.array([[5, FAR + 1, 1], [1, 7, 2**60 + 1], [2**59 + 1, 9, 9]])),
        r"at \(0, 1\) is 9007199254740993",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_where_no_offset_helps_an_entry_and_a_remedy_are_named(name: str) -> None:
    M, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as error:
        sparse_ot.solve(M)
    assert "Subtract" in str(error.value)


def test_models_made_by_hand_take_no_offsets() -> None:
    M = np.array([[FAR + 1, FAR], [FAR, FAR + 1]])
    for make in (sparse_ot.DenseCost, lambda M: sparse_ot.SparseCost(sp.csr_array(M))):
        with pytest.raises(InputError, match="9007199254740993"):
            make(M)
    with pytest.raises(InputError, match="9007199254740993"):
        sparse_ot.union(sp.csr_array(M))


def test_padding_beside_large_integers_is_refused() -> None:
    with LIBRARIES["jax"].open() as library:
        entries = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([2**24 + 1, 2**24, 2**24])
        with pytest.raises(InputError, match="padded"):
            sparse_ot.solve(library.containers["BCOO"](entries, (2, 2)))


METRICS = ["sqeuclidean", "euclidean", "cityblock", "chebyshev", ("minkowski", 3)]


@pytest.mark.parametrize("metric", METRICS, ids=str)
def test_time_stamps_are_told_apart(library: Library, metric: Any) -> None:
    base = far(library) + 1
    near_x, near_y = np.array([[0, 9], [4, 2], [7, 7]]), np.array([[1, 8], [5, 5], [8, 0]])
    far_x, far_y = (
        library.put(points + np.array([base, -3 * base])) for points in (near_x, near_y)
    )
    expected = sparse_ot.solve_sample(near_x, near_y, metric=metric)
    found = sparse_ot.solve_sample(far_x, far_y, metric=metric)
    np.testing.assert_array_equal(
        library.on_host(found.plan).toarray() > 0, expected.plan.toarray() > 0
    )
    np.testing.assert_allclose(float(library.get(found.value)), float(expected.value), rtol=1e-6)
    np.testing.assert_allclose(
        library.get(sparse_ot.PointCloudCost(far_x, far_y, metric).matrix()),
        sparse_ot.PointCloudCost(near_x, near_y, metric).matrix(),
        rtol=1e-6,
    )


def test_lists_of_time_stamps() -> None:
    X, Y = [FAR + 1, FAR + 3], [FAR + 1, FAR + 4]
    s = sparse_ot.solve_sample(X, Y, metric="cityblock")
    assert float(s.value) == 0.5
    graph = sparse_ot.knn_cost(X, Y, 1, "cityblock", feasible_for=(None, None))
    missing = sparse_ot.dense_gap(sparse_ot.solve(graph), X, Y, metric="cityblock", tol=0.0)
    assert missing.value == missing.lower_bound == 0.5


POINTS: dict[str, Any] = {
    "cosine": ([[FAR + 1, 1], [3, 4]], [[1, 2], [3, 5]], "cosine"),
    "a function": ([[FAR + 1, 1]], [[1, 2]], lambda x, y: abs(x - y).sum(axis=-1)),
    "a wide cloud": ([[0, 1], [FAR + 1, 4]], [[1, 2], [2**60 + 1, 5]], "euclidean"),
    "floats beside": ([[FAR + 1, 1]], [[0.5, 2]], "euclidean"),
    "floats among": ([[FAR + 1, 0.5]], [[1, 2]], "euclidean"),
    "two types": (np.array([[2**63 + 1]], np.uint64), np.array([[2**62 + 1]]), "euclidean"),
    "beyond 64 bits": ([[2**70 + 1, 1]], [[2**70, 2]], "euclidean"),
}


@pytest.mark.parametrize("name", POINTS)
def test_points_that_no_origin_helps_are_refused(name: str) -> None:
    X, Y, metric = POINTS[name]
    with pytest.raises(InputError, match=r"[XY]\[\d, \d\] is \d+, which float64 does not hold"):
        sparse_ot.solve_sample(X, Y, metric=metric)


@pytest.mark.skipif(
    np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="has no extended precision"
)
def test_extended_precision_is_rounded_but_its_integers_are_not() -> None:
    tenth = np.array([["0.1", "0.2"], ["0.3", "0.1"]], np.longdouble)
    assert float(sparse_ot.solve(tenth).value) == 0.1
    for number in (FAR + 1, np.longdouble("1e400")):
        M = np.array([[number, 1], [1, 2]], np.longdouble)
        with pytest.raises(InputError, match=r"entry at \(0, 0\)"):
            sparse_ot.solve(M)
        with pytest.raises(InputError, match=r"entry at \(0, 0\)"):
            sparse_ot.solve_sample(M, M)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int32, np.uint32, np.float16])
def test_narrow_types_are_exact(dtype: Any) -> None:
    M = np.array([[1, 0], [0, 1]], dtype)
    s = sparse_ot.solve(M)
    assert float(s.value) == 0.0
    np.testing.assert_array_equal(s.plan, [[0, 0.5], [0.5, 0]])
