"""pylmcf: LEMON's network simplex on integer costs (block search pricing, its default).

Costs are rounded as `benchmarks.peers._integers` says, before the clock starts. The one call that
builds LEMON's graph, solves and returns the flows is timed.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from benchmarks.peers import Peer
from benchmarks.peers._integers import (
    IntegerArcs,
    integer_arcs,
    needs_integer_masses,
    too_many_pairs,
)
from benchmarks.problems import Answer, Problem


class Lemon(Peer):
    """LEMON by way of pylmcf."""

    name = "pylmcf"
    library = "pylmcf"
    distribution = "pylmcf"
    input_format = "int64 masses and scaled int64 costs, arc lists"

    def load(self) -> None:
        self._solve = importlib.import_module("pylmcf.pylmcf_cpp").lmcf

    def refuses(self, problem: Problem) -> str | None:
        return needs_integer_masses(problem) or too_many_pairs(problem)

    def prepare(self, problem: Problem) -> tuple[IntegerArcs, tuple[Any, ...]]:
        arcs = integer_arcs(problem)
        # All five arrays must have one type.
        tails, heads = arcs.tails.astype(np.int64), arcs.heads.astype(np.int64)
        return arcs, (arcs.supplies, tails, heads, arcs.capacities, arcs.costs)

    def solve(self, prepared: tuple[IntegerArcs, tuple[Any, ...]]) -> Any:
        return self._solve(*prepared[1])

    def answer(self, problem: Problem, prepared: tuple[IntegerArcs, Any], result: Any) -> Answer:
        rows, cols, _ = problem.arcs()
        carries = result > 0
        return Answer(
            rows[carries], cols[carries], result[carries], cost_resolution=prepared[0].resolution
        )


PEER = Lemon()
