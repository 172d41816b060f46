"""Solves from and to a device: certified values, two crossings, device, stream and container."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.brute_force import cost_matrix
from support.certify import certify, certify_infeasible

import sparse_ot
from sparse_ot.result.ledger import TransferLedger

ROOT = Path(__file__).parents[2]
KINDS = ["coo_matrix", "csr_matrix", "csc_matrix"]


def problem(rng: Any, n: int, m: int) -> Any:
    X, Y = rng.random((n, 2)), rng.random((m, 2))
    a, b = rng.random(n) + 0.1, rng.random(m) + 0.1
    a, b = a / a.sum(), b / b.sum()
    return a, b, sp.coo_matrix(sparse_ot.knn_cost(X, Y, 6, feasible_for=(a, b)))


def fetched(solution: Any) -> Any:
    u, v = solution.potentials
    return solution.plan.get(), u.get(), v.get()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sparse_solve_is_proved_and_crosses_twice(rng, cupy, on_device, size, kind, dtype):
    import cupyx

    a, b, M = (x.astype(dtype) for x in problem(rng, size(3000), size(4000)))
    arguments = on_device(M, kind), cupy.asarray(a), cupy.asarray(b)
    page_locked, allocate = [], cupyx.empty_pinned

    def counted(shape: Any, dtype: Any) -> Any:
        page_locked.append(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return allocate(shape, dtype=dtype)

    with pytest.MonkeyPatch.context() as patch, sparse_ot.transfers() as crossed:
        patch.setattr(cupyx, "empty_pinned", counted)
        solution = sparse_ot.solve(*arguments)
    certify(a, b, M, fetched(solution))
    assert type(solution.plan) is type(arguments[0])
    assert solution.plan.dtype == solution.value.dtype == dtype
    assert crossed == solution.stats.crossings
    assert crossed == TransferLedger(1, 1, *page_locked)
    assert crossed.bytes_to_host <= 8 * sum(M.shape) + 24 * M.nnz + 2000
    assert crossed.bytes_to_device <= 8 * (sum(M.shape) + M.nnz) + 2000


def test_a_dense_solve(rng, cupy, size):
    M = rng.random((size(400), size(500)))
    solution = sparse_ot.solve(cupy.asarray(M))
    certify(None, None, M, fetched(solution))
    assert isinstance(solution.plan, cupy.ndarray)
    assert (solution.stats.crossings.to_host, solution.stats.crossings.to_device) == (1, 1)


def test_points_of_a_device(rng, cupy, size):
    X, Y = rng.random((size(300), 3)), rng.random((size(400), 3))
    cloud = sparse_ot.PointCloudCost(cupy.asarray(X), cupy.asarray(Y), "euclidean")
    certify(None, None, cost_matrix(X, Y, "euclidean"), fetched(sparse_ot.solve(cloud)))


def test_arrays_never_become_numpy_by_accident(cupy):
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(cupy.ones(2))


@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine"])
def test_costs_are_assembled_on_the_device(rng, cupy, size, metric):
    X, Y = rng.standard_normal((size(2000), 3)), rng.standard_normal((size(3000), 3))
    x, y = cupy.asarray(X), cupy.asarray(Y)
    with sparse_ot.transfers() as crossed:
        near = sparse_ot.knn_cost(x, y, 5, metric)
        within = sparse_ot.radius_cost(x, y, 0.01, metric)
        both = sparse_ot.union(near, within)
    assert crossed == TransferLedger()
    wanted = sparse_ot.union(
        sparse_ot.knn_cost(X, Y, 5, metric), sparse_ot.radius_cost(X, Y, 0.01, metric)
    )
    difference = abs(sp.csr_array(both.get()) - wanted)
    assert difference.max() < 1e-12
    assert both.nnz == wanted.nnz


def test_a_solve_waits_for_what_its_stream_has_yet_to_do(rng, cupy, on_device, size):
    """The costs are still being written, behind slow work, when the solve is asked for."""
    a, b, M = problem(rng, size(2000), size(2000))
    costs = on_device(M)
    wanted = float(sparse_ot.solve(M, a, b).value)
    masses = cupy.asarray(a), cupy.asarray(b)
    with cupy.cuda.Stream(non_blocking=True) as stream:
        slow = cupy.ones((size(4000), size(4000)), dtype=np.float32)
        zero = costs.data * 0
        for _ in range(5):
            slow = slow @ slow * np.float32(1e-6)
        costs.data[...] = costs.data * 3 + zero * slow[0, 0].astype(np.float64)
        solution = sparse_ot.solve(costs, *masses)
        value = float(solution.value)
    stream.synchronize()
    assert value == pytest.approx(3 * wanted, rel=1e-9)


def test_results_are_on_the_device_of_the_costs(rng, cupy, on_device):
    last = cupy.cuda.runtime.getDeviceCount() - 1
    a, b, M = problem(rng, 30, 40)
    with cupy.cuda.Device(last):
        arguments = on_device(M), cupy.asarray(a), cupy.asarray(b)
    solution = sparse_ot.solve(*arguments)
    assert {x.device.id for x in (solution.value, *solution.potentials)} == {last}
    assert solution.plan.data.device.id == last


def test_several_histograms_in_threads(rng, cupy, on_device, size):
    a, _, M = problem(rng, size(500), size(500))
    B = rng.random((M.shape[1], 6)) + 0.5
    dense = M.toarray() + 10.0 * (M.toarray() == 0)
    B *= a.sum() / B.sum(axis=0)
    values = sparse_ot.emd2(cupy.asarray(a), cupy.asarray(B), cupy.asarray(dense), numThreads=3)
    for value, column in zip(values, B.T, strict=True):
        assert float(value) == pytest.approx(float(sparse_ot.emd2(a, column, dense)), rel=1e-9)


def test_an_infeasible_graph_is_refused_with_its_proof(cupy, on_device):
    M = sp.coo_matrix(np.array([[1.0, 0.0], [1.0, 0.0]]))
    with pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.solve(on_device(M))
    certify_infeasible(None, None, M, caught.value.violation)


def test_two_libraries_in_one_call_are_refused(rng, cupy):
    with pytest.raises(sparse_ot.MixedBackendsError, match="numpy: a; cupy: M"):
        sparse_ot.solve(cupy.asarray(rng.random((2, 2))), np.asarray([0.5, 0.5]))


def test_the_example_runs(cupy):
    runpy.run_path(str(ROOT / "examples" / "cupy_pipeline.py"), run_name="__main__")


def test_the_doctor_finds_the_device_and_its_self_test_holds(cupy):
    from sparse_ot.cli.doctor import examine

    report = {finding.library: finding for finding in examine()}
    assert report["cupy"].devices
    assert all(test.passed for test in report["cupy"].self_tests)
