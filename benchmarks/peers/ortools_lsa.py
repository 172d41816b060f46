"""OR-tools `SimpleLinearSumAssignment`: cost scaling for assignment, so unit masses only.

Costs are rounded as `benchmarks.peers._integers` says, before the clock starts. Its prices grow
with the square of the size, so large instances are rounded to few digits: it refuses more
(``POSSIBLE_OVERFLOW``). Adding the arcs, solving and reading the mates, one Python call each, are
timed.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from benchmarks.peers import Peer
from benchmarks.peers._integers import IntegerArcs, integer_arcs, too_many_pairs
from benchmarks.problems import Answer, Integers, Problem


class OrToolsAssignment(Peer):
    """Google OR-tools, linear sum assignment."""

    name = "ortools-lsa"
    library = "ortools"
    distribution = "ortools"
    input_format = "scaled int64 costs, arc lists"

    def load(self) -> None:
        self._module = importlib.import_module("ortools.graph.python.linear_sum_assignment")

    def refuses(self, problem: Problem) -> str | None:
        if np.all(problem.a == 1) and np.all(problem.b == 1):
            return too_many_pairs(problem)
        return "masses are not all one"

    def prepare(self, problem: Problem) -> tuple[IntegerArcs, Any]:
        arcs = integer_arcs(problem, growth=len(problem.a) ** 2)
        return arcs, arcs.heads - np.int32(len(problem.a))

    def solve(self, prepared: tuple[IntegerArcs, Any]) -> Integers:
        arcs, columns = prepared
        assignment = self._module.SimpleLinearSumAssignment()
        assignment.add_arcs_with_cost(arcs.tails, columns, arcs.costs)
        status = assignment.solve()
        if status != assignment.OPTIMAL:
            msg = f"OR-tools answered {status.name}"
            raise RuntimeError(msg)
        size = len(arcs.supplies) // 2
        return np.fromiter(map(assignment.right_mate, range(size)), np.int64, size)

    def answer(self, problem: Problem, prepared: tuple[IntegerArcs, Any], result: Any) -> Answer:
        rows = np.arange(len(problem.a))
        return Answer(rows, result, problem.a, cost_resolution=prepared[0].resolution)


PEER = OrToolsAssignment()
