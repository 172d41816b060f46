"""OR-tools `SimpleMinCostFlow`: cost scaling (Goldberg and Tarjan 1990) on integer costs.

Costs are rounded as `benchmarks.peers._integers` says, before the clock starts. Adding the arcs,
solving and reading the flows are timed.
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


class OrToolsMinCostFlow(Peer):
    """Google OR-tools, minimum-cost flow."""

    name = "ortools-mcf"
    library = "ortools"
    distribution = "ortools"
    input_format = "int64 masses and scaled int64 costs, arc lists"

    def load(self) -> None:
        self._module = importlib.import_module("ortools.graph.python.min_cost_flow")

    def refuses(self, problem: Problem) -> str | None:
        return needs_integer_masses(problem) or too_many_pairs(problem)

    def prepare(self, problem: Problem) -> IntegerArcs:
        return integer_arcs(problem)

    def solve(self, prepared: IntegerArcs) -> Any:
        network = self._module.SimpleMinCostFlow()
        arcs = network.add_arcs_with_capacity_and_unit_cost(
            prepared.tails, prepared.heads, prepared.capacities, prepared.costs
        )
        nodes = np.arange(len(prepared.supplies), dtype=np.int32)
        network.set_nodes_supplies(nodes, prepared.supplies)
        status = network.solve()
        if status != network.OPTIMAL:
            msg = f"OR-tools answered {status.name}"
            raise RuntimeError(msg)
        return network.flows(arcs)

    def answer(self, problem: Problem, prepared: IntegerArcs, result: Any) -> Answer:
        rows, cols, _ = problem.arcs()
        carries = result > 0
        return Answer(
            rows[carries], cols[carries], result[carries], cost_resolution=prepared.resolution
        )


PEER = OrToolsMinCostFlow()
