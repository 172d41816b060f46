"""POT without a matrix: `ot.lp.emd2_lazy`, the same simplex with costs computed when looked at.

`ot.solve_sample(..., lazy=True)` calls it; called directly it also hands out its log. Points only:
memory grows with n + m, and every look at a pair costs a distance. The iteration limit is lifted,
as for `benchmarks.peers.pot`.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers import Peer
from benchmarks.peers._floats import FloatProblem, answer_of_plan, float_problem
from benchmarks.peers.pot import NO_LIMIT, import_pot
from benchmarks.problems import Answer, PointProblem, Problem


class PotLazy(Peer):
    """Python Optimal Transport, exact and lazy."""

    name = "pot-lazy"
    library = "pot"
    distribution = "POT"
    input_format = "float64 masses, coordinates; points only"

    def load(self) -> None:
        try:
            self._emd2_lazy = import_pot().lp.emd2_lazy
        except AttributeError:
            msg = "POT is too old: emd2_lazy came with 0.9.7"
            raise ImportError(msg) from None

    def refuses(self, problem: Problem) -> str | None:
        return None if isinstance(problem, PointProblem) else "takes points only"

    def prepare(self, problem: Problem) -> FloatProblem:
        return float_problem(problem)

    def solve(self, prepared: FloatProblem) -> Any:
        assert prepared.points is not None, "refused otherwise"
        X, Y = prepared.points
        return self._emd2_lazy(
            X, Y, prepared.a, prepared.b, metric="sqeuclidean", numItermax=NO_LIMIT, log=True
        )

    def answer(self, problem: Problem, prepared: FloatProblem, result: Any) -> Answer:
        log = result[1]
        return answer_of_plan(log["G"], log["u"], log["v"])


PEER = PotLazy()
