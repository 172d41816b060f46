"""POT: `ot.emd`, a network simplex over the matrix, or over a COO array since 0.9.6.

The iteration limit is lifted: the default stops early on all but small problems.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from benchmarks.peers import Peer
from benchmarks.peers._scipy_sparse import FloatProblem, answer_of_plan, float_problem
from benchmarks.problems import Answer, Problem

NO_LIMIT = 10**15


class Pot(Peer):
    """Python Optimal Transport."""

    name = "pot"
    library = "pot"
    distribution = "POT"
    input_format = "float64 masses, NumPy matrix or SciPy coo_array"

    def load(self) -> None:
        # POT imports every array library it finds; NumPy is the one it is given.
        for library in ("JAX", "PYTORCH", "CUPY", "TENSORFLOW"):
            os.environ[f"POT_BACKEND_DISABLE_{library}"] = "1"
        self._emd = importlib.import_module("ot").emd

    def prepare(self, problem: Problem) -> FloatProblem:
        return float_problem(problem)

    def solve(self, prepared: FloatProblem) -> Any:
        return self._emd(prepared.a, prepared.b, prepared.costs, numItermax=NO_LIMIT, log=True)

    def answer(self, problem: Problem, prepared: FloatProblem, result: Any) -> Answer:
        plan, log = result
        return answer_of_plan(plan, log["u"], log["v"])


PEER = Pot()
