"""POT: `ot.emd`, a network simplex over the matrix, or over a COO array since 0.9.6.

Of points it is given the coordinates, and their matrix is made by `ot.dist` under the clock: that
is what a caller who has points waits for. The iteration limit is lifted: the default stops early
on all but small problems.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from benchmarks.peers import Peer
from benchmarks.peers._floats import FloatProblem, answer_of_plan, float_problem
from benchmarks.problems import Answer, PointProblem, Problem

NO_LIMIT = 10**15
# Matrix, plan, and what the simplex keeps of every arc; n = 20,000 took 15.9 GB.
BYTES_PER_PAIR = 40


def import_pot() -> Any:
    """The module `ot`, without the array libraries it would import if it found them."""
    for library in ("JAX", "PYTORCH", "CUPY", "TENSORFLOW"):
        os.environ[f"POT_BACKEND_DISABLE_{library}"] = "1"
    return importlib.import_module("ot")


class Pot(Peer):
    """Python Optimal Transport."""

    name = "pot"
    library = "pot"
    distribution = "POT"
    input_format = (
        "float64 masses, NumPy matrix or SciPy coo_array; points as coordinates, so that the "
        "clock includes making the matrix (`ot.dist`)"
    )

    def load(self) -> None:
        module = import_pot()
        self._emd, self._dist = module.emd, module.dist

    def bytes_needed(self, problem: Problem) -> int:
        return BYTES_PER_PAIR * problem.arc_count if isinstance(problem, PointProblem) else 0

    def prepare(self, problem: Problem) -> FloatProblem:
        return float_problem(problem)

    def solve(self, prepared: FloatProblem) -> Any:
        costs = prepared.costs if prepared.points is None else self._dist(*prepared.points)
        return self._emd(prepared.a, prepared.b, costs, numItermax=NO_LIMIT, log=True)

    def answer(self, problem: Problem, prepared: FloatProblem, result: Any) -> Answer:
        plan, log = result
        return answer_of_plan(plan, log["u"], log["v"])


PEER = Pot()
