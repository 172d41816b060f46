"""The instances of the suite: points, masses, and graphs between them.

They are fixed by their seeds, down to the last digit, so that results of different days and
machines are results on the same problems.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.problems import DenseProblem, Floats, Integers, SparseProblem


def uniform_points(n: int, d: int) -> tuple[Floats, Floats]:
    """Two clouds of `n` uniform points in the unit cube of `d` dimensions, seed 0."""
    rng = np.random.default_rng(0)
    return rng.random((n, d)), rng.random((n, d))


def unit_masses(n: int) -> tuple[Integers, Integers]:
    """Mass 1 everywhere."""
    return np.ones(n, dtype=np.int64), np.ones(n, dtype=np.int64)


def random_masses(n: int) -> tuple[Integers, Integers]:
    """Integers 1..999, seed 5; the lighter side gets single units until the totals agree."""
    rng = np.random.default_rng(5)
    a, b = rng.integers(1, 1000, n), rng.integers(1, 1000, n)
    surplus = a.sum() - b.sum()
    np.add.at(b if surplus > 0 else a, rng.integers(0, n, abs(surplus)), 1)
    return a, b


MASSES = {"unit": unit_masses, "masses": random_masses}


def knn_problem(n: int, d: int, masses: str, k: int = 16) -> SparseProblem:
    """Squared Euclidean costs on the `k` nearest neighbours, both ways, and the diagonal.

    The diagonal keeps the unit problem feasible; with masses 1..999 nothing guarantees it, and
    the instances of this suite are those where it holds.
    """
    X, Y = uniform_points(n, d)
    a, b = MASSES[masses](n)
    everyone = np.arange(n)
    nearest_target = cKDTree(Y).query(X, min(k, n))[1].reshape(n, -1)
    nearest_source = cKDTree(X).query(Y, min(k, n))[1].reshape(n, -1)
    keys = np.unique(
        np.concatenate(
            [
                (everyone[:, None] * n + nearest_target).ravel(),
                (nearest_source * n + everyone[:, None]).ravel(),
                everyone * n + everyone,
            ]
        )
    )
    rows, cols = np.divmod(keys, n)
    return SparseProblem(a, b, rows, cols, ((X[rows] - Y[cols]) ** 2).sum(axis=1))


def matrix_problem(n: int, d: int, masses: str) -> DenseProblem:
    """The same clouds with every pair allowed; costs as sums of squares, never expanded."""
    X, Y = uniform_points(n, d)
    a, b = MASSES[masses](n)
    matrix = np.zeros((n, n))
    for x, y in zip(X.T, Y.T, strict=True):
        matrix += (x[:, None] - y) ** 2
    return DenseProblem(a, b, matrix)
