"""The host's half of column generation: a few arcs, their basis, and the bounds.

`Restricted` is a state, and its methods are host functions in the sense of `Backend.host_call`:
NumPy arrays in, NumPy arrays out. What it holds never crosses: the arcs, the live basis, the best
bounds. What crosses in a round is what `advance` takes and gives, O(n + m) numbers each way.

*Beginning, and beginning again.* The first plan is made along a curve or coarse to fine; where the
first lower bound shows that the former was the wrong choice, the latter is made after all
(`first_plan`), and takes the place of the basis if it is cheaper.

*Which arcs are added* is said in `priced`. *Which arcs are dropped:* those of largest reduced cost,
when there are more than a few a point, as a shorter list is walked sooner. The basis stays, so
plan, potentials and bounds are untouched; if a dropped arc is wanted later, pricing finds it again.

*Bounds.* The plan is feasible for the whole problem whatever arcs are missing: its cost is an upper
bound, and never rises. From v alone the largest feasible potentials of the sources are the row
minima of ``cost − v`` over all pairs, which pricing finds anyway; with them v gives a lower bound.
It may fall from round to round, so the best one is kept together with its potentials.

*Ctrl-C.* A KeyboardInterrupt raised while the simplex runs, or by the caller's own progress
function, ends the solve with what there is. A first plan must exist, else it is passed on.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sparse_ot.core.live_basis import SLICE_SECONDS, LiveBasis, Progress, as_double, certify, gauge
from sparse_ot.errors import HallViolation
from sparse_ot.problem.faults import Fault
from sparse_ot.result.certificate import rounding_of_bounds
from sparse_ot.result.status import Status
from sparse_ot.solvers.column_generation.entering_arcs import Priced
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import Round, relative_gap
from sparse_ot.solvers.starts.choose import BadPoint, FirstPlan, FirstPlans

__all__ = ["Restricted"]

HostArray: TypeAlias = npt.NDArray[Any]

MAX_ARCS, KEPT_ARCS = 6, 4
"""Arcs, in the mean of a point, at which the restricted problem is cut back, and to how many.
Solves of several rounds take a tenth to a quarter less time for it (benchmarks/NOTES.md)."""

NO_PLAN = FirstPlan(*(np.empty(0, np.int32),) * 2)


class Restricted:
    """Arcs, basis and bounds of one solve; see the module docstring.

    Parameters
    ----------
    totals_tolerance : float
        See `sparse_ot.masses`.
    limits : Limits
    center : bool
        Hand out potentials with ``<u, a> == <v, b>``, not the simplex's own.
    dtype : str
        Element type in which potentials leave for the device.
    begin : float
        When the solve began, on the clock of `time.perf_counter`.
    first_plans : FirstPlans
    on_round, on_slice : callable, optional
        Progress after every round, and several times a second inside the simplex.

    Attributes
    ----------
    status : Status or None
        Why to stop; None as long as there is work.
    violation : HallViolation or None
        What the arcs so far starve.
    bad_point : BadPoint or None
        A point that is not finite.
    bad_minimum : int or None
        A source whose row minimum is NaN.
    starts_over : bool
        A better first plan is wanted: call `plan_again`.
    lower : float
        Best lower bound so far.
    rounds : int
    seconds : float
        In the simplex, its starts included.
    """

    def __init__(
        self,
        *,
        totals_tolerance: float,
        limits: Limits,
        center: bool,
        dtype: str,
        begin: float,
        first_plans: FirstPlans,
        on_round: Callable[[Round], None] | None,
        on_slice: Progress | None,
    ) -> None:
        self._totals_tolerance = totals_tolerance
        self.limits, self._center, self._dtype, self._begin = limits, center, dtype, begin
        self.first_plans = first_plans
        self._plan = NO_PLAN
        self._on_round, self._on_slice = on_round, on_slice
        self._latest = Latest(0, *(np.empty(0, np.int32),) * 2)
        self._slack = 1.0
        self._largest_cost = 0.0
        self._value_when_dropped = math.inf
        self._penalty = self._largest_penalty = math.inf
        self._given_up = Counter[str]()  # what a basis that was given up had done
        self.status: Status | None = None
        self.violation: HallViolation | None = None
        self.bad_point: BadPoint | None = None
        self.bad_minimum: int | None = None
        self.has_plan = self.starts_over = False
        self.rounds = 0
        self.lower = -math.inf
        self.seconds = 0.0

    # -- host functions, in the order of calls -------------------------------------------------

    def take(self, a: HostArray, b: HostArray, *points: HostArray) -> tuple[HostArray, ...]:
        """Take the masses, and the points if there are any; nothing goes back."""
        self.a, self.b = as_double(a), as_double(b)
        self._basis = self._empty_basis()
        self.bad_point = self.first_plans.take(*points)
        if self.fault is None:
            self.total_mass, total_b = math.fsum(self.a), math.fsum(self.b)
            equal = self.total_mass == total_b
            self._b_scaled = self.b if equal else self.b * (self.total_mass / total_b)
        return ()

    def open(self, *arrays: HostArray) -> tuple[HostArray, ...]:
        """Take all that `take` takes, and find a first plan. Nothing goes back; see `hand_out`."""
        self.take(*arrays)
        if self.fault is None and self.bad_point is None:
            self._plan = self.first_plans.first(self.a, self.b)
        return ()

    def plan_again(self, anchor: HostArray) -> tuple[HostArray, ...]:
        """Find a better first plan; nothing goes back, see `hand_out`."""
        self.starts_over = False
        self._plan = self.first_plans.coarse(self.a, self.b)
        return ()

    def hand_out(self, anchor: HostArray) -> tuple[HostArray, ...]:
        """The arcs of the first plan (rows, cols), and its potentials if it has any (u, v)."""
        return self._plan.rows, self._plan.cols, *self._plan.potentials

    def begin(
        self, rows: HostArray, cols: HostArray, costs: HostArray, *potentials: HostArray
    ) -> tuple[HostArray, HostArray]:
        """Take the first arcs, those of the first plan before the others; solve on them.

        Potentials near the optimum help where the first plan has none of its own.
        """
        self._warm = potentials
        self._add(rows, cols, costs)
        if self._plan.flow is None or self.fault is not None or self.arcs < costs.size:
            return self._start()
        began = time.perf_counter()
        _start_from(self._basis, self._plan)
        self._plan = NO_PLAN  # not needed again, and as large as the clouds
        return self._go_on(began)

    def begin_again(
        self, rows: HostArray, cols: HostArray, costs: HostArray, *potentials: HostArray
    ) -> tuple[HostArray, HostArray]:
        """Take the arcs of a better first plan, and others; go on from there if it is better.

        It may not be, if there was no time. Ctrl-C leaves the basis that was there before.
        """
        began = time.perf_counter()
        basis = self._empty_basis()
        basis.add(rows, cols, costs)
        if basis.fault is None and basis.size == costs.size:
            _start_from(basis, self._plan)
            if basis.value() < self._basis.value():
                self._given_up.update(self._counts())
                self._basis, self._slack, self._value_when_dropped = basis, 1.0, math.inf
        self._plan = NO_PLAN
        return self._go_on(began)

    def rescue(
        self, rows: HostArray, cols: HostArray, costs: HostArray
    ) -> tuple[HostArray, HostArray]:
        """Take the arcs found at the prices of an infeasible problem; start again."""
        assert self.violation is not None, "asked for after a failed start only"
        n, m = self.a.size, self.b.size
        inside, reached = np.zeros(n, bool), np.zeros(m, bool)
        inside[self.violation.sources] = True
        reached[self.violation.targets] = True
        escapes = inside[rows] & ~reached[cols] & (costs < np.inf)
        if escapes.any():
            self._add(rows[escapes], cols[escapes], costs[escapes])
            return self._start()
        if self._penalty >= self._largest_penalty:
            self.status = Status.INFEASIBLE
            return self._nothing()
        self._penalty = self._largest_penalty
        return self._escape_prices()

    def advance(
        self, rows: HostArray, cols: HostArray, costs: HostArray, minima: HostArray
    ) -> tuple[HostArray, HostArray]:
        """Take a pricing at the potentials handed out last; add its arcs and solve again."""
        began = time.perf_counter()
        self.rounds += 1
        if (bad := np.flatnonzero(np.isnan(minima))).size:
            self.bad_minimum = int(bad[0])
            return self._nothing()
        self._tighten(minima.astype(np.float64))
        priced = Priced(rows, cols, costs.astype(np.float64), *self._own)
        solved_on = self.arcs
        chosen = self._fitting(priced, priced.violated(self._slack))
        self._judge(chosen.size)
        try:
            self._report(chosen.size, solved_on)
            gap = relative_gap(self._basis.value(), self.lower)
            if self.rounds == 1 and self.status is None and self.first_plans.gives_up(gap):
                self.starts_over = True
            while self.status is None and not self.starts_over:
                before = self._basis.pivots
                self._add(priced.rows[chosen], priced.cols[chosen], priced.costs[chosen])
                if self.fault is not None:
                    return self._nothing()
                self._run()
                if self._basis.pivots > before or self.status is not None:
                    break
                self._slack *= 2.0  # the arcs were no news: rounding talks to itself
                chosen = self._fitting(priced, priced.violated(self._slack))
                self._judge(chosen.size)
        except KeyboardInterrupt:
            self.status = Status.INTERRUPTED
        self.seconds += time.perf_counter() - began
        return self._prices()

    def finish(self, anchor: HostArray) -> tuple[HostArray, ...]:
        """The plan's arcs and flow, the best potentials, the value, and the certificate."""
        u, v = self._best
        if self._center:
            shift = gauge(self.a, self._b_scaled, u, v)
            if abs(shift) > 1e-12 * max(np.abs(u).max(), np.abs(v).max()):
                u, v = u + shift, v - shift
        single = self._dtype == "float32"
        self.rounding = float(rounding_of_bounds(self.a, u, self._b_scaled, v, single=single))
        flow = self._basis.flow()
        rows, cols, costs = self._basis.arcs()
        numbers = np.empty(4)
        numbers[:] = certify(self.a, self.b, rows, cols, costs, flow, u, v)
        numbers[1] = math.fsum(self.a * u) + math.fsum(self._b_scaled * v)
        used = flow > 0
        return rows[used], cols[used], flow[used], u, v, np.array(numbers[0]), numbers

    # -- what the loop on the device's side looks at -------------------------------------------

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the numbers given so far."""
        return self._basis.fault

    @property
    def plan_arcs(self) -> int:
        """Arcs of the first plan."""
        return int(self._plan.rows.size)

    @property
    def plan_has_potentials(self) -> bool:
        """Whether `hand_out` has more to give than arcs."""
        return bool(self._plan.potentials)

    @property
    def out_of_time(self) -> bool:
        """Whether the deadline has passed."""
        return time.perf_counter() >= self.limits.deadline

    @property
    def arcs(self) -> int:
        """Arcs of the restricted problem."""
        return self._basis.size

    @property
    def stats(self) -> dict[str, Any]:
        """Counts of the core, by name; pivots are those of all bases there were."""
        return self._basis.stats | (self._given_up + self._counts())

    def arc_at(self, index: int) -> tuple[int, int]:
        """Source and target of one of the arcs added last, for messages."""
        first, rows, cols = self._latest
        return int(rows[index - first]), int(cols[index - first])

    def count_used(self) -> int:
        """Arcs that carry flow."""
        return int(np.count_nonzero(self._basis.flow() > 0))

    # -- inside --------------------------------------------------------------------------------

    def _empty_basis(self) -> LiveBasis:
        return LiveBasis(self.a, self.b, self._totals_tolerance)

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
        self._latest = Latest(self.arcs, rows, cols)
        self._largest_cost = max(self._largest_cost, float(np.abs(costs).max(initial=0.0)))
        self._basis.add(rows, cols, costs)

    def _start(self) -> tuple[HostArray, HostArray]:
        began = time.perf_counter()
        feasible = self.fault is None and self._basis.start(*self._warm)
        if self.fault is not None:
            return self._nothing()
        if feasible:
            return self._go_on(began)
        self.seconds += time.perf_counter() - began
        self.violation = self._basis.starved()
        self._largest_penalty = float(np.finfo(self._dtype).max) / 16
        self._penalty = min(2.0**20 * (self._largest_cost or 1.0), self._largest_penalty)
        return self._escape_prices()

    def _go_on(self, began: float) -> tuple[HostArray, HostArray]:
        self.violation, self.has_plan = None, True
        self._run()
        self.seconds += time.perf_counter() - began
        return self._prices()

    def _escape_prices(self) -> tuple[HostArray, HostArray]:
        """Prices at which only arcs from starved sources to targets beyond their reach pay.

        Farkas pricing, as it is called: the dual ray of the infeasible problem, plus nothing.
        """
        assert self.violation is not None, "asked for after a failed start only"
        u, v = np.full(self.a.size, -2.0 * self._penalty), np.zeros(self.b.size)
        u[self.violation.sources] = self._penalty / 2
        v[self.violation.targets] = -self._penalty
        return u, v

    def _run(self) -> None:
        """Solve the restricted problem, in slices; say in `status` what stopped it short."""
        limits = self.limits
        try:
            while True:
                left = max(0.0, limits.deadline - time.perf_counter())
                budget = limits.pivots - self._pivots
                if budget <= 0:
                    self.status = Status.PIVOT_LIMIT
                    return
                reached = self._basis.run(budget, min(SLICE_SECONDS, left))
                now = time.perf_counter()
                if self._on_slice is not None:
                    self._on_slice(self._pivots, now - self._begin, self._basis.value())
                if reached is Status.OPTIMAL:
                    return
                if reached is Status.PIVOT_LIMIT or now >= limits.deadline:
                    self.status = reached
                    return
        except KeyboardInterrupt:
            self.status = Status.INTERRUPTED

    def _prices(self) -> tuple[HostArray, HostArray]:
        """Potentials as the device will know them; what `_tighten` needs is kept."""
        self._own = self._basis.potentials()
        u, v = self._own
        if self._center:
            shift = gauge(self.a, self._b_scaled, u, v)
            u, v = u + shift, v - shift
        self._given = u, v.astype(self._dtype).astype(np.float64)
        return u, v

    def _nothing(self) -> tuple[HostArray, HostArray]:
        return np.zeros(self.a.size), np.zeros(self.b.size)

    def _tighten(self, minima: HostArray) -> None:
        """The lower bound of the row minima, if it is the best so far."""
        u, v = self._given
        # A source whose pairs are all forbidden holds no mass, and any potential suits it.
        minima = np.where(np.isfinite(minima), minima, u)
        lower = float(self.a @ minima + self._b_scaled @ v)
        if lower > self.lower:
            self._best = minima, v
            self.lower = lower  # last: Ctrl-C may come between the two

    def _fitting(self, priced: Priced, violated: HostArray) -> HostArray:
        """Those of the violated arcs that there is room for, after dropping others."""
        self._make_room(violated.size)
        room = self.limits.arcs - self.arcs
        if 0 < room < violated.size:
            return priced.most_negative(violated, room)
        return violated  # with no room at all, `_judge` says so

    def _make_room(self, coming: int) -> None:
        """Drop the arcs of largest reduced cost where there are too many.

        Only once the plan has become cheaper since the last time: the simplex then never sees a
        basis again, so arcs that go and come back cannot keep it busy for ever.
        """
        points = self.a.size + self.b.size
        most = min(self.limits.arcs, MAX_ARCS * points)
        if self.arcs + coming <= most:
            return
        value = self._basis.value()
        if value < self._value_when_dropped:
            self._value_when_dropped = value
            self._basis.shrink(most * KEPT_ARCS // MAX_ARCS)

    def _judge(self, found: int) -> None:
        """Say in `status` whether the round was the last one."""
        limits = self.limits
        if self.status is None and found == 0:
            self.status = Status.OPTIMAL
        elif limits.tol > 0 and relative_gap(self._basis.value(), self.lower) <= limits.tol:
            self.status = Status.GAP_REACHED
        elif self.status is not None:
            return
        elif self.out_of_time:
            self.status = Status.TIME_LIMIT
        elif self.arcs + found > limits.arcs:
            self.status = Status.MEMORY_LIMIT

    def _report(self, found: int, arcs: int) -> None:
        if self._on_round is None:
            return
        now = time.perf_counter() - self._begin
        number, upper, lower = self.rounds, self._basis.value(), self.lower
        self._on_round(Round(number, upper, lower, arcs, found, self._pivots, now))


class Latest(NamedTuple):
    """The arcs added last: the place of the first one in the core's list, and their ends."""

    first: int
    rows: HostArray
    cols: HostArray


def _start_from(basis: LiveBasis, plan: FirstPlan) -> None:
    """Start a basis, whose first arcs are those of the plan, from that plan."""
    assert plan.flow is not None, "only a plan with its flow is a start"
    flow = np.zeros(basis.size, np.int64)
    flow[: plan.flow.size] = plan.flow
    basis.start_from_plan(flow, *plan.potentials)
