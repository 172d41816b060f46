"""Pairs of point clouds with masses, easy and nasty, from a seed.

``draw(family, seed)`` draws one. Cosine cost wants no zero vectors to be interesting, so all clouds
keep away from the origin or avoid it by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from support.problems import random_masses, wide_masses, with_empty_bins

Generator = np.random.Generator


class Clouds(NamedTuple):
    """Sources, targets, and their masses (None: uniform)."""

    X: Any
    Y: Any
    a: Any
    b: Any


def _uniform(d: int, largest: int = 120) -> Callable[[Generator], Clouds]:
    def family(rng: Generator) -> Clouds:
        n, m = rng.integers(2, largest, 2)
        return Clouds(rng.random((n, d)), rng.random((m, d)), None, None)

    return family


def _gaussian_masses(d: int) -> Callable[[Generator], Clouds]:
    def family(rng: Generator) -> Clouds:
        n, m = rng.integers(2, 120, 2)
        X, Y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) * 1.5 + 0.3
        return Clouds(X, Y, *random_masses(rng, n, m))

    return family


def assignment(rng: Generator) -> Clouds:
    """As many sources as targets, equal masses."""
    n = int(rng.integers(2, 150))
    return Clouds(rng.random((n, 2)), rng.random((n, 2)), None, None)


def clustered(rng: Generator) -> Clouds:
    """Tight clusters with unequal numbers of points on the two sides."""
    centers = rng.random((6, 2)) * 10 + 1
    X = centers[rng.integers(0, 6, 110)] + 0.01 * rng.normal(size=(110, 2))
    Y = centers[rng.integers(0, 4, 90)] + 0.01 * rng.normal(size=(90, 2))
    return Clouds(X, Y, None, None)


def all_equal(rng: Generator) -> Clouds:
    """Every point in one place."""
    point = rng.random(2) + 0.5
    X, Y = np.tile(point, (40, 1)), np.tile(point, (33, 1))
    return Clouds(X, Y, *random_masses(rng, 40, 33))


def duplicates(rng: Generator) -> Clouds:
    """A few places, each with many points."""
    X, Y = rng.integers(1, 5, (140, 2)), rng.integers(1, 5, (120, 2))
    return Clouds(X.astype(float), Y.astype(float), None, None)


def on_a_line(rng: Generator) -> Clouds:
    """Whole numbers on a line in the plane: ties wherever one looks."""
    x, y = rng.integers(1, 30, 80), rng.integers(1, 30, 90)
    return Clouds(np.stack([x, x + 1.0], 1), np.stack([y, y + 1.0], 1), None, None)


def grid_against_itself(rng: Generator) -> Clouds:
    """A grid, and the same grid shuffled: the value is zero, the optima many."""
    side = np.arange(1.0, 11.0)
    X = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    return Clouds(X, X[rng.permutation(100)], None, None)


def grid_shifted(rng: Generator) -> Clouds:
    """A grid, and the same grid a few steps further."""
    side = np.arange(1.0, 11.0)
    X = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    return Clouds(X, X + rng.integers(0, 6, 2), None, None)


def far_apart(rng: Generator) -> Clouds:
    """The clouds' distance is a million times their size."""
    return Clouds(rng.random((80, 2)), rng.random((70, 2)) + 1e6, None, None)


def few_sources(rng: Generator) -> Clouds:
    """A thousand targets for every source."""
    return Clouds(rng.random((2, 2)), rng.random((2000, 2)), None, None)


def few_targets(rng: Generator) -> Clouds:
    """A thousand sources for every target."""
    return Clouds(rng.random((2000, 2)), rng.random((2, 2)), None, None)


def single_points(rng: Generator) -> Clouds:
    """One source, or one target, or both."""
    n, m = ((1, 7), (7, 1), (1, 1))[int(rng.integers(3))]
    return Clouds(rng.random((n, 3)), rng.random((m, 3)), None, None)


def zero_masses(rng: Generator) -> Clouds:
    """Some points weigh nothing."""
    a, b = random_masses(rng, 100, 90)
    a, b = with_empty_bins(rng, a, 0.4), with_empty_bins(rng, b, 0.4)
    return Clouds(rng.random((100, 2)), rng.random((90, 2)), a / a.sum(), b / b.sum())


def masses_over_twelve_orders(rng: Generator) -> Clouds:
    """Whole masses from 1 to 1e12."""
    return Clouds(rng.random((90, 2)), rng.random((80, 2)), *wide_masses(rng, 90, 80))


def single_precision(rng: Generator) -> Clouds:
    """float32 points, float64 masses."""
    X, Y = rng.random((100, 3)).astype(np.float32), rng.random((80, 3)).astype(np.float32)
    return Clouds(X, Y, *random_masses(rng, 100, 80))


def different_scales(rng: Generator) -> Clouds:
    """Coordinates, and densities, over ten orders of magnitude."""
    X, Y = (10.0 ** rng.uniform(-10, 0, (n, 2)) for n in (100, 90))
    return Clouds(X, Y, *random_masses(rng, 100, 90))


FAMILIES: dict[str, Callable[[Generator], Clouds]] = {
    **{f"uniform_d{d}": _uniform(d) for d in (1, 2, 3, 10, 64)},
    **{f"masses_d{d}": _gaussian_masses(d) for d in (1, 2, 3, 10, 64)},
    "uniform_larger": _uniform(2, 400),
    **{
        family.__name__: family
        for family in (
            assignment,
            clustered,
            all_equal,
            duplicates,
            on_a_line,
            grid_against_itself,
            grid_shifted,
            far_apart,
            few_sources,
            few_targets,
            single_points,
            zero_masses,
            masses_over_twelve_orders,
            single_precision,
            different_scales,
        )
    },
}


def draw(family: str, seed: int) -> Clouds:
    """The clouds of a family and a seed."""
    return FAMILIES[family](np.random.default_rng([seed, *family.encode()]))
