"""The host's half of column generation: a few arcs, their basis, and the bounds.

`RestrictedProblem` is a state, and its methods are steps: NumPy arrays in, NumPy arrays and an
event out, which says how it went and what may follow (`events`). What the state holds never
crosses: the arcs, the live basis, the best bounds. What crosses in a round is what `advance` takes
and gives, O(n + m) numbers each way.

*Beginning, and beginning again.* The first plan is made along a curve or coarse to fine; where the
first lower bound shows that the former was the wrong choice, the latter is made after all
(`starts.choose`), and takes the place of the basis if it is cheaper.

*Which arcs are added* is said in `entering_arcs`. *Which arcs are dropped:* those of largest
reduced cost, when there are more than a few a point, as a shorter list is walked sooner. The basis
stays, so plan, potentials and bounds are untouched; if a dropped arc is wanted later, pricing finds
it again.

*Bounds.* The plan is feasible for the whole problem whatever arcs are missing: its cost is an upper
bound, and never rises. Lower bounds are in `bounds`.

*Ctrl-C.* A KeyboardInterrupt raised while the simplex runs, or by the caller's own progress
function, ends the solve with what there is. A first plan must exist, else it is passed on.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.core import SLICE_SECONDS, LiveBasis, Masses, as_double, certify
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
"""Arcs, in the mean of a point, at which the restricted problem is cut back, and to how many.
Solves of several rounds take a tenth to a quarter less time for it (benchmarks/NOTES.md)."""

Potentials: TypeAlias = tuple[HostArray, HostArray]
Nothing: TypeAlias = tuple[()]


@dataclass(frozen=True)
class Settings:
    """What is fixed for a solve before it begins.

    Attributes
    ----------
    limits : Limits
    watch : Watch
    center : bool
        Hand out potentials with ``<u, a> == <v, b>``, not the simplex's own.
    dtype : str
        Element type in which potentials leave for the device.
    totals_tolerance : float
        See `sparse_ot.masses`.
    """

    limits: Limits
    watch: Watch
    center: bool
    dtype: str
    totals_tolerance: float


class Opened(NamedTuple):
    """The masses are sound.

    Attributes
    ----------
    problem : RestrictedProblem
        Without arcs yet.
    plan : FirstPlan or None
        Whose arcs are to be among the first; none where all pairs will be.
    second : SecondPlan or None
    """

    problem: RestrictedProblem
    plan: FirstPlan | None
    second: SecondPlan | None


@dataclass(frozen=True)
class Finished:
    """What there is to say about a solve, beside plan and potentials."""

    value: float
    lower_bound: float
    worst_reduced_cost: float
    worst_marginal_error: float
    total_mass: float
    rounding: float
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
    """Take the masses (n,), (m,), and the points (n, d), (m, d) if there are any; plan.

    `checked` says that the points are known to be finite; `plans`, how to make a plan, if any.
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
        The same masses as the core counts them.
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
        self._given_up = Counter[str]()  # what a basis that was given up had done
        self._stop: Status | None = None  # why to stop, as soon as there is a bound
        self._rounds, self._seconds = 0, 0.0

    # -- steps, in the order of `events` -------------------------------------------------------

    def begin(
        self,
        plan: FirstPlan | None,
        rows: HostArray,
        cols: HostArray,
        costs: HostArray,
        *potentials: HostArray,
    ) -> tuple[Nothing, Ready | Starved | BadNumber]:
        """Take the first arcs, those of the plan before the others, and find a basis.

        Potentials near the optimum help where the plan has none of its own.
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
        """Take the arcs found at the prices of a starved start; start again."""
        out = starved.leads_out(rows, cols, costs, *self._masses.shape)
        if out.any():
            self._add(rows[out], cols[out], costs[out])
            return (), self._start(starved.potentials)
        return (), starved.dearer() or Infeasible(starved.violation)

    def run(self) -> tuple[Potentials, Solved]:
        """Solve on the arcs there are; potentials for pricing."""
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
    ) -> tuple[Potentials | Nothing, Solved | StartOver | Stopped | BadMinimum | BadNumber]:
        """Take a pricing at the potentials of `solved`; add its arcs and solve again.

        `second` says whether there is a second plan to be had in place of the first.
        """
        began = time.perf_counter()
        self._rounds += 1
        if (bad := np.flatnonzero(np.isnan(minima))).size:
            return (), BadMinimum(int(bad[0]))
        self._bounds.tighten(minima.astype(np.float64), *solved.given)
        priced = Priced(rows, cols, costs.astype(np.float64), *solved.own)
        solved_on = self._basis.size
        chosen = self._fitting(priced, priced.violated(self._slack))
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
        """Take the arcs of a better plan, and others; go on from there if it is better.

        It may not be, if there was no time. Ctrl-C leaves the basis that was there before.
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
        """What follows `event` now that Ctrl-C was pressed outside: the end, or a first bound.

        None where there is nothing to return yet, or if it was the second time.
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
        flow = self._basis.flow()
        rows, cols, costs = self._basis.arcs()
        value, _, reduced_cost, marginal_error = certify(
            masses.a, masses.b, rows, cols, costs, flow, u, v
        )
        used = flow > 0
        single = settings.dtype == "float32"
        record = Finished(
            value=value,
            lower_bound=math.fsum(masses.a * u) + math.fsum(masses.b_scaled * v),
            worst_reduced_cost=reduced_cost,
            worst_marginal_error=marginal_error,
            total_mass=masses.total,
            rounding=float(rounding_of_bounds(masses.a, u, masses.b_scaled, v, single=single)),
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
        """Keep and pass on the arcs that are not forbidden."""
        allowed = costs < np.inf
        allowed |= np.isnan(costs)  # the core complains about those
        if not allowed.all():
            rows, cols, costs = rows[allowed], cols[allowed], costs[allowed]
        self._latest = Latest(self._basis.size, rows, cols)
        self._largest_cost = max(self._largest_cost, float(np.abs(costs).max(initial=0.0)))
        self._basis.add(rows, cols, costs)

    def _start(self, potentials: tuple[HostArray, ...]) -> Ready | Starved | BadNumber:
        """A basis on the arcs there are, if they carry a plan."""
        began = time.perf_counter()
        feasible = self._basis.fault is None and self._basis.start(*potentials)
        self._seconds += time.perf_counter() - began
        if self._basis.fault is not None:
            return BadNumber(self._basis.fault, self._latest.at)
        if feasible:
            return Ready()
        return Starved.at(
            self._basis.starved(),
            potentials,
            largest_cost=self._largest_cost,
            dtype=self._settings.dtype,
        )

    def _improve(self, priced: Priced, chosen: HostArray) -> None:
        """Add the chosen arcs and solve, unless there is a reason to stop."""
        while self._stop is None:
            before = self._basis.pivots
            self._add(priced.rows[chosen], priced.cols[chosen], priced.costs[chosen])
            if self._basis.fault is not None:
                return
            self._run()
            if self._basis.pivots > before or self._stop is not None:
                return
            self._slack *= 2.0  # the arcs were no news: rounding talks to itself
            chosen = self._fitting(priced, priced.violated(self._slack))
            self._judge(chosen.size)

    def _run(self) -> None:
        """Solve the restricted problem, in slices; note what stopped it short."""
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
        """Potentials for pricing, and what `advance` must know of them."""
        u, v = own = self._basis.potentials()
        if self._settings.center:
            shift = self._masses.shift(u, v)
            u, v = u + shift, v - shift
        return (u, v), Solved(own, (u, v.astype(self._settings.dtype).astype(np.float64)))

    def _stopped(self, status: Status) -> Stopped:
        return Stopped(status, used=int(np.count_nonzero(self._basis.flow() > 0)))

    def _fitting(self, priced: Priced, violated: HostArray) -> HostArray:
        """Those of the violated arcs that there is room for, after dropping others."""
        self._make_room(violated.size)
        room = self._settings.limits.arcs - self._basis.size
        if 0 < room < violated.size:
            return priced.most_negative(violated, room)
        return violated  # with no room at all, `_judge` says so

    def _make_room(self, coming: int) -> None:
        """Drop the arcs of largest reduced cost where there are too many.

        Only once the plan has become cheaper since the last time: the simplex then never sees a
        basis again, so arcs that go and come back cannot keep it busy for ever.
        """
        most = min(self._settings.limits.arcs, MAX_ARCS * sum(self._masses.shape))
        if self._basis.size + coming <= most:
            return
        value = self._basis.value()
        if value < self._value_when_dropped:
            self._value_when_dropped = value
            self._basis.shrink(most * KEPT_ARCS // MAX_ARCS)

    def _judge(self, found: int) -> None:
        """Note whether the round was the last one, and why."""
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
    """The arcs added last: the place of the first one in the core's list, and their ends."""

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
