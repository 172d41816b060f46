"""A near-optimal plan and near-optimal potentials for two clouds, for the simplex to start from.

*Why.* The time of a pivot grows with the tree: two microseconds for 500 nodes, tens for a hundred
thousand, hundreds for a million. From no start, the simplex on all points needs several pivots per
point. From the start made here it needs a fraction of one.

*Coarse to fine.* Neighbours are grouped, four points per group, then four groups per larger group
(`levels`). A group is placed at the mean of its points, weighted by mass. The coarsest level, at
most `COARSEST` groups, is solved exactly, from any plan. Then, level by level:

1. Potentials are carried down by the c-transform: ``u_i = min_J cost(x_i, Y_J) − v_J`` over the
   groups J of the other side, which is a nearest-neighbour search; likewise v from u.
2. The plan is carried down. The mass that a group of sources sends to each partner is dealt out
   among the points of the group by the north-west rule, in the order of the groups, which keeps
   neighbours together; then likewise the mass that a group of targets receives. Masses agree to the
   last unit.
3. The plan is swept: exact solves inside small cells, on threads (sweeps/sweeps.hpp in the
   kernels), then inside larger cells, up to a third of the level. A large finest level ends there.
   The others are then solved as a whole, because errors left on a coarse level cost ten times as
   much to repair on the level below it.

*Exactness.* Masses are the integers of `core.Masses`, perturbed against stalling, on all levels.
The plan is feasible to the unit at any moment, so a deadline costs only quality. The result is
near-optimal, not optimal.

*Metrics.* Those that the core computes. The mean of a group is a point of the same space, in the
coordinates that the metric works in (`GroundMetric.prepare`): under cosine, unit vectors. The core
cannot evaluate a function, so there is no coarse-to-fine start for one.

*Sides.* Cells are cut on the side with more points, so that they stay small on both sides when
there are 1000 sources per target. Points without mass are left out, and get their potentials at the
end.

References: Mérigot 2011, Computer Graphics Forum 30(5), 1583-1592, for the multiscale idea;
Schmitzer 2016, J. Math. Imaging Vision 56, 238-259.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import array_api_compat.numpy as xp
import numpy as np
import numpy.typing as npt

from sparse_ot._typing import Floats, Integers, Metric
from sparse_ot.core import Masses, as_double
from sparse_ot.core import search as core_search
from sparse_ot.core import sweeps as core_sweeps
from sparse_ot.metrics import GroundMetric, as_metric
from sparse_ot.solvers.starts.levels import Groups, Level, Plan, deal, north_west

__all__ = ["Start", "start"]


COARSEST = 256
"""Maximum of points on the coarsest level, which is one cell with all pairs as arcs."""

CUTS_PER_LEVEL = 2
"""Cuts between two levels: four groups, or points, per group of the coarser one."""

MIN_CELL, CELL_GROWTH, MIN_CELLS = 250, 3, 3
"""Sources in the first cells of a level, growth of cells per sweep, and fewest cells of a sweep."""

PATIENCE, WHOLE_PATIENCE = 1, 10
"""Searches for missing pairs inside a cell: one where another sweep follows, ten in the whole."""

WHOLE_UP_TO, MAX_WHOLE_SWEEPS = 2000, 5
"""Size up to which the finest level, too, is solved as a whole; maximum of sweeps of the whole."""

SLICE_SECONDS = 0.25
"""How long the core works before Python looks for Ctrl-C."""

THREADS = 0
"""0 means all that the machine has; the result does not depend on their number."""


class Start(NamedTuple):
    """A feasible plan for the masses of `core.Masses(a, b, ...)`, and potentials.

    Attributes
    ----------
    rows, cols : ndarray of int64, (p,)
        Pairs that carry mass, each once.
    flow : ndarray of int64, (p,)
        Positive, in these integers.
    u, v : ndarray of float64, (n,) and (m,)
        Potentials, near the optimal ones.
    """

    rows: Integers
    cols: Integers
    flow: Integers
    u: Floats
    v: Floats


def start(
    X: npt.NDArray[Any],
    Y: npt.NDArray[Any],
    a: npt.NDArray[Any],
    b: npt.NDArray[Any],
    metric: Metric = "sqeuclidean",
    *,
    masses: Masses | None = None,
    seed: int | None = None,
    deadline: float | None = None,
    tol: float = 0.0,
) -> Start:
    """A plan near the optimal one, and potentials that nearly prove it.

    Parameters
    ----------
    X, Y : ndarray, (n, d) and (m, d)
        Finite coordinates.
    a, b : ndarray, (n,) and (m,)
        Masses, sound and with equal totals (b is rescaled to the total of a).
    metric : str, (str, float) or GroundMetric
        One that the core knows.
    masses : Masses, optional
        The integers of a and b, if they have been made already.
    seed : int, optional
        Decides where cells are cut. The same seed gives the same start on any number of threads;
        None means 0.
    deadline : float, optional
        Time by `time.perf_counter` after which no further cell is solved.
    tol : float
        Cells stop growing when a sweep over all points gains less than this share of the value.

    Raises
    ------
    ValueError
        The masses are unsound.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.asarray([[0.0], [1.0], [2.0]])
    >>> found = start(x, x + 0.25, np.ones(3), np.ones(3))
    >>> heavy = found.flow > 0.01 * found.flow.sum()  # the others carry the perturbation
    >>> found.rows[heavy], found.cols[heavy]
    (array([0, 1, 2]), array([0, 1, 2]))
    """
    metric = as_metric(metric)
    x, y = (np.ascontiguousarray(points, np.float64) for points in (X, Y))
    if masses is None:
        masses = Masses(as_double(a), as_double(b), math.inf)
    if masses.fault is not None:
        msg = f"unsound masses: {masses.fault}"
        raise ValueError(msg)
    supply, demand = masses.supply, masses.demand
    x, y = (np.ascontiguousarray(points) for points in metric.prepare(x, y, xp))
    clock = _Clock(math.inf if deadline is None else deadline, tol)
    rows, cols = np.flatnonzero(supply), np.flatnonzero(demand)
    sides = (x[rows], supply[rows]), (y[cols], demand[cols])
    swap = rows.size < cols.size
    plan, (u, v) = _Descent(*(sides[::-1] if swap else sides), metric, seed or 0, clock).run()
    if swap:
        plan, (u, v) = plan.transposed(), (v, u)
    all_u = _extended(u, x, rows, y[cols], v, metric)
    all_v = _extended(v, y, cols, x[rows], u, metric)
    return Start(rows[plan.rows], cols[plan.cols], plan.flow, all_u, all_v)


class _Clock(NamedTuple):
    """When to stop."""

    deadline: float
    tol: float

    def left(self) -> float:
        return self.deadline - time.perf_counter()


class _Descent:
    """From the coarsest level to the points. Sources are the larger side; no mass is zero."""

    def __init__(
        self,
        sources: tuple[Floats, Integers],
        targets: tuple[Floats, Integers],
        metric: GroundMetric,
        seed: int,
        clock: _Clock,
    ) -> None:
        self.sources, self.targets = Groups.of(*sources, seed), Groups.of(*targets, ~seed % 2**64)
        self.depths: list[int | None] = [None]
        depth = round(math.log2(self.sources.mass.size)) - CUTS_PER_LEVEL
        while 2 ** (depth + CUTS_PER_LEVEL) > COARSEST:
            self.depths.insert(0, depth)
            depth -= CUTS_PER_LEVEL
        self.metric, self.seed, self.clock = metric, seed, clock

    def run(self) -> tuple[Plan, tuple[Floats, Floats]]:
        """The plan, and the potentials of sources and targets, in the order given."""
        above: tuple[Level, Level] | None = None
        for depth in self.depths:
            x, y = self.sources.level(depth), self.targets.level(depth)
            if above is None:
                plan = north_west(x.mass, y.mass)
                u, v = np.zeros(x.mass.size), np.zeros(y.mass.size)
            else:
                plan = deal(plan, x.mass, y.mass)
                u, v = (
                    c_transform(x.points, above[1].points, v, self.metric),
                    c_transform(y.points, above[0].points, u, self.metric),
                )
            plan, u, v = self._sweep(x, y, plan, u, v)
            above = x, y
        rows, cols = self.sources.order[plan.rows], self.targets.order[plan.cols]
        potentials = self.sources.as_given(u), self.targets.as_given(v)
        return Plan(rows, cols, plan.flow), potentials

    def _sweep(
        self, x: Level, y: Level, plan: Plan, u: Floats, v: Floats
    ) -> tuple[Plan, Floats, Floats]:
        """The plan improved inside cells of growing size."""
        clock, size = self.clock, x.mass.size
        assert self.metric.core is not None, "callers look"
        sweeps = core_sweeps.DomainSweeps(
            np.ascontiguousarray(x.points).reshape(-1),
            np.ascontiguousarray(y.points).reshape(-1),
            x.points.shape[1],
            self.metric.core,
            self.metric.core_p,
            *plan,
            u,
            v,
        )
        finest = size == self.sources.mass.size  # also where groups are single points
        watched = finest and clock.tol > 0
        value = self._value(x, y, plan) if watched else math.nan
        for number, cell in enumerate(_cells(size, whole=not finest or size <= WHOLE_UP_TO)):
            sweeps.cut(cell, self.seed + number, PATIENCE if cell < size else WHOLE_PATIENCE)
            done = False
            while not done and clock.left() > 0:
                done = sweeps.run(THREADS, SLICE_SECONDS, clock.left())
            if not done:
                break
            if watched:
                last, value = value, self._value(x, y, Plan(*sweeps.plan()))
                if last - value < clock.tol * value:
                    break
            if cell >= size and sweeps.settled:
                break
        return Plan(*sweeps.plan()), *sweeps.potentials()

    def _value(self, x: Level, y: Level, plan: Plan) -> float:
        assert self.metric.core is not None, "callers look"
        costs = core_search.pair_costs(
            np.ascontiguousarray(x.points),
            np.ascontiguousarray(y.points),
            plan.rows,
            plan.cols,
            self.metric.core,
            self.metric.core_p,
        )
        return float(plan.flow.astype(np.float64) @ costs) / float(x.mass.sum())


def c_transform(x: Floats, y: Floats, v: Floats, metric: GroundMetric) -> Floats:
    """The largest potentials of prepared x that v allows: ``min_j cost(x_i, y_j) − v_j``."""
    assert metric.core is not None, "callers look"
    near, costs = core_search.nearest(x, y, 1, metric.core, metric.core_p, -v, True, THREADS)
    u: Floats = costs[:, 0] - v[near[:, 0]]
    return u


def _cells(size: int, whole: bool) -> list[int]:
    """Sizes of the cells of a level's sweeps, in turn.

    From `MIN_CELL` up to a third of the level, growing by about `CELL_GROWTH`; then, if `whole`,
    the whole level, up to `MAX_WHOLE_SWEEPS` times.
    """
    largest = size // MIN_CELLS
    cells = []
    if largest > MIN_CELL:
        steps = max(1, round(math.log(largest / MIN_CELL, CELL_GROWTH)))
        growth = (largest / MIN_CELL) ** (1 / steps)
        cells = [round(MIN_CELL * growth**step) for step in range(steps + 1)]
    return cells + [size] * MAX_WHOLE_SWEEPS if whole or not cells else cells


def _extended(
    u: Floats, x: Floats, known: Integers, y: Floats, v: Floats, metric: GroundMetric
) -> Floats:
    """Potentials of all points, from those of the points with mass."""
    if known.size == x.shape[0]:
        return u
    all_u = c_transform(x, y, v, metric)
    all_u[known] = u
    return all_u
