"""Single numbers of a result stay what they are, and work wherever numbers do."""

from __future__ import annotations

import copy
import json
import statistics
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import Library

import sparse_ot

RNG = np.random.default_rng(7)
X, Y = RNG.random((2, 30, 2))
M = ((X[:, None] - Y[None]) ** 2).sum(axis=-1)
A, B = RNG.dirichlet(np.ones(30), 2)


def graph() -> Any:
    return sparse_ot.knn_cost(X, Y, 3, feasible_for=(None, None))


SOLVED: dict[str, Any] = {
    "matrix": lambda dtype: sparse_ot.solve(M.astype(dtype)),
    "graph": lambda dtype: sparse_ot.solve(sp.coo_array(M.astype(dtype))),
    "cloud": lambda dtype: sparse_ot.solve_sample(X.astype(dtype), Y.astype(dtype)),
    "stopped": lambda dtype: sparse_ot.solve(M.astype(dtype), max_pivots=1),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", SOLVED)
def test_a_value_is_a_number_that_nobody_changes(case: str, dtype: Any) -> None:
    solution = SOLVED[case](dtype)
    before = float(solution.value)
    total = solution.value
    total += 5
    assert type(solution.value) is dtype
    assert float(solution.value) == before == float(solution.primal_cost)
    assert total == pytest.approx(before + 5)
    assert (solution.value.shape, solution.value.dtype) == ((), dtype)


@pytest.mark.parametrize("case", SOLVED)
def test_single_numbers_work_wherever_numbers_do(case: str) -> None:
    solution = SOLVED[case](np.float64)
    certificate, stats = solution.certificate, solution.stats
    scalars = (solution.value, solution.value_linear, solution.gap, solution.dual_cost)
    bounds = (certificate.value, certificate.lower_bound, certificate.worst_reduced_cost)
    others = (certificate.worst_marginal_error, certificate.total_mass, certificate.rounding)
    work = (stats.pivots, stats.arcs, stats.rounds, stats.quantisation_error, solution.n_iters)
    for number in (*scalars, *bounds, *others, *work):
        assert isinstance(number, (int, float))
        assert json.loads(json.dumps(number)) == number
        assert hash(number) == hash(float(number))
        assert round(number, 3) == round(float(number), 3)
        assert f"{number:.3f}" == f"{float(number):.3f}"
        assert copy.deepcopy(number) == number
    assert statistics.mean([solution.value, solution.value]) == solution.value
    assert {solution.value: "value"}[float(solution.value)] == "value"


def test_values_of_emd2_are_numbers() -> None:
    value = sparse_ot.emd2(A, B, M)
    assert isinstance(value, float)
    assert json.loads(json.dumps({"value": value}))["value"] == value
    columns = sparse_ot.emd2(A, np.stack([B, A], axis=1), M, log=True)
    for one, log in columns:
        assert isinstance(one, float)
        assert isinstance(log["cost"], float)
        assert isinstance(log["result_code"], int)
    assert statistics.fmean(one for one, _ in columns) == (columns[0][0] + columns[1][0]) / 2
    assert isinstance(sparse_ot.emd2(A, B, (9 * M).astype(int)), float)


def test_numbers_of_a_problem_without_a_plan_are_nan_and_plain() -> None:
    blocked = np.where(np.arange(30) == 0, 1.0, np.inf) * np.ones((30, 1))
    with pytest.warns(UserWarning, match="sources"):
        value = sparse_ot.emd2(A, B, blocked, on_infeasible="warn")
    assert isinstance(value, float)
    assert value != value


@pytest.mark.parametrize("tol", [None, 0.0])
def test_numbers_of_a_dense_gap_are_plain(tol: float | None) -> None:
    gap = sparse_ot.dense_gap(sparse_ot.solve(graph()), X, Y, tol=tol)
    for number in (gap.value, gap.lower_bound, gap.gap, gap.relative):
        assert isinstance(number, float)
        assert json.loads(json.dumps(number)) == number


def test_values_belong_to_their_library(library: Library) -> None:
    costs = library.put(M.astype(np.float64 if library.doubles else np.float32))
    value: Any = library.run(sparse_ot.solve, costs).value
    assert isinstance(value, library.number_types)
    assert value.shape == ()
    assert value.dtype == costs.dtype
    assert float(value) == pytest.approx(float(sparse_ot.solve(M).value), rel=1e-5)


def test_a_gap_of_two_libraries_is_refused(library: Library) -> None:
    if library.array_type is np.ndarray:
        pytest.skip("the same library")
    with pytest.raises(sparse_ot.MixedBackendsError, match="solution"):
        sparse_ot.dense_gap(sparse_ot.solve(graph()), library.put(X), library.put(Y))
