"""The CuPy backend on the stand-in: what crosses, where results live, in which containers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.brute_force import cost_matrix
from support.brute_force import nearest as nearest_in
from support.certify import certify, certify_infeasible
from support.metrics import EVERY_METRIC
from support.standin import fakecupy, raw_module

import sparse_ot
from sparse_ot.backends.protocol import ArraySpec, CooParts
from sparse_ot.backends.registry import get_backend, load_backend
from sparse_ot.result.ledger import TransferLedger

KINDS = ["coo_matrix", "csr_matrix", "csc_matrix", "coo_array", "csr_array", "csc_array"]

needs_compiler = pytest.mark.skipif(
    raw_module.COMPILER is None, reason="no C++ compiler (g++): kernels cannot run on the CPU"
)


def problem(rng, n=30, m=40, k=6):
    """A feasible sparse problem in SciPy, with a stored zero."""
    X, Y = rng.random((n, 2)), rng.random((m, 2))
    Y[0] = X[0]
    a, b = rng.random(n) + 0.1, rng.random(m) + 0.1
    a, b = a / a.sum(), b / b.sum()
    return a, b, sp.coo_matrix(sparse_ot.knn_cost(X, Y, k, feasible_for=(a, b)))


def on_device(cupy, M, kind="coo_matrix"):
    """A SciPy matrix as a container on the current device, entry by entry."""
    import cupyx.scipy.sparse as cupy_sparse

    M = M.asformat(kind[:3])
    if kind.startswith("coo"):
        parts = cupy.asarray(M.data), (cupy.asarray(M.row), cupy.asarray(M.col))
    else:
        parts = tuple(cupy.asarray(x) for x in (M.data, M.indices, M.indptr))
    return getattr(cupy_sparse, kind)(parts, shape=M.shape)


def fetched(solution):
    u, v = solution.potentials
    return solution.plan.get(), u.get(), v.get()


# -- the door ----------------------------------------------------------------------------------


def test_a_sparse_solve_crosses_once_each_way_with_its_arcs(rng, cupy):
    a, b, M = problem(rng, 300, 400)
    arguments = on_device(cupy, M), cupy.asarray(a), cupy.asarray(b)
    fakecupy.log.clear()
    solution = sparse_ot.solve(*arguments)
    log, crossed = fakecupy.log, solution.stats.crossings
    assert [copy.direction for copy in log.copies] == ["to host", "to device"]
    assert all(copy.pinned for copy in log.copies)
    assert crossed == TransferLedger(1, 1, log.nbytes("to host"), log.nbytes("to device"))
    nodes, arcs, padding = sum(M.shape), M.nnz, 256
    assert crossed.bytes_to_host <= 8 * nodes + 16 * arcs + 5 * padding  # int32, int32, float64
    assert crossed.bytes_to_device <= 8 * (nodes + arcs + 1) + 4 * padding
    assert log.waits == 2, "CuPy asks how many entries of the plan are not zero, and their range"
    certify(a, b, M, fetched(solution))


def test_a_dense_solve_crosses_once_each_way(rng, cupy):
    M = rng.random((8, 9))
    device_M = cupy.asarray(M)
    fakecupy.log.clear()
    solution = sparse_ot.solve(device_M)
    assert [copy.direction for copy in fakecupy.log.copies] == ["to host", "to device"]
    assert isinstance(solution.plan, cupy.ndarray)
    assert isinstance(solution.value, cupy.ndarray)
    assert solution.value.shape == ()
    certify(None, None, M, fetched(solution))


def test_the_door_is_on_the_current_stream(rng, cupy):
    a, b, M = problem(rng)
    M, a, b = on_device(cupy, M), cupy.asarray(a), cupy.asarray(b)
    fakecupy.log.clear()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        sparse_ot.solve(M, a, b)
    assert {copy.stream for copy in fakecupy.log.copies} == {stream}


def test_threads_work_on_the_stream_and_device_of_their_caller(rng, cupy):
    _, _, M = problem(rng, 12, 12)
    with cupy.cuda.Device(1), cupy.cuda.Stream() as stream:
        M = on_device(cupy, M)
        columns = cupy.ones((12, 3)) / 12
        fakecupy.log.clear()
        values = sparse_ot.emd2(None, columns, M, numThreads=3)
    assert {(copy.stream, copy.device) for copy in fakecupy.log.copies} == {(stream, 1)}
    assert {value.device.id for value in values} == {1}


def test_every_array_arrives_as_it_is(rng, cupy):
    backend = load_backend("cupy")
    arrays = [
        rng.random((3, 4)),
        rng.random((5, 6)).T[::2],
        np.arange(7, dtype=np.int32),
        np.asarray(2.5, np.float32),
        np.asarray([True, False, True]),
        np.empty((0, 3)),
    ]
    device = [cupy.asarray(x) for x in arrays]
    device[1] = cupy.asarray(arrays[1].base)[:].T[::2]
    out = [ArraySpec(x.shape, x.dtype.name) for x in arrays]
    ledger = TransferLedger()

    def same(*hosts):
        for host, x in zip(hosts, arrays, strict=True):
            assert type(host) is np.ndarray
            np.testing.assert_array_equal(host, x)
            assert host.dtype == x.dtype
        return hosts

    fakecupy.log.clear()
    for back, x in zip(
        backend.host_call(same, *device, out=out, ledger=ledger), arrays, strict=True
    ):
        assert isinstance(back, cupy.ndarray)
        assert back.dtype == x.dtype
        assert back._values.base is None, "results do not keep each other's memory"
        np.testing.assert_array_equal(back._values, x)
    assert len(fakecupy.log.copies) == 2


def test_results_for_the_host_do_not_cross(cupy):
    backend, ledger = load_backend("cupy"), TransferLedger()
    out = [ArraySpec((2,), "float64", on_host=True)]
    fakecupy.log.clear()
    (kept,) = backend.host_call(lambda x: (x,), cupy.ones(2), out=out, ledger=ledger)
    assert type(kept) is np.ndarray
    assert (ledger.to_host, ledger.to_device) == (1, 0)
    assert fakecupy.log.count("to device") == 0


def test_results_come_in_the_dtype_that_was_promised(cupy):
    backend = load_backend("cupy")
    out = [ArraySpec((2,), "float32")]
    (x,) = backend.host_call(lambda x: (x,), cupy.ones(2), out=out, ledger=TransferLedger())
    assert x.dtype == np.float32


# -- devices -----------------------------------------------------------------------------------


@pytest.mark.parametrize("current", [0, 1])
def test_a_solve_stays_on_the_device_of_its_arrays(rng, cupy, current):
    a, b, M = problem(rng)
    with cupy.cuda.Device(1):
        arguments = on_device(cupy, M, "csr_matrix"), cupy.asarray(a), cupy.asarray(b)
        uniform = on_device(cupy, sp.coo_matrix(rng.random((3, 3))))
    with cupy.cuda.Device(current):
        solution = sparse_ot.solve(*arguments)
        without_masses = sparse_ot.solve(uniform)
    for x in (solution.value, *solution.potentials, without_masses.value):
        assert x.device.id == 1
    assert {copy.device for copy in fakecupy.log.copies} == {1}
    with cupy.cuda.Device(1):
        certify(a, b, M, fetched(solution))


@needs_compiler
def test_clouds_and_graphs_stay_on_the_device_of_their_points(rng, cupy):
    X, Y = rng.random((60, 3)), rng.random((70, 3))
    with cupy.cuda.Device(1):
        x, y = cupy.asarray(X), cupy.asarray(Y)
    near = sparse_ot.knn_cost(x, y, 3, feasible_for=(None, None))
    graph = sparse_ot.union(near, sparse_ot.radius_cost(x, y, 0.1))
    answers = [
        sparse_ot.solve(graph),
        sparse_ot.solve(sparse_ot.PointCloudCost(x, y)),
        sparse_ot.solve_sample(x, y),
    ]
    for solution in answers:
        assert {v.device.id for v in (solution.value, *solution.potentials)} == {1}
    assert float(answers[1].value) == pytest.approx(float(answers[2].value), rel=1e-9)


def test_two_devices_in_one_call_are_refused(rng, cupy):
    M = cupy.asarray(rng.random((2, 2)))
    with cupy.cuda.Device(1):
        a = cupy.ones(2) / 2
    with pytest.raises(sparse_ot.BackendError, match=r"devices \[0, 1\].*cupy.asarray"):
        sparse_ot.solve(M, a)


def test_lists_of_numbers_join_the_device_of_the_costs(rng, cupy):
    solution = sparse_ot.solve(cupy.asarray(rng.random((2, 2))), [0.25, 0.75], [0.5, 0.5])
    assert isinstance(solution.potentials[0], cupy.ndarray)


def test_two_libraries_in_one_call_are_refused(rng, cupy):
    with pytest.raises(sparse_ot.MixedBackendsError, match="numpy: a; cupy: M"):
        sparse_ot.solve(cupy.asarray(rng.random((2, 2))), np.asarray([0.5, 0.5]))


# -- containers --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_comes_in_the_container_of_the_costs(rng, cupy, kind):
    a, b, M = problem(rng)
    M.data = np.where(M.data < 0.005, 0.0, M.data)  # stored zeros are arcs
    solution = sparse_ot.solve(on_device(cupy, M, kind), cupy.asarray(a), cupy.asarray(b))
    assert type(solution.plan).__name__ == kind
    certify(a, b, M, fetched(solution))
    assert solution.plan.nnz < M.nnz
    np.testing.assert_allclose(solution.marginals[0].get(), a)


@pytest.mark.parametrize("kind", KINDS)
def test_entries_are_read_in_stored_order_with_zeros_and_duplicates(cupy, kind):
    entries: Any = [5.0, 0.0, 3.0, 2.0], ([1, 0, 1, 1], [0, 2, 2, 0])
    if kind.startswith("coo"):
        M = sp.coo_matrix(entries, shape=(2, 3))
    else:
        pointers = [0, 1, 4] if kind.startswith("csr") else [0, 2, 2, 4]
        M = getattr(sp, f"{kind[:3]}_matrix")(
            ([0.0, 5.0, 3.0, 2.0], [2, 0, 2, 0] if kind[:3] == "csr" else [1, 1, 0, 1], pointers),
            shape=(2, 3),
        )
    container = on_device(cupy, M, kind)
    fakecupy.log.clear()
    found = load_backend("cupy").coo_parts(container)
    wanted = load_backend("numpy").coo_parts(M)
    for x, y in zip(found[:3], wanted[:3], strict=True):
        np.testing.assert_array_equal(x.get(), y)
    assert found.shape == wanted.shape
    assert fakecupy.log.waits == 0


def test_parts_give_parts(rng, cupy):
    a, b, M = problem(rng)
    parts = CooParts(*(cupy.asarray(x) for x in (M.row, M.col, M.data)), M.shape)  # type: ignore[call-arg]
    solution = sparse_ot.solve(parts, cupy.asarray(a), cupy.asarray(b))
    assert isinstance(solution.plan, CooParts)
    assert (solution.plan.values.get() > 0).all()


def test_other_formats_are_refused_with_a_remedy(cupy):
    import cupyx.scipy.sparse as cupy_sparse

    M = cupy_sparse.dia_matrix(cupy_sparse.csr_matrix(sp.csr_matrix(np.eye(2))))
    with pytest.raises(sparse_ot.UnsupportedArrayError, match=r"M: Found a dia_matrix.*tocsr"):
        sparse_ot.solve(M)


def test_single_precision_stays_single(rng, cupy):
    a, b, M = problem(rng)
    arguments = (x.astype(np.float32) for x in (M, a, b))
    M, a, b = arguments
    solution = sparse_ot.solve(on_device(cupy, M), cupy.asarray(a), cupy.asarray(b))
    assert solution.plan.dtype == solution.value.dtype == np.float32
    certify(a, b, M, fetched(solution))


def test_an_infeasible_graph_is_refused_with_its_proof(cupy):
    M = sp.coo_matrix(np.array([[1.0, 0.0], [1.0, 0.0]]))
    with pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.solve(on_device(cupy, M))
    certify_infeasible(None, None, M, caught.value.violation)


def test_a_fault_names_its_place(cupy):
    M = sp.coo_matrix(np.diag([1.0, np.nan]))
    with pytest.raises(sparse_ot.NonFiniteError, match=r"\(1, 1\) is nan"):
        sparse_ot.solve(on_device(cupy, M))


# -- sparse costs ------------------------------------------------------------------------------


@needs_compiler
@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_costs_are_assembled_without_a_crossing(rng, cupy, metric):
    X, Y = rng.standard_normal((40, 3)), rng.standard_normal((50, 3))
    device_X, device_Y = cupy.asarray(X), cupy.asarray(Y)
    fakecupy.log.clear()
    near = sparse_ot.knn_cost(device_X, device_Y, 4, metric)
    within = sparse_ot.radius_cost(device_X, device_Y, 0.3, metric)
    both = sparse_ot.union(near, within)
    assert not fakecupy.log.copies
    assert type(both).__name__ == "csr_matrix"
    wanted = sparse_ot.union(
        sparse_ot.knn_cost(X, Y, 4, metric), sparse_ot.radius_cost(X, Y, 0.3, metric)
    )
    np.testing.assert_allclose(both.get().toarray(), wanted.toarray(), rtol=1e-12, atol=1e-15)
    assert both.nnz == wanted.nnz


@needs_compiler
def test_a_feasible_graph_costs_one_crossing(rng, cupy):
    X, Y = rng.random((40, 2)), rng.random((50, 2))
    device_X, device_Y = cupy.asarray(X), cupy.asarray(Y)
    with sparse_ot.transfers() as crossed:
        M = sparse_ot.knn_cost(device_X, device_Y, 3, feasible_for=(None, None))
        assert (crossed.to_host, crossed.to_device) == (1, 1)
        solution = sparse_ot.solve(M)
    assert (crossed.to_host, crossed.to_device) == (2, 2)
    assert crossed.bytes_to_host > solution.stats.crossings.bytes_to_host
    certify(None, None, M.get(), fetched(solution))


@needs_compiler
def test_points_are_solved_over_all_pairs(rng, cupy):
    X, Y = rng.random((20, 3)), rng.random((25, 3))
    cloud = sparse_ot.PointCloudCost(cupy.asarray(X), cupy.asarray(Y), "euclidean")
    solution = sparse_ot.solve(cloud)
    certify(None, None, cost_matrix(X, Y, "euclidean"), fetched(solution))


# -- searches beyond the kernels ---------------------------------------------------------------


def test_long_lists_and_functions_take_the_tiled_path(rng, cupy, monkeypatch):
    from sparse_ot.backends.cupy import kernels as cupy_kernels

    def unexpected(*_):
        msg = "a kernel was launched"
        raise AssertionError(msg)

    monkeypatch.setattr(cupy_kernels, "_kernel", unexpected)
    backend = load_backend("cupy")
    X, Y = rng.random((6, 3)), rng.random((90, 3))
    x, y, v = cupy.asarray(X), cupy.asarray(Y), cupy.zeros(90)
    costs = cost_matrix(X, Y, "cityblock")

    def cityblock(x, y):
        return abs(x - y).sum(axis=-1)

    fakecupy.log.clear()
    for metric, k in (("cityblock", 65), (cityblock, 5)):
        found = backend.knn(x, y, k, metric)
        priced = backend.price(x, y, cupy.ones(6), v, metric, k)
        rows = cupy.arange(6)
        arcs = backend.arc_costs(x, y, rows, rows, cityblock)
        assert not fakecupy.log.copies
        np.testing.assert_array_equal(found.indices._values, nearest_in(costs, k))
        np.testing.assert_allclose(priced.row_minima._values, costs.min(axis=1))
        np.testing.assert_allclose(arcs._values, costs[np.arange(6), np.arange(6)])
    x32 = cupy.asarray(X.astype(np.float32))
    assert backend.knn(x32, y, 3, "cityblock").costs.dtype == np.float64


@needs_compiler
def test_the_backend_launches_kernels_where_they_reach(rng, cupy, monkeypatch):
    from sparse_ot.backends.generic import tiled_search as agnostic

    monkeypatch.setattr(agnostic, "knn", None)
    monkeypatch.setattr(agnostic, "price", None)
    monkeypatch.setattr(agnostic, "arc_costs", None)
    backend = load_backend("cupy")
    with cupy.cuda.Device(1):
        x, y = cupy.asarray(rng.random((6, 3))), cupy.asarray(rng.random((90, 3)))
        u, v, rows = cupy.ones(6), cupy.zeros(90), cupy.arange(6)
    found = backend.knn(x, y, 64, "cosine", v)
    priced = backend.price(x, y, u, v, "euclidean", 64)
    costs = backend.arc_costs(x, y, rows, rows, "chebyshev")
    assert {array.device.id for array in (*found, *priced, costs)} == {1}


def test_it_is_recognised_by_its_arrays(cupy):
    import cupyx.scipy.sparse as cupy_sparse

    M = cupy_sparse.csr_matrix(sp.csr_matrix(np.eye(2)))
    assert get_backend(cupy.ones(2), M) is load_backend("cupy")
    assert get_backend([cupy.ones(1), 2.0]).name == "cupy"
