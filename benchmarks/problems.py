"""The two kinds of instance, and what a solver answers.

A `SparseProblem` lists its arcs; a `DenseProblem` is a matrix in which every pair is allowed.
Masses keep the type the case gave them: integer masses let the integer solvers take part without
rounding anything but costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Masses = npt.NDArray[Any]


@dataclass(frozen=True)
class SparseProblem:
    """Only the listed pairs may carry mass.

    Attributes
    ----------
    a, b : ndarray (n,), (m,), int64 or float64
        Masses with equal totals.
    rows, cols : ndarray of int64 (arcs,)
        The pairs, each once, in row-major order.
    costs : ndarray of float64 (arcs,)
        Cost per unit of mass.
    """

    a: Masses
    b: Masses
    rows: Integers
    cols: Integers
    costs: Floats

    @property
    def arc_count(self) -> int:
        return len(self.costs)

    @property
    def node_count(self) -> int:
        return len(self.a) + len(self.b)

    def arcs(self) -> tuple[Integers, Integers, Floats]:
        """Rows, columns and costs of all arcs."""
        return self.rows, self.cols, self.costs

    def costs_of(self, rows: Integers, cols: Integers) -> Floats:
        """Costs of the given pairs; ``inf`` where a pair has no arc."""
        width = len(self.b)
        keys, wanted = self.rows * width + self.cols, rows * width + cols
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, self.costs[place], np.inf)

    def largest_potentials(self, v: Floats) -> Floats:
        """For each source, the smallest ``cost - v[col]`` of its arcs: no `u` may be larger."""
        largest = np.full(len(self.a), np.inf)
        np.minimum.at(largest, self.rows, self.costs - v[self.cols])
        return largest


@dataclass(frozen=True)
class DenseProblem:
    """Every pair may carry mass, at the cost `matrix` says.

    Attributes
    ----------
    a, b : ndarray (n,), (m,), int64 or float64
        Masses with equal totals.
    matrix : ndarray of float64 (n, m)
        Cost per unit of mass.
    """

    a: Masses
    b: Masses
    matrix: Floats

    @property
    def arc_count(self) -> int:
        return int(self.matrix.size)

    @property
    def node_count(self) -> int:
        return len(self.a) + len(self.b)

    def arcs(self) -> tuple[Integers, Integers, Floats]:
        """Rows, columns and costs of all pairs."""
        rows, cols = np.indices(self.matrix.shape, dtype=np.int64).reshape(2, -1)
        return rows, cols, self.matrix.ravel()

    def costs_of(self, rows: Integers, cols: Integers) -> Floats:
        """Costs of the given pairs."""
        return self.matrix[rows, cols]

    def largest_potentials(self, v: Floats) -> Floats:
        """For each source, the smallest ``cost - v[col]``: no `u` may be larger."""
        return np.array([(costs - v).min() for costs in self.matrix])


Problem = SparseProblem | DenseProblem


def save_problem(problem: Problem, path: Path) -> None:
    """Write `problem` as an uncompressed .npz, so that reading it back leaves no garbage."""
    np.savez(path, **vars(problem))


def load_problem(path: Path) -> Problem:
    """Read what `save_problem` wrote."""
    with np.load(path) as stored:
        parts = dict(stored)
    return DenseProblem(**parts) if "matrix" in parts else SparseProblem(**parts)


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
    """

    rows: Integers
    cols: Integers
    flow: Masses
    potentials: tuple[Floats, Floats] | None = None
    cost_resolution: float = 0.0
