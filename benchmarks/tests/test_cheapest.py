"""The check of a lower bound from coordinates: right, proven, and honest about its limits."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from benchmarks import cheapest, labels
from benchmarks.cheapest import by_tiles, by_tree, largest_potentials
from benchmarks.points import CLOUDS


def exactly(X: np.ndarray, Y: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The same from a matrix, in extended precision where there is one."""
    X, Y, v = (part.astype(np.longdouble) for part in (X, Y, v))
    least: np.ndarray = (((X[:, None] - Y) ** 2).sum(axis=2) - v).min(axis=1)
    return least


@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["near", "far"])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 32])
@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_both_ways_are_just_below_the_minimum(
    cloud: str, d: int, offset: float, rng: np.random.Generator
) -> None:
    X, Y = CLOUDS[cloud](300, d)
    X, Y, v = X + offset, Y[:217] + offset, rng.standard_normal(217)
    minimum = exactly(X, Y, v)
    ways = [by_tiles(X, Y, v), *([by_tree(X, Y, v)] if d <= 3 else [])]
    for found in ways:
        assert found is not None
        assert np.all(found <= minimum)
        np.testing.assert_allclose(found.astype(np.float64), minimum.astype(np.float64), atol=1e-11)


def test_tiles_need_not_divide_the_points(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    X, Y, v = rng.random((101, 2)), rng.random((53, 2)), rng.random(53)
    whole = by_tiles(X, Y, v)
    monkeypatch.setattr(cheapest, "TILE_COLS", 7)
    monkeypatch.setattr(cheapest, "TILE_MULTIPLY_ADDS", 7 * 2 * 10)
    np.testing.assert_allclose(by_tiles(X, Y, v), whole, rtol=1e-13)


def test_too_many_pairs_are_left_unchecked_in_many_dimensions_only(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    monkeypatch.setattr(cheapest, "MAX_MULTIPLY_ADDS", 0)
    v = rng.random(50)
    for d, checked in ((2, True), (3, True), (4, False)):
        X, Y = rng.random((60, d)), rng.random((50, d))
        assert (largest_potentials(X, Y, v) is not None) is checked


def test_tree_search_gives_up_when_its_time_is_over(rng: np.random.Generator) -> None:
    X, Y = rng.random((60, 2)), rng.random((50, 2))
    assert by_tree(X, Y, rng.random(50), seconds=-1.0) is None


def test_examples_in_docstrings_hold() -> None:
    for module in (cheapest, labels):
        found = doctest.testmod(module)
        assert found.attempted > 0
        assert found.failed == 0
