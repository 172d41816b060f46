"""The three kinds of instance, and what a solver answers.

A `SparseProblem` lists its arcs; a `DenseProblem` is a matrix in which every pair is allowed; in a
`PointProblem` every pair is allowed too, but only coordinates are given, and there may be far too
many pairs for a matrix. What the suite asks of a problem is the same for all: see `Problem`.
Masses keep the type the case gave them: integer masses let the integer solvers take part without
rounding anything but costs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import cheapest

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Masses = npt.NDArray[Any]


@dataclass(frozen=True)
class Problem(ABC):
    """Masses to be moved; the kinds differ in how costs are given.

    Attributes
    ----------
    a, b : ndarray (n,), (m,), int64 or float64
        Masses with equal totals.
    """

    a: Masses
    b: Masses

    @property
    def node_count(self) -> int:
        return len(self.a) + len(self.b)

    @property
    def arc_count(self) -> int:
        """How many pairs are allowed: all of them, unless a kind says otherwise."""
        return len(self.a) * len(self.b)

    @abstractmethod
    def arcs(self) -> tuple[Integers, Integers, Floats]:
        """Rows, columns and costs of all arcs, in row-major order."""

    @abstractmethod
    def costs_of(self, rows: Integers, cols: Integers) -> Floats:
        """Costs of the given pairs; ``inf`` where a pair has no arc."""

    @abstractmethod
    def largest_potentials(self, v: Floats) -> Floats | None:
        """For each source, the smallest ``cost - v[col]`` of its arcs: no `u` may be larger.

        None where there are too many pairs to look at.
        """

    @abstractmethod
    def tiny(self) -> Problem:
        """Two sources and two targets, of the same kind and with masses of the same type."""


@dataclass(frozen=True)
class SparseProblem(Problem):
    """Only the listed pairs may carry mass.

    Attributes
    ----------
    rows, cols : ndarray of int64 (arcs,)
        The pairs, each once, in row-major order.
    costs : ndarray of float64 (arcs,)
        Cost per unit of mass.
    """

    rows: Integers
    cols: Integers
    costs: Floats

    @property
    def arc_count(self) -> int:
        return len(self.costs)

    def arcs(self) -> tuple[Integers, Integers, Floats]:
        return self.rows, self.cols, self.costs

    def costs_of(self, rows: Integers, cols: Integers) -> Floats:
        width = len(self.b)
        keys, wanted = self.rows * width + self.cols, rows * width + cols
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, self.costs[place], np.inf)

    def largest_potentials(self, v: Floats) -> Floats:
        largest = np.full(len(self.a), np.inf)
        np.minimum.at(largest, self.rows, self.costs - v[self.cols])
        return largest

    def tiny(self) -> SparseProblem:
        rows, cols = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
        return SparseProblem(*_two_each(self), rows, cols, np.array([1.0, 2.0, 2.0, 1.0]))


@dataclass(frozen=True)
class DenseProblem(Problem):
    """Every pair may carry mass, at the cost `matrix` says.

    Attributes
    ----------
    matrix : ndarray of float64 (n, m)
        Cost per unit of mass.
    """

    matrix: Floats

    def arcs(self) -> tuple[Integers, Integers, Floats]:
        return *_all_pairs(self), self.matrix.ravel()

    def costs_of(self, rows: Integers, cols: Integers) -> Floats:
        return self.matrix[rows, cols]

    def largest_potentials(self, v: Floats) -> Floats:
        return np.array([(costs - v).min() for costs in self.matrix])

    def tiny(self) -> DenseProblem:
        return DenseProblem(*_two_each(self), np.array([[1.0, 2.0], [2.0, 1.0]]))


@dataclass(frozen=True)
class PointProblem(Problem):
    """Every pair may carry mass, at the squared Euclidean distance of its points.

    Attributes
    ----------
    X, Y : ndarray of float64 (n, d), (m, d)
        Coordinates of sources and targets.
    """

    X: Floats
    Y: Floats

    def matrix(self) -> Floats:
        """All costs, as sums of squares, never expanded."""
        matrix = np.zeros((len(self.X), len(self.Y)))
        for x, y in zip(self.X.T, self.Y.T, strict=True):
            matrix += (x[:, None] - y) ** 2
        return matrix

    def arcs(self) -> tuple[Integers, Integers, Floats]:
        return *_all_pairs(self), self.matrix().ravel()

    def costs_of(self, rows: Integers, cols: Integers) -> Floats:
        costs: Floats = ((self.X[rows] - self.Y[cols]) ** 2).sum(axis=1)
        return costs

    def largest_potentials(self, v: Floats) -> Floats | None:
        return cheapest.largest_potentials(self.X, self.Y, v)

    def tiny(self) -> PointProblem:
        d = self.X.shape[1]
        return PointProblem(*_two_each(self), np.eye(2, d), 2.0 * np.eye(2, d))


def _two_each(problem: Problem) -> tuple[Masses, Masses]:
    return np.ones(2, dtype=problem.a.dtype), np.ones(2, dtype=problem.b.dtype)


def _all_pairs(problem: Problem) -> tuple[Integers, Integers]:
    rows, cols = np.indices((len(problem.a), len(problem.b)), dtype=np.int64).reshape(2, -1)
    return rows, cols


KINDS: dict[str, type[Problem]] = {
    kind.__name__: kind for kind in (SparseProblem, DenseProblem, PointProblem)
}


def save_problem(problem: Problem, path: Path) -> None:
    """Write `problem` as an uncompressed .npz, so that reading it back leaves no garbage."""
    np.savez(path, kind=np.array(type(problem).__name__), **vars(problem))


def load_problem(path: Path) -> Problem:
    """Read what `save_problem` wrote."""
    with np.load(path) as stored:
        parts = dict(stored)
    return KINDS[str(parts.pop("kind"))](**parts)


@dataclass(frozen=True)
class Answer:
    """A solver's answer in common terms, for `benchmarks.verdict` to examine.

    Attributes
    ----------
    rows, cols : ndarray of int64
        Pairs that carry mass.
    flow : ndarray
        Mass on them, in the units of the problem's masses.
    potentials : (u, v) or None
        Dual potentials where the solver offers them, ``cost >= u[row] + v[col]``. With them the
        lower bound is computed and checked here.
    cost_resolution : float
        0 for solvers that read float64 costs. For integer solvers, the largest excess per unit of
        mass that rounding the costs can explain.
    claimed_bound : float or None
        The lower bound per unit of mass that the solver says it has proven. It convinces nobody
        here; where the potentials are too many to check, the report says that there is a claim.
    """

    rows: Integers
    cols: Integers
    flow: Masses
    potentials: tuple[Floats, Floats] | None = None
    cost_resolution: float = 0.0
    claimed_bound: float | None = None
