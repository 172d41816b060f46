"""Any object with the protocol of a cost model can be solved over all its pairs."""

from __future__ import annotations

from typing import Any

import array_api_strict
import numpy as np
import pytest
from support.certify import certify, certify_infeasible

import sparse_ot
from sparse_ot import DenseCost
from sparse_ot.backends.protocol import Pricing
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.model import Arcs
from sparse_ot.problem.problem import Problem
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.limits import Limits


class MatrixOnRequest:
    """A cost model written from the protocol alone; +inf forbids a pair."""

    scope = "dense"

    def __init__(self, M: Any) -> None:
        self.M = np.asarray(M, float)
        self.shape = self.M.shape
        self.backend = get_backend(self.M)
        self.like = self.M
        self.priced = 0

    def arc_at(self, index: int) -> tuple[int, int]:
        row, col = divmod(index, self.shape[1])
        return row, col

    def candidate_arcs(self, per_point: int, potentials: Any = None) -> Arcs:
        rows = np.arange(self.shape[0])
        cols = self.M.argmin(axis=1)
        return Arcs(rows, cols, self.M[rows, cols])

    def arc_costs(self, rows: Any, cols: Any) -> Any:
        return self.M[rows, cols]

    def price(self, u: Any, v: Any, per_point: int) -> Pricing:
        self.priced += 1
        reduced = self.M - v
        cols = np.argsort(reduced, axis=1, kind="stable")[:, :per_point]
        rows = np.repeat(np.arange(self.shape[0]), cols.shape[1])
        cols = cols.ravel()
        negative = reduced[rows, cols] - u[rows] < 0
        rows, cols = rows[negative], cols[negative]
        return Pricing(rows, cols, self.M[rows, cols], reduced.min(axis=1))


def masked(rng: np.random.Generator, n: int, m: int, share: float) -> tuple[Any, Any, Any]:
    """Random costs, most pairs forbidden, feasible along a random permutation of blocks."""
    a, b = rng.integers(1, 9, n).astype(float), rng.integers(1, 9, m).astype(float)
    b[-1] += max(0.0, a.sum() - b.sum())
    a[-1] += max(0.0, b.sum() - a.sum())
    M = rng.random((n, m))
    M[rng.random((n, m)) < share] = np.inf
    order_a, order_b = rng.permutation(n), rng.permutation(m)
    i = j = 0
    left_a, left_b = a[order_a].copy(), b[order_b].copy()
    while i < n and j < m:
        M[order_a[i], order_b[j]] = rng.random() * 10
        moved = min(left_a[i], left_b[j])
        left_a[i] -= moved
        left_b[j] -= moved
        i, j = i + (left_a[i] == 0), j + (left_b[j] == 0)
    return M, a, b


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("seed", range(5))
def test_forbidden_pairs_are_never_used_and_a_plan_is_found(share: float, seed: int) -> None:
    M, a, b = masked(np.random.default_rng(seed), 60, 45, share)
    model = MatrixOnRequest(M)
    solution = sparse_ot.solve(model, a, b)
    assert solution.status is sparse_ot.Status.OPTIMAL
    assert model.priced >= solution.stats.rounds
    certify(a, b, M, solution)
    assert float(solution.value) == pytest.approx(float(sparse_ot.solve(M, a, b).value), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_the_way_out_of_a_starved_start_is_found_whatever_it_costs(scale: float) -> None:
    # The cheap pairs join everybody to target 0; the one plan there is goes along the diagonal.
    n = 30
    M = np.full((n, n), np.inf)
    M[:, 0] = 1.0
    order = np.random.default_rng(2).permutation(n - 1) + 1
    M[np.arange(1, n), order] = scale
    solution = sparse_ot.solve(MatrixOnRequest(M))
    certify(None, None, M, solution)


def test_an_infeasible_cost_model_is_proved_so() -> None:
    M = np.random.default_rng(0).random((20, 20))
    M[:8, 3:] = np.inf
    with pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.solve(MatrixOnRequest(M))
    certify_infeasible(None, None, M, caught.value.violation)


def test_costs_of_any_sign_and_size() -> None:
    rng = np.random.default_rng(4)
    M = rng.normal(size=(80, 70)) * 10.0 ** rng.uniform(-6, 6, (80, 70))
    certify(None, None, M, sparse_ot.solve(MatrixOnRequest(M)))


def test_emd_takes_a_cost_model() -> None:
    M = np.random.default_rng(1).random((12, 9))
    plan, log = sparse_ot.emd(None, None, MatrixOnRequest(M), log=True)
    assert log["result_code"] == 1
    assert float(log["cost"]) == pytest.approx(float(sparse_ot.emd2(None, None, M)), rel=1e-12)
    assert plan.shape == (12, 9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_matrix_is_solved_by_its_few_entries(dtype: type) -> None:
    rng = np.random.default_rng(7)
    M: np.ndarray = rng.random((120, 150)).astype(dtype)
    solution = solve_by_columns(Problem.parse(DenseCost(M), None, None))
    assert solution.plan.shape == M.shape
    assert solution.plan.dtype == dtype
    assert solution.stats.arcs < M.size / 2
    expected = sparse_ot.solve(M)
    assert float(solution.value) == pytest.approx(float(expected.value), rel=1e-6)
    if dtype is np.float64:
        certify(None, None, M, solution)


def strict(x: Any, device: str = "device1") -> Any:
    return array_api_strict.asarray(x, device=array_api_strict.Device(device))


def to_numpy(x: Any) -> Any:
    return np.asarray(x.to_device(array_api_strict.Device("CPU_DEVICE")))


def test_a_matrix_on_a_device_sends_few_entries_to_the_host() -> None:
    n, m = 300, 250
    M = np.random.default_rng(8).random((n, m))
    solution = solve_by_columns(Problem.parse(DenseCost(strict(M)), None, None))
    u, v = (to_numpy(x) for x in solution.potentials)
    certify(None, None, M, (to_numpy(solution.plan), u, v))
    assert str(solution.plan.device) == str(strict([0.0]).device)
    ledger, rounds = solution.stats.crossings, solution.stats.rounds
    # One crossing each way a round. Besides, masses and first arcs to the host; and the first plan,
    # the first potentials and the answer to the device.
    assert ledger.to_host == rounds + 2
    assert ledger.to_device == rounds + 3
    assert ledger.bytes_to_host < 8 * n * m


def test_points_on_a_device_stay_there() -> None:
    n, m = 400, 380
    rng = np.random.default_rng(9)
    X, Y = rng.random((n, 2)), rng.random((m, 2))
    solution = sparse_ot.solve_sample(strict(X), strict(Y))
    M = ((X[:, None] - Y[None]) ** 2).sum(-1)
    assert float(solution.value) == pytest.approx(float(sparse_ot.emd2(None, None, M)), rel=1e-12)
    assert solution.stats.crossings.bytes_to_host < 8 * n * m
    assert str(solution.potentials[0].device) == str(strict([0.0]).device)


def test_limits_hold_for_any_cost_model() -> None:
    M, a, b = masked(np.random.default_rng(0), 200, 180, 0.3)
    problem = Problem.parse(MatrixOnRequest(M), a, b)
    stopped = solve_by_columns(problem, limits=Limits(arcs=379))
    assert stopped.status is sparse_ot.Status.MEMORY_LIMIT
    assert stopped.stats.arcs <= 1200
    close = solve_by_columns(problem, limits=Limits(tol=0.1))
    assert close.status is sparse_ot.Status.GAP_REACHED
    exact = solve_by_columns(problem)
    assert close.certificate.lower_bound <= exact.value <= close.value <= 1.12 * exact.value
