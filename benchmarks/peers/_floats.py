"""What the float64 solvers read: masses, and a matrix, a SciPy array, or coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array

from benchmarks.problems import Answer, DenseProblem, Floats, PointProblem, Problem, SparseProblem


@dataclass(frozen=True)
class FloatProblem:
    """Masses as float64, not normalised (small integers stay exact), and what costs come from.

    Attributes
    ----------
    a, b : ndarray (n,), (m,)
        Masses.
    costs : ndarray (n, m), scipy.sparse.coo_array (n, m) or None
        None for points: whoever wants their matrix makes it, under the clock.
    points : (X, Y) or None
        Coordinates, where costs are their squared Euclidean distances.
    """

    a: Floats
    b: Floats
    costs: Any = None
    points: tuple[Floats, Floats] | None = None


def float_problem(problem: Problem) -> FloatProblem:
    """`problem` as a caller with NumPy and SciPy holds it."""
    a, b = problem.a.astype(np.float64), problem.b.astype(np.float64)
    if isinstance(problem, PointProblem):
        return FloatProblem(a, b, points=(problem.X, problem.Y))
    if isinstance(problem, SparseProblem):
        pairs = (problem.rows, problem.cols)
        return FloatProblem(a, b, coo_array((problem.costs, pairs), shape=(len(a), len(b))))
    assert isinstance(problem, DenseProblem), "there are three kinds"
    return FloatProblem(a, b, problem.matrix)


def answer_of_plan(plan: Any, u: Any, v: Any, claimed_bound: float | None = None) -> Answer:
    """The answer for a dense or sparse `plan` with its potentials."""
    coo = coo_array(plan)
    rows, cols = coo.row.astype(np.int64), coo.col.astype(np.int64)
    potentials = (np.asarray(u), np.asarray(v))
    return Answer(rows, cols, coo.data, potentials, claimed_bound=claimed_bound)
