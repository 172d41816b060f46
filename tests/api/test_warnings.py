"""Warnings name the caller's line, whichever function, however many histograms and threads."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify_infeasible

import sparse_ot
from sparse_ot import DenseCost, PointCloudCost, Status
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.problem.problem import Problem
from sparse_ot.solvers.column_generation import driver
from sparse_ot.solvers.column_generation import restricted_problem as restricted

RNG = np.random.default_rng(0)
A, B = np.full(60, 1 / 60), np.full(50, 1 / 50)
M = RNG.random((60, 50))
CLOUD = PointCloudCost(RNG.random((60, 2)), RNG.random((50, 2)))
NOWHERE = PointCloudCost(CLOUD.x, CLOUD.y, lambda x, y: np.full(len(x), np.inf))


def forbidding(M: Any) -> Any:
    M = M.copy()
    M[3] = np.inf
    return M


# what: (costs, options, words of the warning)
SHORT: dict[str, tuple[Any, dict[str, Any], str]] = {
    "infeasible matrix": (forbidding(M), {"on_infeasible": "warn"}, "an entry of"),
    "infeasible graph": (
        sp.csr_array(np.where(np.isinf(forbidding(M)), 0, M)),
        {"on_infeasible": "warn"},
        "feasible_for",
    ),
    "infeasible cloud": (NOWHERE, {"on_infeasible": "warn"}, r"a cost of \+inf"),
    "few pivots on a matrix": (M, {"numItermax": 2}, "numItermax reached"),
    "few pivots on a graph": (sp.csr_array(M), {"numItermax": 2}, "numItermax reached"),
    "few pivots on a cloud": (CLOUD, {"numItermax": 1}, "numItermax reached"),
}

CALLS: dict[str, tuple[int, Callable[[Any, dict[str, Any]], Any]]] = {
    "emd": (1, lambda cost, options: sparse_ot.emd(A, B, cost, **options)),
    "emd2": (1, lambda cost, options: sparse_ot.emd2(A, B, cost, **options)),
    "emd2 of columns": (
        3,
        lambda cost, options: sparse_ot.emd2(A, np.stack([B] * 3, axis=1), cost, **options),
    ),
    "emd2 in threads": (
        3,
        lambda cost, options: sparse_ot.emd2(
            A, np.stack([B] * 3, axis=1), cost, processes=2, **options
        ),
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("what", SHORT)
def test_a_warning_names_the_line_that_called(what: str, call: str) -> None:
    cost, options, words = SHORT[what]
    count, function = CALLS[call]
    with pytest.warns(UserWarning, match=words) as caught:
        function(cost, options)
    assert len(caught) == count
    lines, first = inspect.getsourcelines(function)
    for warning in caught:
        assert warning.filename == __file__
        assert first <= warning.lineno < first + len(lines)


def test_every_histogram_gets_its_own_answer_in_warn_mode() -> None:
    far = np.zeros((50, 2))
    far[:, 0] = B
    far[0, 1] = 1.0  # more than the sources that reach target 0 hold
    cost = M.copy()
    cost[30:, 0] = np.inf
    with pytest.warns(UserWarning, match="source") as caught:
        pairs = sparse_ot.emd2(A, far, cost, log=True, on_infeasible="warn")
    assert len(caught) == 1
    assert [log["result_code"] for _, log in pairs] == [1, 0]
    assert np.isfinite(pairs[0][0])
    assert np.isnan(pairs[1][0])
    assert pairs[1][1]["warning"] == Status.INFEASIBLE.remedy


def count_calls(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[str]:
    calls: list[str] = []
    original = getattr(owner, name)

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, counted)
    return calls


@pytest.mark.parametrize("n", [40, 3000])
def test_a_cloud_without_a_plan_is_asked_once_and_never_a_matrix(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(x: Any, y: Any) -> Any:
        return np.full(len(x), np.inf)

    rng = np.random.default_rng(1)
    cloud = PointCloudCost(rng.random((n, 2)), rng.random((n, 2)), never)
    matrices = count_calls(monkeypatch, PointCloudCost, "matrix")
    solves = count_calls(monkeypatch, driver, "open_problem")
    starts = count_calls(monkeypatch, restricted, "LiveBasis")
    with pytest.warns(UserWarning, match=r"a cost of \+inf forbids one"):
        plan, log = sparse_ot.emd(None, None, cloud, log=True, on_infeasible="warn")
    assert (len(matrices), len(solves), len(starts)) == (0, 1, 1)
    assert plan.nnz == n
    assert np.isnan(np.asarray(plan.sum(axis=1))).all()
    assert np.isnan(log["cost"])
    assert log["result_code"] == 0
    u, v = log["u"], log["v"]  # the dual ray: it proves that there is no plan
    assert (u[:, None] + v[None, :20]).max() <= 1.0
    assert float(u.mean() + v.mean()) > 0
    with pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.solve(cloud)
    if n < 100:
        certify_infeasible(None, None, np.full((n, n), np.inf), caught.value.violation)


def test_a_matrix_that_is_priced_is_all_nan_without_a_plan() -> None:
    cost = DenseCost(forbidding(RNG.random((90, 80))))
    problem = Problem.parse(cost, None, None)
    found: list[Any] = []
    solution = driver.solve_by_columns(problem, on_infeasible=lambda *x: found.append(x))
    assert solution.status is Status.INFEASIBLE
    assert np.isnan(solution.plan).all()
    assert np.isnan(solution.value)
    assert not solution.certificate.holds()
    ((violation, asked),) = found
    assert asked is cost
    certify_infeasible(None, None, cost.matrix, violation)


@pytest.mark.parametrize("processes", [1, 2])
def test_costs_are_parsed_once_for_all_histograms(
    processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = sp.csr_array(M)
    parsed = count_calls(monkeypatch, SparseCost, "__init__")
    values = sparse_ot.emd2(A, np.stack([B] * 5, axis=1), graph, processes=processes)
    assert len(values) == 5
    assert parsed == ["__init__"]


def test_points_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y = RNG.random((500, 3)), RNG.random((400, 3))
    looks: list[tuple[int, ...]] = []
    original = np.isfinite

    def watched(x: Any, *arguments: Any, **options: Any) -> Any:
        if getattr(x, "ndim", 0) == 2 and x.shape[1] == 3:
            looks.append(x.shape)
        return original(x, *arguments, **options)

    monkeypatch.setattr(np, "isfinite", watched)
    monkeypatch.setattr("array_api_compat.numpy.isfinite", watched)
    sparse_ot.solve_sample(X, Y)
    assert sorted(looks) == [(400, 3), (500, 3)]
