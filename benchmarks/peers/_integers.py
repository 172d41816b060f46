"""Integer costs for the solvers that read nothing else.

Costs become ``round(cost * scale)`` with `scale` a power of two. Rounding moves each cost by at
most 0.5 / scale, hence the cost of any plan by at most 0.5 / scale per unit of mass, hence the
plan that is optimal for the integers costs at most ``1 / scale`` per unit of mass more than the
optimum. That is the tolerance such a solver is held to, on top of the one for all.

The scale is the smallest that makes ``1 / scale`` a billionth of a lower bound on the value (the
mean, over the mass, of the cheapest arc of each row), so that no solver pays for digits that
nobody looks at: cost scaling takes longer the larger the costs. Where the solver's 64-bit
potentials could overflow, the scale is the largest that rules it out, and the tolerance says so:
the largest cost times `growth` stays below 2⁶⁰, where `growth` is how many times the largest cost
a potential of that solver can be (the number of nodes for paths in a tree).

Masses must be integers already; they are not rounded. Problems of points become all their pairs,
before the clock starts like everything here; above four million arcs they are refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.problems import Floats, Integers, PointProblem, Problem

MAX_POINT_PAIRS = 2_000**2
RESOLUTION = 1e-9
POTENTIAL_LIMIT = 2.0**60


@dataclass(frozen=True)
class IntegerArcs:
    """A problem with integer costs, targets numbered after sources.

    Attributes
    ----------
    tails, heads : ndarray of int32 (arcs,)
    capacities : ndarray of int64 (arcs,)
        The smaller of the two masses: never binding beyond the marginals.
    costs : ndarray of int64 (arcs,)
    supplies : ndarray of int64 (n + m,)
        Positive at sources, negative at targets.
    resolution : float
        1 / scale, see above.
    """

    tails: np.ndarray[tuple[int], np.dtype[np.int32]]
    heads: np.ndarray[tuple[int], np.dtype[np.int32]]
    capacities: Integers
    costs: Integers
    supplies: Integers
    resolution: float


def needs_integer_masses(problem: Problem) -> str | None:
    """The refusal of a solver that reads integer masses only, or None."""
    if problem.a.dtype.kind == "i" and problem.b.dtype.kind == "i":
        return None
    return "masses are not integers"


def too_many_pairs(problem: Problem) -> str | None:
    """The refusal of a solver that lists arcs, where points have too many pairs; or None."""
    if isinstance(problem, PointProblem) and problem.arc_count > MAX_POINT_PAIRS:
        return f"lists every pair: more than {MAX_POINT_PAIRS:,}"
    return None


def _scale(problem: Problem, costs: Floats, growth: float) -> float:
    """The power of two that costs are multiplied by before they are rounded."""
    largest = float(np.abs(costs).max())
    if largest == 0:
        return 1.0
    fits = math.floor(math.log2(POTENTIAL_LIMIT / largest / growth))
    cheapest = problem.largest_potentials(np.zeros(len(problem.b)))
    assert cheapest is not None, "arcs that can be listed can be looked at"
    lower_bound = float(cheapest @ problem.a) / float(problem.a.sum())
    if lower_bound <= 0:
        return 2.0**fits
    return 2.0 ** min(fits, math.ceil(-math.log2(RESOLUTION * lower_bound)))


def integer_arcs(problem: Problem, growth: float | None = None) -> IntegerArcs:
    """The arcs of `problem` with rounded costs; `growth` is the number of nodes by default."""
    rows, cols, costs = problem.arcs()
    scale = _scale(problem, costs, problem.node_count if growth is None else growth)
    return IntegerArcs(
        tails=rows.astype(np.int32),
        heads=(cols + len(problem.a)).astype(np.int32),
        capacities=np.minimum(problem.a[rows], problem.b[cols]),
        costs=np.rint(costs * scale).astype(np.int64),
        supplies=np.concatenate([problem.a, -problem.b]),
        resolution=1.0 / scale,
    )
