"""The first plan of a solve over all pairs, and the choice between two ways to make it.

*Along a curve.* One cloud is poured into the other along a space-filling curve
(`costs.feasible_arcs`). The plan is poor, but feasible. The nearest neighbours of all points are
added to its arcs, and the simplex starts on these. This is fast where masses find partners among
their neighbours, as they do where the two clouds are alike.

*Coarse to fine* (`multiscale`). The plan is near the optimum and comes with potentials that nearly
prove it. It takes as long as a few rounds, and saves hundreds of them where masses must travel.

The rule, and the measurements behind it (`intrinsic_dimension` has the figures for clouds that are
alike): with random masses coarse to fine is the safe way, at most twice as slow as the other and up
to twenty times faster. Equal masses in equal numbers are an assignment problem, for which the core
has an auction. There, in more than two dimensions, the plain way is tried first, and its first
lower bound shows whether that was right. CPU seconds for the whole solve, 5,000 points per side:

| clouds | d | masses | gap after the first round | coarse to fine | along a curve |
| --- | --- | --- | --- | --- | --- |
| uniform | 3 | equal | 0.07 | 0.23 | 0.10 |
| uniform | 8 | equal | 0.0006 | 0.87 | 0.20 |
| uniform | 32 | random | 0.005 | 1.4 | 0.85 |
| normal, of different widths | 2 | equal | 1.1 | 0.21 | 3.5 |
| normal, of different widths | 8 | random | 1.6 | 1.5 | 4.6 |
| normal, of different widths | 32 | equal | 0.7 | 1.4 | 1.3 |
| clusters | 2 | random | 1.1 | 0.29 | 6.0 |
| clusters | 3 | equal | 1.2 | 0.5 | 4.3 |
| clusters | 8 | random | 1.6 | 1.5 | 8.2 |
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.core import Masses
from sparse_ot.costs.feasible_arcs import Backbone
from sparse_ot.metrics import GroundMetric
from sparse_ot.solvers.starts.intrinsic_dimension import intrinsic_dimension
from sparse_ot.solvers.starts.multiscale import Start

__all__ = ["FirstPlan", "FirstPlans", "SecondPlan", "coarse_pays", "gives_up"]

MAX_ASSIGNMENT_DIMENSION = 2.5
"""Up to this dimension an assignment problem, too, starts coarse to fine without a trial."""

MAX_PLAIN_GAP = 0.2
"""Relative gap after the first round above which a plain start is given up."""


class FirstPlan(NamedTuple):
    """Pairs that carry a feasible plan.

    Attributes
    ----------
    rows, cols : ndarray of int, (p,)
    flow : ndarray of int64, (p,), or None
        In the integers of `core.Masses`; None where only the pairs are known.
    potentials : (u, v), or ()
        Near the optimal ones, with `flow` only.
    seconds : float
        Time taken to make it, if it was made coarse to fine.
    """

    rows: HostArray
    cols: HostArray
    flow: HostArray | None = None
    potentials: tuple[HostArray, ...] = ()
    seconds: float = 0.0

    @property
    def arrays(self) -> tuple[HostArray, ...]:
        """What the device needs: the pairs, and the potentials if there are any."""
        return self.rows, self.cols, *self.potentials


SecondPlan: TypeAlias = Callable[[], FirstPlan]
"""Makes another plan if the first one turns out to be poor."""


class FirstPlans(NamedTuple):
    """How the first plan of a solve is made, on the host.

    Attributes
    ----------
    coarse : callable, optional
        Makes a `multiscale.Start` from ``(x, y, a, b)``; without it every plan is a plain one.
    metric : GroundMetric, optional
        The metric of the plain plans (see `Backbone`).
    """

    coarse: Callable[..., Start] | None = None
    metric: GroundMetric | None = None

    def choose(
        self, a: HostArray, b: HostArray, *points: HostArray, masses: Masses | None = None
    ) -> tuple[FirstPlan, SecondPlan | None]:
        """The plan likely to lead to the optimum soonest, and a second one to fall back on, if any.

        Points are x (n, d) and y (m, d), or nothing; `masses` are the integers of a and b, if they
        have been made already.
        """
        if self.coarse is None:
            return self._plain(a, b, *points), None
        coarse = partial(_coarse_to_fine, partial(self.coarse, masses=masses), *points, a, b)
        x, y = points
        if coarse_pays(x, y, a, b):
            return coarse(), None
        return self._plain(a, b, *points), coarse

    def _plain(self, a: HostArray, b: HostArray, *points: HostArray) -> FirstPlan:
        """The plan along a curve; without points, in the order given."""
        find = Backbone(2 * (a.size + b.size), self.metric)
        rows, cols = find(*(points or (_in_line(a.size), _in_line(b.size))), a, b)
        repeats = (rows == rows[-1]) & (cols == cols[-1])  # filled up by repeating the last one
        count = int(repeats.argmax()) + 1
        return FirstPlan(rows[:count], cols[:count])


def gives_up(gap: float) -> bool:
    """Whether a plain plan with this relative gap should make way for a coarse one."""
    return gap > MAX_PLAIN_GAP


def _coarse_to_fine(make: Callable[..., Start], *points_and_masses: HostArray) -> FirstPlan:
    began = time.perf_counter()
    found = make(*points_and_masses)
    seconds = time.perf_counter() - began
    return FirstPlan(found.rows, found.cols, found.flow, (found.u, found.v), seconds)


def coarse_pays(x: HostArray, y: HostArray, a: HostArray, b: HostArray) -> bool:
    """Whether to start coarse to fine without trying the plain way first."""
    assignment = a.size == b.size and (a == a[0]).all() and (b == b[0]).all()
    if not assignment or x.shape[1] <= MAX_ASSIGNMENT_DIMENSION:
        return True
    dimension = max(intrinsic_dimension(x), intrinsic_dimension(y))
    return dimension <= MAX_ASSIGNMENT_DIMENSION


def _in_line(count: int) -> HostArray:
    """Points on a line, in order."""
    return (np.arange(count) / count)[:, None]
