"""The first plan of a solve over all pairs, and which of two ways to make it.

*Along a curve.* Pour one cloud into the other along a space-filling curve (`costs.backbone`). The
plan is poor, but a plan; the nearest neighbours of all points are added to its arcs, and on these
the simplex starts. That is fast where masses find partners among their neighbours, as they do where
two clouds are alike.

*Coarse to fine* (`multiscale`). The plan is near the optimum, and has potentials that say so. That
takes as long as a few rounds, and saves hundreds of them where masses must travel.

The rule, and what it rests on (`dimension` has the figures for clouds that are alike): with random
masses coarse to fine is the safe way, at most twice as slow as the other and up to twenty times
faster. Equal masses in equal numbers are an assignment problem, for which the core has an auction;
there, in more than two dimensions, the plain way is tried first, and its first lower bound tells
whether it was right. Seconds of CPU for the whole solve, 5,000 points a side:

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
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sparse_ot.costs.feasible_arcs import Backbone
from sparse_ot.metrics import GroundMetric
from sparse_ot.solvers.starts.intrinsic_dimension import intrinsic_dimension
from sparse_ot.solvers.starts.multiscale import Start

__all__ = ["BadPoint", "FirstPlan", "FirstPlans", "coarse_pays"]

HostArray: TypeAlias = npt.NDArray[Any]

MAX_ASSIGNMENT_DIMENSION = 2.5
"""Up to here an assignment problem, too, starts coarse to fine without a trial."""

MAX_PLAIN_GAP = 0.2
"""Relative gap after the first round of a plain start beyond which it is given up."""


class FirstPlan(NamedTuple):
    """Pairs that carry a feasible plan.

    Attributes
    ----------
    rows, cols : ndarray of int, (p,)
    flow : ndarray of int64, (p,), or None
        In the integers of `_core.quantise`; None where only the pairs are known.
    potentials : (u, v), or ()
        Near the optimal ones, with `flow` only.
    """

    rows: HostArray
    cols: HostArray
    flow: HostArray | None = None
    potentials: tuple[HostArray, ...] = ()


class BadPoint(NamedTuple):
    """A point that is nowhere: "X" or "Y", its place there, and its coordinates."""

    cloud: str
    place: int
    coordinates: list[float]


class FirstPlans:
    """Makes the first plans of one solve, on the host.

    Parameters
    ----------
    coarse : callable, optional
        Makes a `multiscale.Start` from ``(x, y, a, b)``; without it all plans are plain ones.
    metric : GroundMetric, optional
        How the plain ones see the points (see `Backbone`).

    Attributes
    ----------
    seconds : float
        Spent on coarse plans.
    """

    def __init__(
        self,
        coarse: Callable[..., Start] | None = None,
        metric: GroundMetric | None = None,
    ) -> None:
        self._coarse, self._metric = coarse, metric
        self._points: tuple[HostArray, ...] = ()
        self.seconds = 0.0

    def take(self, *points: HostArray) -> BadPoint | None:
        """Take the points x (n, d) and y (m, d), if there are any; one that is not finite."""
        self._points = points
        for name, cloud in zip("XY", points, strict=False):
            bad = np.flatnonzero(~np.isfinite(cloud).all(axis=1))
            if bad.size:
                return BadPoint(name, int(bad[0]), cloud[bad[0]].tolist())
        return None

    def first(self, a: HostArray, b: HostArray) -> FirstPlan:
        """The plan that is likely to lead to the optimum soonest."""
        if self._coarse is None:
            return self.plain(a, b)
        x, y = self._points
        return self.coarse(a, b) if coarse_pays(x, y, a, b) else self.plain(a, b)

    def plain(self, a: HostArray, b: HostArray) -> FirstPlan:
        """Along a curve; without points, in the order listed."""
        find = Backbone(2 * (a.size + b.size), self._metric)
        points = self._points or (_in_line(a.size), _in_line(b.size))
        rows, cols = find(*points, a, b)
        repeats = (rows == rows[-1]) & (cols == cols[-1])  # filled up by repeating the last one
        count = int(repeats.argmax()) + 1
        return FirstPlan(rows[:count], cols[:count])

    def coarse(self, a: HostArray, b: HostArray) -> FirstPlan:
        """Coarse to fine; once a solve."""
        assert self._coarse is not None, "`gives_up` says whether there is another way"
        began = time.perf_counter()
        make, self._coarse = self._coarse, None
        points, self._points = self._points, ()  # there is no plan after this one
        found = make(*points, a, b)
        self.seconds += time.perf_counter() - began
        return FirstPlan(found.rows, found.cols, found.flow, (found.u, found.v))

    def gives_up(self, gap: float) -> bool:
        """Whether a plain plan with this relative gap should make way for a coarse one."""
        return self._coarse is not None and gap > MAX_PLAIN_GAP


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
