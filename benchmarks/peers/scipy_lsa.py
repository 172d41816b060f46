"""SciPy `linear_sum_assignment`: shortest augmenting paths on a matrix, so equal masses only.

Crouse's variant of Jonker and Volgenant's algorithm (Crouse 2016, IEEE Transactions on Aerospace
and Electronic Systems 52, 1679-1696). With n = m and equal masses an optimal assignment is an
optimal plan. It reads float64 costs and returns no potentials. Of points it is given the
coordinates, and their matrix is made by `cdist` under the clock.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from benchmarks.peers import Peer
from benchmarks.peers._floats import FloatProblem, float_problem
from benchmarks.problems import Answer, Integers, PointProblem, Problem, SparseProblem

BYTES_PER_PAIR = 8


class ScipyAssignment(Peer):
    """SciPy, dense linear sum assignment."""

    name = "scipy-lsa"
    library = "scipy"
    distribution = "scipy"
    input_format = (
        "NumPy matrix; points as coordinates, so that the clock includes making the matrix "
        "(`cdist`); equal masses only"
    )

    def load(self) -> None:
        self._solve = importlib.import_module("scipy.optimize").linear_sum_assignment
        self._distances = importlib.import_module("scipy.spatial.distance").cdist

    def refuses(self, problem: Problem) -> str | None:
        if isinstance(problem, SparseProblem):
            return "takes all pairs, not a graph"
        masses = np.concatenate([problem.a, problem.b])
        if len(problem.a) != len(problem.b) or np.any(masses != masses[0]):
            return "masses are not all equal"
        return None

    def bytes_needed(self, problem: Problem) -> int:
        return BYTES_PER_PAIR * problem.arc_count if isinstance(problem, PointProblem) else 0

    def prepare(self, problem: Problem) -> FloatProblem:
        return float_problem(problem)

    def solve(self, prepared: FloatProblem) -> tuple[Integers, Integers]:
        if prepared.points is None:
            costs = prepared.costs
        else:
            costs = self._distances(*prepared.points, "sqeuclidean")
        rows, cols = self._solve(costs)
        return rows, cols

    def answer(self, problem: Problem, prepared: FloatProblem, result: Any) -> Answer:
        rows, cols = result
        return Answer(rows, cols, problem.a)


PEER = ScipyAssignment()
