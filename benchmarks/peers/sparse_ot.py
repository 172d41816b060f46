"""Ours: `sparse_ot.emd`, called as POT's."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks.peers import OURS, Peer
from benchmarks.peers._scipy_sparse import FloatProblem, answer_of_plan, float_problem
from benchmarks.problems import Answer, Problem


class SparseOT(Peer):
    """The exact network simplex of this package; its time includes checks and certificate."""

    name = OURS
    library = OURS
    distribution = "sparseot"
    input_format = "float64 masses, NumPy matrix or SciPy coo_array"

    def load(self) -> None:
        self._emd = importlib.import_module("sparse_ot").emd

    def prepare(self, problem: Problem) -> FloatProblem:
        return float_problem(problem)

    def solve(self, prepared: FloatProblem) -> Any:
        return self._emd(prepared.a, prepared.b, prepared.costs, log=True)

    def answer(self, problem: Problem, prepared: FloatProblem, result: Any) -> Answer:
        plan, log = result
        return answer_of_plan(plan, log["u"], log["v"])


PEER = SparseOT()
