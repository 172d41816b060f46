"""The host's half of column generation: a few arcs, their basis, and the bounds.

`RestrictedProblem` is a state, and its methods are steps: they take NumPy arrays, and return NumPy
arrays and an event, which says how the step ended and what may follow (`events`). The state itself
never crosses: the arcs, the live basis, the best bounds. In a round only the arguments and results
of `advance` cross, O(n + m) numbers each way.

*Beginning, and beginning again.* The first plan is made along a curve or coarse to fine. Where the
first lower bound shows that the curve was the wrong choice, the coarse plan is made after all
(`starts.choose`), and replaces the basis if it is cheaper.

*Added arcs:* see `entering_arcs`. *Dropped arcs:* those of largest reduced cost, when there are
more than a few per point, because a shorter list is scanned faster. The basis stays, so plan,
potentials and bounds do not change. If a dropped arc is needed later, pricing finds it again.

*Bounds.* The plan is feasible for the whole problem whatever arcs are missing, so its cost is an
upper bound, which never rises. Lower bounds are in `bounds`.

*Ctrl-C.* A KeyboardInterrupt raised while the simplex runs, or by the caller's own progress
function, ends the solve with the best plan and bound so far. Without a first plan it is passed on.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.core import SLICE_SECONDS, Fault, LiveBasis, Masses, as_double, certify
from sparse_ot.result.certificate import rounding_of_bounds
from sparse_ot.result.status import Status
from sparse_ot.solvers.column_generation.bounds import Balanced, Bounds
from sparse_ot.solvers.column_generation.entering_arcs import Priced
from sparse_ot.solvers.column_generation.events import (
    BadMinimum,
    BadNumber,
    BadPoint,
    Event,
    Infeasible,
    Ready,
    Solved,
    StartOver,
    Starved,
    Stopped,
)
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import Round, Watch, relative_gap
from sparse_ot.solvers.starts.choose import FirstPlan, FirstPlans, SecondPlan, gives_up

__all__ = ["Finished", "Opened", "RestrictedProblem", "Settings", "open_problem"]

MAX_ARCS, KEPT_ARCS = 6, 4
"""Mean arcs per point at which the restricted problem is cut back, and the number kept.
Solves of several rounds take a tenth to a quarter less time with it (benchmarks/NOTES.md)."""

Potentials: TypeAlias = tuple[HostArray, HostArray]
Nothing: TypeAlias = tuple[()]
Advanced: TypeAlias = Solved | StartOver | Stopped | Infeasible | BadMinimum | BadNumber


@dataclass(frozen=True)
class Settings:
    """The settings of a solve, fixed before it begins.

    Attributes
    ----------
    limits : Limits
    watch : Watch
    center : bool
        Return potentials with ``<u, a> == <v, b>``, not the simplex's own.
    dtype : str
        Element type of the potentials sent to the device.
    totals_tolerance : float
        See `sparse_ot.masses`.
    """

    limits: Limits
    watch: Watch
    center: bool
    dtype: str
    totals_tolerance: float


class Opened(NamedTuple):
    """The masses are sound, and a first plan is made.

    Attributes
    ----------
    problem : RestrictedProblem
        Without arcs yet.
    plan : FirstPlan or None
        Its arcs are to be among the first; None where all pairs will be.
    second : SecondPlan or None
    """

    problem: RestrictedProblem
    plan: FirstPlan | None
    second: SecondPlan | None


@dataclass(frozen=True)
class Finished:
    """The record of a solve, besides plan and potentials."""

    value: float
    lower_bound: float
    worst_reduced_cost: float
    worst_marginal_error: float
    total_mass: float
    rounding: float
    rescaling: float
    rounds: int
    seconds: float
    counts: dict[str, Any]


def open_problem(
    settings: Settings,
    plans: FirstPlans | None,
    checked: bool,
    a: HostArray,
    b: HostArray,
    *points: HostArray,
) -> tuple[Nothing, Opened | BadPoint | BadNumber]:
    """Take the masses (n,), (m,), and the points (n, d), (m, d) if there are any; make a plan.

    `checked` says that the points are known to be finite; `plans` makes the first plan, if any.
    """
    if not checked and (bad := _bad_point(*points)) is not None:
        return (), bad
    a, b = as_double(a), as_double(b)
    masses = Masses(a, b, settings.totals_tolerance)  # for the first plan and the basis alike
    if masses.fault is not None:
        return (), BadNumber(masses.fault, NO_ARCS.at)
    plan, second = (None, None) if plans is None else plans.choose(a, b, *points, masses=masses)
    return (), Opened(RestrictedProblem(Balanced.of(a, b), masses, settings), plan, second)


class RestrictedProblem:
    """Arcs, basis and bounds of one solve; see the module docstring.

    Parameters
    ----------
    masses : Balanced
    integers : Masses
        The same masses, in the integers of the core.
    settings : Settings
    """

    def __init__(self, masses: Balanced, integers: Masses, settings: Settings) -> None:
        self._masses, self._integers, self._settings = masses, integers, settings
        self._basis = LiveBasis(integers)
        self._bounds = Bounds(masses)
        self._latest = NO_ARCS
        self._slack = 1.0
        self._largest_cost = 0.0
        self._value_when_dropped = math.inf
        self._given_up = Counter[str]()  # pivots of a basis that was given up
        self._stop: Status | None = None  # the reason to stop, as soon as there is a bound
        self._rounds, self._seconds = 0, 0.0

    # -- steps, in the order of `events` -------------------------------------------------------

    def begin(
        self,
        plan: FirstPlan | None,
        rows: HostArray,
        cols: HostArray,
        costs: HostArray,
        *potentials: HostArray,
    ) -> tuple[Nothing, Ready | Starved | Infeasible | BadNumber]:
        """Take the first arcs, those of the plan before the others, and find a basis.

        Potentials near the optimum are used where the plan has no flow.
        """
        began = time.perf_counter()
        self._add(rows, cols, costs)
        everything = self._basis.fault is None and self._basis.size == costs.size
        if plan is None or plan.flow is None or not everything:
            return (), self._start(potentials)
        _start_from(self._basis, plan)
        self._seconds += time.perf_counter() - began
        return (), Ready()

    def rescue(
        self, starved: Starved, rows: HostArray, cols: HostArray, costs: HostArray
    ) -> tuple[Nothing, Ready | Starved | Infeasible | BadNumber]:
        """Take the arcs found at the prices of a starved start, and start again."""
        out = starved.leads_out(rows, cols, costs, *self._masses.shape)
        if out.any():
            self._add(rows[out], cols[out], costs[out])
            return (), self._start(starved.potentials)
        if (dearer := starved.dearer()) is not None:
            return (), dearer
        return (), self._start(starved.potentials, complete=True)

    def run(self) -> tuple[Potentials, Solved]:
        """Solve on the arcs so far; return potentials for pricing."""
        began = time.perf_counter()
        self._run()
        self._seconds += time.perf_counter() - began
        return self._prices()

    def advance(
        self,
        solved: Solved,
        second: bool,
        rows: HostArray,
        cols: HostArray,
        costs: HostArray,
        minima: HostArray,
    ) -> tuple[Potentials | Nothing, Advanced]:
        """Take a pricing at the potentials of `solved`; add its arcs and solve again.

        `second` says whether there is a second plan that could replace the first.
        """
        began = time.perf_counter()
        self._rounds += 1
        if (bad := np.flatnonzero(np.isnan(minima))).size:
            return (), BadMinimum(int(bad[0]))
        self._bounds.tighten(minima.astype(np.float64), *solved.given)
        priced = Priced(rows, cols, costs.astype(np.float64), *solved.own)
        solved_on = self._basis.size
        chosen = self._fitting(priced, priced.violated(self._slack))
        if chosen.size == 0 and self._basis.misfit is not None:
            return (), self._no_place(self._basis.misfit)
        self._judge(chosen.size)
        starts_over = False
        try:
            self._report(chosen.size, solved_on)
            gap = relative_gap(self._basis.value(), self._bounds.lower)
            starts_over = second and self._stop is None and gives_up(gap)
            if not starts_over:
                self._improve(priced, chosen)
        except KeyboardInterrupt:
            self._stop = Status.INTERRUPTED
        if self._basis.fault is not None:
            return (), BadNumber(self._basis.fault, self._latest.at)
        self._seconds += time.perf_counter() - began
        prices, next_solved = self._prices()
        if self._stop is not None and self._bounds.known:
            return prices, self._stopped(self._stop)
        return prices, StartOver() if starts_over else next_solved

    def begin_again(
        self, plan: FirstPlan, rows: HostArray, cols: HostArray, costs: HostArray
    ) -> tuple[Nothing, Ready]:
        """Take the arcs of a second plan, and others; continue from that plan if it is cheaper.

        If time ran out it may not be cheaper. Ctrl-C leaves the previous basis in place.
        """
        began = time.perf_counter()
        basis = LiveBasis(self._integers)
        basis.add(rows, cols, costs)
        if basis.fault is None and basis.size == costs.size:
            _start_from(basis, plan)
            if basis.value() < self._basis.value():
                self._given_up.update(self._counts())
                self._basis, self._slack, self._value_when_dropped = basis, 1.0, math.inf
        self._seconds += time.perf_counter() - began
        return (), Ready()

    def interrupt(self, event: Event) -> Event | None:
        """The event after Ctrl-C was pressed outside a step: the end, or a step to a first bound.

        None where there is nothing to return yet, or if Ctrl-C was pressed before.
        """
        has_plan = self._bounds.known or isinstance(event, Solved)
        if not has_plan or self._stop is Status.INTERRUPTED:
            return None
        self._stop = Status.INTERRUPTED
        return self._stopped(self._stop) if self._bounds.known else event

    def finish(self) -> tuple[tuple[HostArray, ...], Finished]:
        """The plan's arcs and flow, the best potentials, the value; and the record."""
        masses, settings = self._masses, self._settings
        u, v = self._bounds.centred() if settings.center else self._bounds.potentials
        flow, met = self._basis.flow(), self._basis.demand()
        rows, cols, costs = self._basis.arcs()
        value, _, reduced_cost, marginal_error = certify(
            masses.a, met, rows, cols, costs, flow, u, v
        )
        used = flow > 0
        single = settings.dtype == "float32"
        record = Finished(
            value=value,
            lower_bound=math.fsum(masses.a * u) + math.fsum(met * v),
            worst_reduced_cost=reduced_cost,
            worst_marginal_error=marginal_error,
            total_mass=masses.total,
            rounding=float(rounding_of_bounds(masses.a, u, met, v, single=single)),
            rescaling=masses.rescaling(met),
            rounds=self._rounds,
            seconds=self._seconds,
            counts=self._basis.stats | (self._given_up + self._counts()),
        )
        return (rows[used], cols[used], flow[used], u, v, np.array(value)), record

    # -- inside --------------------------------------------------------------------------------

    def _counts(self) -> Counter[str]:
        stats = self._basis.stats
        return Counter({name: stats[name] for name in ("pivots", "degenerate_pivots")})

    @property
    def _pivots(self) -> int:
        return self._given_up["pivots"] + self._basis.pivots

    def _add(self, rows: HostArray, cols: HostArray, costs: HostArray) -> None:
        """Add the arcs that are not forbidden to the basis, and remember them for messages."""
        allowed = costs < np.inf
        allowed |= np.isnan(costs)  # the core complains about those
        if not allowed.all():
            rows, cols, costs = rows[allowed], cols[allowed], costs[allowed]
        self._latest = Latest(self._basis.size, rows, cols)
        self._largest_cost = max(self._largest_cost, float(np.abs(costs).max(initial=0.0)))
        self._basis.add(rows, cols, costs)

    def _start(
        self, potentials: tuple[HostArray, ...], *, complete: bool = False
    ) -> Ready | Starved | Infeasible | BadNumber:
        """Find a basis on the arcs so far, if they carry a plan.

        Where no other arc leads out of a starved set, they are `complete`; then demands that are
        off by rounding are rescaled, or there is no plan.
        """
        began = time.perf_counter()
        feasible = self._basis.fault is None and self._basis.start(*potentials, complete=complete)
        self._seconds += time.perf_counter() - began
        if self._basis.fault is not None:
            return BadNumber(self._basis.fault, self._latest.at)
        if feasible:
            if complete:
                self._masses = replace(self._masses, b_scaled=self._basis.demand())
                self._bounds = Bounds(self._masses)
            return Ready()
        if complete:
            return Infeasible(self._basis.starved())
        return Starved.at(
            self._basis.starved(),
            potentials,
            largest_cost=self._largest_cost,
            dtype=self._settings.dtype,
        )

    def _improve(self, priced: Priced, chosen: HostArray) -> None:
        """Add the chosen arcs and solve, unless there is a reason to stop."""
        while self._stop is None:
            pivots, prices = self._basis.pivots, self._basis.potentials()
            self._add(priced.rows[chosen], priced.cols[chosen], priced.costs[chosen])
            if self._basis.fault is not None:
                return
            self._run()
            # Light masses may find a place without a pivot; then the potentials change.
            moved = not all(map(np.array_equal, prices, self._basis.potentials()))
            if self._basis.pivots > pivots or moved or self._stop is not None:
                return
            self._slack *= 2.0  # no pivot: the arcs differ from known ones by rounding only
            chosen = self._fitting(priced, priced.violated(self._slack))
            self._judge(chosen.size)

    def _no_place(self, misfit: Fault) -> Infeasible | BadNumber:
        """The end of a solve whose light masses fit on no arcs at all."""
        starved = self._basis.starved()
        return Infeasible(starved) if starved.sources.size else BadNumber(misfit, self._latest.at)

    def _run(self) -> None:
        """Solve the restricted problem, in slices; record the reason if it stopped short."""
        limits, on_slice = self._settings.limits, self._settings.watch.on_slice
        try:
            while True:
                left = max(0.0, limits.deadline - time.perf_counter())
                budget = limits.pivots - self._pivots
                if budget <= 0:
                    self._stop = Status.PIVOT_LIMIT
                    return
                reached = self._basis.run(budget, min(SLICE_SECONDS, left))
                now = time.perf_counter()
                if on_slice is not None:
                    on_slice(self._pivots, now - limits.begin, self._basis.value())
                if reached is Status.OPTIMAL:
                    return
                if reached is Status.PIVOT_LIMIT or now >= limits.deadline:
                    self._stop = reached
                    return
        except KeyboardInterrupt:
            self._stop = Status.INTERRUPTED

    def _prices(self) -> tuple[Potentials, Solved]:
        """Potentials for pricing, and the record of them that `advance` needs."""
        u, v = own = self._basis.potentials()
        if self._settings.center:
            shift = self._masses.shift(u, v)
            u, v = u + shift, v - shift
        return (u, v), Solved(own, (u, v.astype(self._settings.dtype).astype(np.float64)))

    def _stopped(self, status: Status) -> Stopped:
        return Stopped(status, used=int(np.count_nonzero(self._basis.flow() > 0)))

    def _fitting(self, priced: Priced, violated: HostArray) -> HostArray:
        """The violated arcs that there is room for, after dropping others."""
        self._make_room(violated.size)
        room = self._settings.limits.arcs - self._basis.size
        if 0 < room < violated.size:
            return priced.most_negative(violated, room)
        return violated  # with no room at all, `_judge` says so

    def _make_room(self, coming: int) -> None:
        """Drop the arcs of largest reduced cost where there are too many.

        Only if the plan has become cheaper since the last drop: then no basis is seen twice, so
        arcs that are dropped and added again cannot make the solve run for ever.
        """
        most = min(self._settings.limits.arcs, MAX_ARCS * sum(self._masses.shape))
        if self._basis.size + coming <= most:
            return
        value = self._basis.value()
        if value < self._value_when_dropped:
            self._value_when_dropped = value
            self._basis.shrink(most * KEPT_ARCS // MAX_ARCS)

    def _judge(self, found: int) -> None:
        """Record whether this round is the last one, and why."""
        limits = self._settings.limits
        if self._stop is None and found == 0:
            self._stop = Status.OPTIMAL
        elif limits.tol > 0 and self._gap() <= limits.tol:
            self._stop = Status.GAP_REACHED
        elif self._stop is not None:
            return
        elif limits.out_of_time:
            self._stop = Status.TIME_LIMIT
        elif self._basis.size + found > limits.arcs:
            self._stop = Status.MEMORY_LIMIT

    def _gap(self) -> float:
        return relative_gap(self._basis.value(), self._bounds.lower)

    def _report(self, found: int, arcs: int) -> None:
        if (tell := self._settings.watch.on_round) is None:
            return
        now = time.perf_counter() - self._settings.limits.begin
        value, lower = self._basis.value(), self._bounds.lower
        tell(Round(self._rounds, value, lower, arcs, found, self._pivots, now))


class Latest(NamedTuple):
    """The arcs added last: the place of the first of them in the core's list, and their ends."""

    first: int
    rows: HostArray
    cols: HostArray

    def at(self, index: int) -> tuple[int, int]:
        """Source and target of the arc at this place of the core's list, for messages."""
        return int(self.rows[index - self.first]), int(self.cols[index - self.first])


NO_ARCS = Latest(0, *(np.empty(0, np.int32),) * 2)


def _bad_point(*points: HostArray) -> BadPoint | None:
    for name, cloud in zip("XY", points, strict=False):
        bad = np.flatnonzero(~np.isfinite(cloud).all(axis=1))
        if bad.size:
            return BadPoint(name, int(bad[0]), cloud[bad[0]].tolist())
    return None


def _start_from(basis: LiveBasis, plan: FirstPlan) -> None:
    """Start a basis, whose first arcs are those of the plan, from that plan."""
    assert plan.flow is not None, "only a plan with its flow is a start"
    flow = np.zeros(basis.size, np.int64)
    flow[: plan.flow.size] = plan.flow
    basis.start_from_plan(flow, *plan.potentials)
