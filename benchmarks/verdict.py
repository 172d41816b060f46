"""Is the answer right? Decided from the plan and the true costs, apart from every solver.

`examine` looks at one answer, inside the process that got it: is it a plan at all, what does it
cost, and what do its potentials prove. `judge` then compares the answers to one problem:

- Every plan bounds the optimum from above, whoever made it. The cheapest one is nearest.
- Potentials bound it from below, after they are made feasible. Where the bounds meet, the value
  is *certified*, and needs nobody's word. Among very many points in many dimensions the pairs are
  too many for that to be done here; then the value has what the solver says for itself, and
  `Verdict.proof` says so.
- An answer is wrong if it is no plan, or dearer than the cheapest plan or the known value by more
  than the tolerance: 1e-9 of the value, plus what rounding its costs to integers explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from benchmarks.problems import Answer, Floats, Masses, Problem

RELATIVE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Examination:
    """What one answer is worth; costs are per unit of mass.

    Attributes
    ----------
    value : float
        Cost of the plan; ``inf`` if it uses a forbidden pair.
    marginal_error : float
        Largest deviation from a mass, relative to the largest mass.
    lower_bound : float or None
        Proven by the answer's potentials.
    cost_resolution : float
        See `benchmarks.problems.Answer`.
    unexamined : bool
        There are potentials, and too many pairs to see what they prove.
    claimed_bound : float or None
        See `benchmarks.problems.Answer`.
    """

    value: float
    marginal_error: float
    lower_bound: float | None
    cost_resolution: float
    unexamined: bool = False
    claimed_bound: float | None = None

    @property
    def is_plan(self) -> bool:
        return bool(self.marginal_error <= RELATIVE_TOLERANCE and np.isfinite(self.value))

    @property
    def tolerance(self) -> float:
        """How far above the optimum the value may lie."""
        return RELATIVE_TOLERANCE * abs(self.value) + self.cost_resolution


def examine(problem: Problem, answer: Answer) -> Examination:
    """Price the plan with the true costs and check its marginals and potentials."""
    total = float(problem.a.sum())
    costs = problem.costs_of(answer.rows, answer.cols)
    errors = [
        _marginal_error(answer.rows, answer.flow, problem.a),
        _marginal_error(answer.cols, answer.flow, problem.b),
    ]
    if np.any(answer.flow < 0):
        errors.append(float(-answer.flow.min()) / float(problem.a.max()))
    used = answer.flow != 0
    lower_bound, unexamined = _lower_bound(problem, answer.potentials)
    return Examination(
        value=float(np.sum(costs[used] * answer.flow[used])) / total,
        marginal_error=max(errors),
        lower_bound=lower_bound,
        cost_resolution=answer.cost_resolution,
        unexamined=unexamined,
        claimed_bound=answer.claimed_bound,
    )


def _marginal_error(index: Masses, flow: Masses, masses: Masses) -> float:
    sums = np.bincount(index, weights=flow, minlength=len(masses))
    return float(np.abs(sums - masses).max() / masses.max())


def _lower_bound(
    problem: Problem, potentials: tuple[Floats, Floats] | None
) -> tuple[float | None, bool]:
    """The dual value per unit of mass, and whether there was too much to look at for one.

    Each of `u` is lowered until its arcs are not violated.
    """
    if potentials is None or not all(np.all(np.isfinite(part)) for part in potentials):
        return None, False
    u, v = potentials
    largest = problem.largest_potentials(v)
    if largest is None:
        return None, True
    dual_value = float(np.sum(np.minimum(u, largest) * problem.a) + np.sum(v * problem.b))
    return dual_value / float(problem.a.sum()), False


class Proof(str, Enum):
    """What stands behind a value; the words are those of the report."""

    CERTIFIED = "yes"
    BY_THE_SOLVER = "by the solver"
    UNEXAMINED = "not checked"
    NONE = "no"


@dataclass(frozen=True)
class Verdict:
    """What the answers to one problem establish together.

    Attributes
    ----------
    value : float or None
        The cheapest plan's cost per unit of mass; None if nobody found a plan.
    lower_bound : float or None
        The best proven one.
    complaints : tuple of (str or None)
        For each answer, what is wrong with it, or None.
    unexamined : bool
        Somebody's potentials were too many to check here.
    claimed_bound : float or None
        The best bound that a solver says it has proven, of those that were not checked.
    """

    value: float | None
    lower_bound: float | None
    complaints: tuple[str | None, ...]
    unexamined: bool = False
    claimed_bound: float | None = None

    @property
    def certified(self) -> bool:
        """Whether the bounds meet, relative to the value; only what was checked here counts."""
        return self._meets(self.lower_bound)

    @property
    def proof(self) -> Proof:
        """What stands behind the value."""
        if self.certified:
            return Proof.CERTIFIED
        if not self.unexamined:
            return Proof.NONE
        return Proof.BY_THE_SOLVER if self._meets(self.claimed_bound) else Proof.UNEXAMINED

    def _meets(self, bound: float | None) -> bool:
        if self.value is None or bound is None:
            return False
        return self.value - bound <= RELATIVE_TOLERANCE * abs(self.value)


def judge(examinations: Sequence[Examination], known_value: float | None = None) -> Verdict:
    """Compare the answers to one problem."""
    values = [examination.value for examination in examinations if examination.is_plan]
    bounds = [e.lower_bound for e in examinations if e.lower_bound is not None]
    unexamined = [e for e in examinations if e.unexamined]
    claims = [e.claimed_bound for e in unexamined if e.claimed_bound is not None]
    cheapest = min(values, default=None)
    reference = min([*values, *([] if known_value is None else [known_value])], default=None)
    return Verdict(
        value=cheapest,
        lower_bound=max(bounds, default=None),
        complaints=tuple(_complaint(e, reference, known_value) for e in examinations),
        unexamined=bool(unexamined),
        claimed_bound=max(claims, default=None),
    )


def _complaint(
    examination: Examination, reference: float | None, known_value: float | None
) -> str | None:
    if not np.isfinite(examination.value):
        return "uses a forbidden pair, or its cost is not a number"
    if not examination.is_plan:
        return f"is no plan: a marginal is off by {examination.marginal_error:.1e}"
    assert reference is not None
    excess = examination.value - reference
    if excess > examination.tolerance:
        return f"is above the optimum by {excess / max(abs(reference), 1e-300):.1e} of it"
    if known_value is not None and known_value - examination.value > examination.tolerance:
        return "is below the known optimum: the instance has changed"
    return None
