"""The instances of the suite: points, masses, and graphs between them.

They are fixed by their seeds, down to the last digit, so that results of different days and
machines are results on the same problems.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.problems import DenseProblem, Floats, Integers, PointProblem, SparseProblem


def uniform_points(n: int, d: int) -> tuple[Floats, Floats]:
    """Two clouds of `n` uniform points in the unit cube of `d` dimensions, seed 0."""
    rng = np.random.default_rng(0)
    return rng.random((n, d)), rng.random((n, d))


def gaussian_points(n: int, d: int) -> tuple[Floats, Floats]:
    """A standard normal cloud, and one whose axes are stretched by 0.5 to 2 and shifted by 1."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, d))
    return X, 1.0 + Y * np.linspace(0.5, 2.0, d)


def clustered_points(n: int, d: int) -> tuple[Floats, Floats]:
    """Two mixtures of twenty normal clusters each, with centres, widths and shares of their own.

    Centres are uniform in the unit cube, widths log-uniform from 0.003 to 0.1: density varies by
    orders of magnitude, and most points have to leave their cluster.
    """
    rng = np.random.default_rng(2)

    def mixture() -> Floats:
        centres, widths = rng.random((20, d)), 10.0 ** rng.uniform(-2.5, -1.0, 20)
        member = rng.choice(20, n, p=rng.dirichlet(np.full(20, 2.0)))
        return centres[member] + widths[member, None] * rng.standard_normal((n, d))

    return mixture(), mixture()


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


CLOUDS = {"uniform": uniform_points, "gaussian": gaussian_points, "clustered": clustered_points}
MASSES = {"unit": unit_masses, "masses": random_masses}


def point_problem(cloud: str, n: int, d: int, masses: str) -> PointProblem:
    """Two clouds with every pair allowed, given by their coordinates."""
    return PointProblem(*MASSES[masses](n), *CLOUDS[cloud](n, d))


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
    problem = point_problem("uniform", n, d, masses)
    return DenseProblem(problem.a, problem.b, problem.matrix())
