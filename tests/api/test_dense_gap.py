"""What a graph loses against all pairs: bounded, and named pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.brute_force import cost_matrix

import sparse_ot
from sparse_ot.cli.demo import concentric_circles


def clouds(n: int = 200, m: int = 180) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.random((n, 2)), rng.random((m, 2))


@pytest.fixture(scope="module")
def sparse() -> sparse_ot.Solution:
    return sparse_ot.solve(sparse_ot.knn_cost(*clouds(), 2, feasible_for=(None, None)))


def test_the_circles_lose_a_tenth_of_a_thousandth() -> None:
    circles = concentric_circles()
    solution = sparse_ot.solve(circles.sparse, circles.masses, circles.masses)
    quick = sparse_ot.dense_gap(solution, circles.X, circles.Y, "euclidean")
    exact = sparse_ot.dense_gap(solution, circles.X, circles.Y, "euclidean", tol=0.0)
    assert round(exact.value, 6) == 0.992290
    assert round(exact.lower_bound, 6) == 0.992179
    assert quick.lower_bound <= exact.lower_bound <= exact.value == quick.value
    dense = sparse_ot.solve(circles.dense, circles.masses, circles.masses)
    assert exact.lower_bound == pytest.approx(float(dense.value), rel=1e-12)
    assert exact.gap == pytest.approx(exact.relative * exact.value)


def test_missing_pairs_are_those_with_the_most_negative_reduced_cost(
    sparse: sparse_ot.Solution,
) -> None:
    X, Y = clouds()
    found = sparse_ot.dense_gap(sparse, X, Y, per_source=3)
    M = cost_matrix(X, Y, "sqeuclidean")
    u, v = sparse.potentials
    reduced = M - u[:, None] - v
    assert np.allclose(found.reduced_costs, reduced[found.rows, found.cols], atol=1e-15)
    assert (found.reduced_costs < 0).all()
    expected = sum(min(3, int(np.count_nonzero(row < -1e-13))) for row in reduced)
    assert found.rows.size == expected
    for i in np.unique(found.rows):
        least = np.sort(reduced[i])[: np.count_nonzero(found.rows == i)]
        assert np.allclose(np.sort(found.reduced_costs[found.rows == i]), least, atol=1e-15)


def test_the_quick_bound_is_that_of_the_c_transform(sparse: sparse_ot.Solution) -> None:
    X, Y = clouds()
    M = cost_matrix(X, Y, "sqeuclidean")
    u = (M - sparse.potentials[1]).min(axis=1)
    bound = u.mean() + sparse.potentials[1].mean()
    assert sparse_ot.dense_gap(sparse, X, Y).lower_bound == pytest.approx(bound, rel=1e-9)


def test_adding_the_missing_pairs_closes_the_gap(sparse: sparse_ot.Solution) -> None:
    X, Y = clouds()
    graph = sparse_ot.knn_cost(X, Y, 2, feasible_for=(None, None))
    solution, gap = sparse, sparse_ot.dense_gap(sparse, X, Y)
    for _ in range(60):
        if gap.rows.size == 0:
            break
        costs = ((X[gap.rows] - Y[gap.cols]) ** 2).sum(1)
        more = sparse_ot.backends.protocol.CooParts(gap.rows, gap.cols, costs, graph.shape)
        graph = sparse_ot.union(
            graph, type(graph)((more.values, (more.rows, more.cols)), graph.shape)
        )
        solution = sparse_ot.solve(graph)
        gap = sparse_ot.dense_gap(solution, X, Y)
    assert gap.gap == pytest.approx(0.0, abs=1e-15)
    assert float(solution.value) == pytest.approx(float(sparse_ot.solve_sample(X, Y).value))


def test_an_optimal_answer_has_no_gap() -> None:
    X, Y = clouds()
    found = sparse_ot.dense_gap(sparse_ot.solve_sample(X, Y), X, Y)
    assert found.rows.size == 0
    assert abs(found.relative) < 1e-12


def test_other_points_are_refused(sparse: sparse_ot.Solution) -> None:
    X, Y = clouds()
    with pytest.raises(sparse_ot.ShapeError, match="Pass the points its costs came from"):
        sparse_ot.dense_gap(sparse, X[:-1], Y)


@pytest.mark.parametrize("wrong", [{"tol": -1.0}, {"per_source": 0}, {"per_source": 1.5}])
def test_options_that_make_no_sense_are_refused(
    wrong: dict[str, Any], sparse: sparse_ot.Solution
) -> None:
    with pytest.raises(sparse_ot.InputError, match=next(iter(wrong))):
        sparse_ot.dense_gap(sparse, *clouds(), **wrong)
