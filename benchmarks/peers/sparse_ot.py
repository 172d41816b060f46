"""Ours: `sparse_ot.emd`, called as POT's; points go to `sparse_ot.solve_sample`."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks.peers import OURS, Peer
from benchmarks.peers._floats import FloatProblem, answer_of_plan, float_problem
from benchmarks.problems import Answer, Problem


class SparseOT(Peer):
    """The exact network simplex of this package; its time includes checks and certificate."""

    name = OURS
    library = OURS
    distribution = "sparseot"
    input_format = "float64 masses, NumPy matrix or SciPy coo_array; points as coordinates"

    def load(self) -> None:
        module = importlib.import_module("sparse_ot")
        self._emd, self._solve_sample = module.emd, module.solve_sample

    def prepare(self, problem: Problem) -> FloatProblem:
        return float_problem(problem)

    def solve(self, prepared: FloatProblem) -> Any:
        if prepared.points is None:
            return self._emd(prepared.a, prepared.b, prepared.costs, log=True)
        return self._solve_sample(*prepared.points, prepared.a, prepared.b)

    def answer(self, problem: Problem, prepared: FloatProblem, result: Any) -> Answer:
        if prepared.points is None:
            plan, log = result
            return answer_of_plan(plan, log["u"], log["v"])
        claim = float(result.certificate.lower_bound) / float(prepared.a.sum())
        u, v = result.potentials
        return answer_of_plan(result.plan, u, v, claimed_bound=claim)


PEER = SparseOT()
