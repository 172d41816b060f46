"""A cloud prepares its search once, keeps it as long as it lives, and hands nobody a copy."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import sparse_ot
from sparse_ot.costs.points import PointCloudCost


class Counted:
    """The index of the core, and how many were made."""

    def __init__(self, made: list[int]) -> None:
        from sparse_ot.core import search

        self.made, self.index = made, search.NearestIndex

    def __call__(self, y: Any, *arguments: Any) -> Any:
        self.made.append(len(y))
        return self.index(y, *arguments)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of points of the indices made by the backends."""
    from sparse_ot.core import search

    sizes: list[int] = []
    monkeypatch.setattr(search, "NearestIndex", Counted(sizes))
    return sizes


def test_a_solve_makes_one_index_a_side(rng: np.random.Generator, made: list[int]) -> None:
    x, y = rng.random((700, 3)), 2 * rng.random((600, 3))
    solution = sparse_ot.solve_sample(x, y)
    assert solution.stats.rounds > 2
    assert sorted(made) == [600, 700]


def test_jax_keeps_it_too(rng: np.random.Generator, made: list[int]) -> None:
    jnp = pytest.importorskip("jax.numpy")
    x, y = (jnp.asarray(rng.random((n, 3)), "float32") for n in (700, 600))
    solution = sparse_ot.solve_sample(x, 2 * y)
    assert solution.stats.rounds > 2
    assert sorted(made) == [600, 700]


def test_a_graph_makes_only_what_it_needs(rng: np.random.Generator, made: list[int]) -> None:
    x, y = rng.random((70, 3)), rng.random((60, 3))
    sparse_ot.knn_cost(x, y, 2, symmetric=False)
    assert made == [60]


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_a_copy_makes_its_own(rng: np.random.Generator, made: list[int], twin: Any) -> None:
    cost = PointCloudCost(rng.random((30, 2)), rng.random((20, 2)), "cosine")
    arcs = cost.candidate_arcs(3)
    other = twin(cost)
    for found, wanted in zip(other.candidate_arcs(3), arcs, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert made == [20, 30, 20, 30]
    assert other.ground_metric == cost.ground_metric
    assert len(pickle.dumps(cost)) < 1000 + 8 * 2 * 50


def test_prices_are_the_same_however_often_they_are_asked(rng: np.random.Generator) -> None:
    x, y = rng.random((80, 2)), rng.random((90, 2))
    cost = PointCloudCost(x, y, "euclidean")
    u, v = rng.random(80), rng.random(90)
    fresh = PointCloudCost(x, y, "euclidean").price(u, v, 4)
    cost.candidate_arcs(5)
    for _ in range(2):
        for found, wanted in zip(cost.price(u, v, 4), fresh, strict=True):
            np.testing.assert_array_equal(found, wanted)
