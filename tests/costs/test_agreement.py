"""Which costs count as those of the points: rounding is let pass, and a sample misses little."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import numpy as np
import pytest
import scipy.sparse as sp
from support.brute_force import cost_matrix

import sparse_ot
from sparse_ot import InputError
from sparse_ot.backends.protocol import CooParts
from sparse_ot.costs import agreement
from sparse_ot.costs.arc_lists import Arcs


def clouds(rng: Any, n: int = 30, m: int = 30, d: int = 2) -> tuple[Any, Any]:
    return rng.random((n, d)), rng.random((m, d)) + 0.1


def graph(X: Any, Y: Any, metric: Any = "sqeuclidean", k: int = 3) -> Any:
    return sparse_ot.knn_cost(X, Y, k, metric, feasible_for=(None, None))


def refused(function: Any, words: str = "M is not a graph of") -> None:
    with pytest.raises(InputError, match=words):
        function()


def agrees(costs: Any, X: Any, Y: Any, metric: Any = "sqeuclidean") -> None:
    """A graph of these costs is taken for one of the points; its bounds are right."""
    solution = sparse_ot.solve(costs)
    sparse_ot.union(costs, points=(X, Y), metric=metric)
    gap = sparse_ot.dense_gap(solution, X, Y, metric, tol=0.0)
    optimum = float(sparse_ot.solve(cost_matrix(X, Y, metric)).value)
    assert gap.lower_bound == pytest.approx(optimum, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("d", [1, 3, 50])
def test_costs_that_cancelled_are_still_the_costs_of_the_points(rng: Any, d: int) -> None:
    """The squares expanded, as POT and scikit-learn do it, near the origin and near each other."""
    x, y = clouds(rng, 40, 40, d)
    expanded = (x * x).sum(1)[:, None] + (y * y).sum(1) - 2 * x @ y.T
    where = graph(x, y, k=4).tocoo()
    near = np.maximum(expanded[where.row, where.col], 0)
    agrees(sp.csr_array((near, (where.row, where.col)), shape=(40, 40)), x, y)
    lengths = sp.csr_array((np.sqrt(near), (where.row, where.col)), shape=(40, 40))
    agrees(lengths, x, y, "euclidean")


def test_costs_of_equal_clouds_are_zero_up_to_rounding(rng: Any) -> None:
    x = rng.random((60, 8))
    expanded = (x * x).sum(1)[:, None] + (x * x).sum(1) - 2 * x @ x.T
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    for metric, costs in (("sqeuclidean", expanded), ("cosine", 1 - unit @ unit.T)):
        where = graph(x, x, metric, k=4).tocoo()
        near = costs[where.row, where.col]
        assert np.abs(near).max() > 0
        agrees(sp.csr_array((near, (where.row, where.col)), shape=(60, 60)), x, x, metric)
        agrees(graph(x, x, metric), x, x, metric)


@pytest.mark.parametrize("points", [np.float32, np.float64])
@pytest.mark.parametrize("costs", [np.float32, np.float64])
def test_single_and_double_precision_may_meet(rng: Any, points: Any, costs: Any) -> None:
    x, y = clouds(rng)
    M = graph(x, y).astype(costs)
    agrees(M, x.astype(points), y.astype(points))
    for asked in ("euclidean", "cosine"):
        refused(
            lambda a=asked: sparse_ot.dense_gap(sparse_ot.solve(M), x.astype(points), y, a),
            "They are those of metric='sqeuclidean'",
        )


def test_whole_numbers_and_half_precision(rng: Any) -> None:
    x, y = rng.integers(0, 50, (2, 20, 2))
    M = sp.coo_array(graph(x, y))
    agrees(M.astype(np.int64), x, y)
    refused(lambda: sparse_ot.union(M.astype(np.int64), points=(x, y), metric="cityblock"))
    halves = CooParts(M.row, M.col, M.data.astype(np.float16), M.shape)
    sparse_ot.union(halves, points=(x, y))
    refused(lambda: sparse_ot.union(halves, points=(x, y), metric="cityblock"))


def test_moved_points_have_the_same_costs(rng: Any) -> None:
    """What agrees is right: costs under this metric do not know where the origin is."""
    x, y = clouds(rng)
    agrees(graph(x, y), x + 3.0, y + 3.0)


@pytest.mark.parametrize(("n", "k"), [(1500, 2), (4000, 1), (997, 8)])
def test_a_sample_is_not_all_of_nearest_neighbours(rng: Any, n: int, k: int) -> None:
    """Between a cloud and itself the nearest costs 0 under every metric."""
    x = rng.random((n, 2))
    far = sparse_ot.knn_cost(x, x, k + 1, symmetric=False)
    refused(lambda: sparse_ot.union(far, points=(x, x), metric="euclidean"))
    sparse_ot.union(far, points=(x, x))


@pytest.mark.parametrize("count", [1, 2, 999, 1000, 1001, 1999, 2500, 10**5 + 7])
def test_a_sample_is_spread_over_the_whole_list(count: int) -> None:
    places = np.arange(count)
    taken = agreement.sample(Arcs(places, places, places), xp).rows
    assert taken.size == min(count, taken.size) <= agreement.SAMPLE
    assert taken.size >= min(count, agreement.SAMPLE // 2)
    assert (np.diff(taken) > 0).all()
    edges = np.concatenate([[0], taken, [count]])
    assert np.diff(edges).max() <= 3 * -(-count // agreement.SAMPLE)
