"""The optimum over all pairs, against POT's dense answer and against a check of every pair."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import ot
import pytest
from support import clouds
from support.brute_force import cost_matrix, cubed_cityblock, one_sided
from support.certify import certify, masses

import sparse_ot

METRICS: dict[str, Any] = {
    **{name: name for name in ("sqeuclidean", "euclidean", "cityblock", "cosine", "chebyshev")},
    "cubed_cityblock": cubed_cityblock,
    "one_sided": one_sided,
}


def every_cost(X: Any, Y: Any, metric: Any) -> Any:
    """The cost matrix; SciPy's cosine distance is off by 1e-16 even between equal vectors."""
    if metric != "cosine":
        return cost_matrix(X, Y, metric)
    X, Y = (np.asarray(points, np.float64) for points in (X, Y))
    X, Y = (points / np.linalg.norm(points, axis=1, keepdims=True) for points in (X, Y))
    return cost_matrix(X, Y, "sqeuclidean") / 2


def check(problem: clouds.Clouds, metric: Any) -> sparse_ot.Solution:
    """Solve, verify the certificate on all pairs, and compare with POT."""
    X, Y, a, b = problem
    solution = sparse_ot.solve_sample(X, Y, a, b, metric)
    assert solution.status is sparse_ot.Status.OPTIMAL
    assert solution.certificate.scope == "dense"
    M = every_cost(X, Y, metric)
    bounds = certify(a, b, M, solution)
    a, b = masses(a, b, M.shape)
    total = float(np.sum(a))
    with warnings.catch_warnings():
        # POT drops masses below 1e-12 or so of the total, and then misses them.
        warnings.filterwarnings("ignore", "Problem infeasible")
        expected = total * float(ot.emd2(a / total, b / total, M, numItermax=10**8))
    # Zero values come with potentials that do not cancel to the last digit.
    rounding = 1e-14 * float(np.abs(M).max()) * total
    tolerance = 1e-9 * abs(expected) + rounding
    precision = 1e-12 + float(np.finfo(solution.plan.dtype).eps)
    assert solution.certificate.value == pytest.approx(bounds.upper, rel=precision, abs=rounding)
    assert abs(solution.certificate.value - expected) <= tolerance
    assert abs(solution.certificate.lower_bound - expected) <= tolerance
    assert solution.plan.nnz <= M.shape[0] + M.shape[1] - 1
    return solution


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("family", clouds.FAMILIES)
def test_value_and_potentials_are_those_of_all_pairs(family: str, metric: str, seed: int) -> None:
    check(clouds.draw(family, seed), METRICS[metric])


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [2, 10])
def test_a_thousand_points(metric: str, d: int) -> None:
    rng = np.random.default_rng(d)
    X, Y = rng.random((1000, d)), rng.random((900, d))
    a, b = rng.random(1000), rng.random(900)
    check(clouds.Clouds(X, Y, a / a.sum(), b / b.sum()), METRICS[metric])


@pytest.mark.parametrize(
    ("metric", "power"), [("sqeuclidean", 2), ("euclidean", 1), ("cityblock", 1), ("chebyshev", 1)]
)
def test_on_a_line_the_plan_is_the_sorted_one(metric: str, power: int) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=700), rng.normal(size=700) + 0.5
    solution = sparse_ot.solve_sample(x, y, metric=metric)
    expected = np.mean(np.abs(np.sort(x) - np.sort(y)) ** power)
    assert float(solution.value) == pytest.approx(expected, rel=1e-12)


def test_the_same_call_gives_the_same_plan() -> None:
    problem = clouds.draw("duplicates", 5)
    one, two = (sparse_ot.solve_sample(*problem) for _ in range(2))
    assert (one.plan != two.plan).nnz == 0
    assert np.array_equal(one.potentials[0], two.potentials[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("d", "value"), [(2, 0.00012475303585), (3, 0.001007575365667), (8, 0.0755838784686)]
)
def test_known_values(d: int, value: float) -> None:
    n = 20_000
    rng = np.random.default_rng(0)
    X, Y = rng.random((n, d)), rng.random((n, d))
    solution = sparse_ot.solve_sample(X, Y)
    assert float(solution.value) == pytest.approx(value, rel=2e-12)
    assert solution.certificate.holds(1e-12)
    assert solution.certificate.worst_reduced_cost > -1e-12 * value


@pytest.mark.slow
def test_known_value_with_masses() -> None:
    n = 20_000
    rng = np.random.default_rng(0)
    X, Y = rng.random((n, 2)), rng.random((n, 2))
    rng = np.random.default_rng(5)
    a, b = rng.integers(1, 1000, n), rng.integers(1, 1000, n)
    difference = a.sum() - b.sum()
    np.add.at(b if difference > 0 else a, rng.integers(0, n, abs(difference)), 1)
    solution = sparse_ot.solve_sample(X, Y, a, b)
    assert float(solution.value) / a.sum() == pytest.approx(0.000150073370860, rel=2e-12)
    assert solution.certificate.holds(1e-12)
