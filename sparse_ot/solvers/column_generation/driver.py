"""The optimum over all pairs, found on a few of them: column generation.

*The idea.* A plan between n and m points needs at most n + m − 1 of the n·m pairs, so nearly every
pair could be left out of the problem without changing the answer. Solve it on a few likely arcs.
The potentials u, v of that solve then show which missing pair would have helped: one whose reduced
cost ``cost − u − v`` is negative. Add the most negative ones, continue from the same basis, and
stop when no pair of the whole problem has a negative reduced cost. Then u and v are feasible for
all pairs, the plan is feasible anyway, and the two have the same value. The sparse answer is the
dense optimum, and it is proved without reading the whole matrix on the host.

*Division of labour.* The cost model chooses the first arcs and finds the missing ones, on the
device where the data is: by nearest neighbours, and by nearest neighbours with the potentials as
offsets (`CostModel.candidate_arcs`, `CostModel.price`). The simplex is sequential and runs on the
host (`restricted_problem.RestrictedProblem`). `Backend.host_call` passes between the two, once in
each direction per round: potentials one way, a few arcs and the row minima the other, O(n + m)
numbers. The host also returns the outcome of each step (`events`), and the loop here acts on it.

*Feasible from the start.* The support of one plan, along a space-filling curve, is among the first
arcs. Where pairs are forbidden it may not be enough. The failed start then names sources that reach
too few targets, pricing at the prices of that dual ray finds their cheapest way out (Farkas
pricing, `farkas`), and the start is repeated. If there is no way out, the problem has no plan.

*Termination, in exact arithmetic.* Every round but the last adds a pair that was not in the
restricted problem, because the simplex leaves no pair of its own with a negative reduced cost.
There are n·m pairs, and the simplex itself terminates (Cunningham's rule), so the number of rounds
is finite. It is small because many pairs are added at a time.

*Termination, in floating point.* A reduced cost counts as negative below ``−τ``, with
``τ = 64 ε slack (|cost| + |u| + |v|)``, by the rule and in the order of operations of the simplex.
So the argument holds exactly as long as each pair has one cost. If a cost differs in the last digit
when computed again, as on devices, its pair may be added once more for each such value, of which
there are finitely many. If the simplex then makes no pivot, slack doubles, and τ soon exceeds every
violation. In practice slack stays 1.

*The meaning of "optimal".* In the last round the row minima ``u'[i] = min_j cost(i, j) − v[j]`` lie
at most τ below u. They are returned in place of u, so (u', v) is feasible for every pair by
construction, up to the one rounding of each reduced cost, whatever happened before. The gap is at
most ``Σ a τ``, about 1e-14 of the costs involved; it is computed and reported, not assumed. Where
the library has float64 all is computed in it, also for float32 points, whose costs are exact
enough; where it has not (JAX without x64) row minima carry the rounding of float32.

*Stopping short.* After every round there is a feasible plan and a lower bound, and the gap closes
fast. A tolerance, a deadline, a memory limit or Ctrl-C ends the solve with both.

*Dropping.* The restricted problem is kept to a few arcs per point by dropping those of largest
reduced cost (`restricted_problem`). Without a limit, dropping would break the argument above, so it
is done only when the plan has become cheaper since the last drop. The cost of the plan falls
strictly from drop to drop, and takes finitely many values; after the last drop the argument holds.

References: Desaulniers, Desrosiers and Solomon 2005, Column Generation, chapter 1; Ford and
Fulkerson 1958, Management Science 5(1), for its origin in flows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn, TypeVar

import numpy as np

from sparse_ot._typing import Array, HostArray
from sparse_ot.backends.generic.arrays import device_of, dtype_name, index_dtype
from sparse_ot.backends.protocol import ArraySpec, Pricing
from sparse_ot.costs.arc_lists import Arcs, working_dtype
from sparse_ot.costs.model import CostModel, Points
from sparse_ot.errors import HallViolation, NonFiniteError
from sparse_ot.problem.infeasible import raise_infeasible
from sparse_ot.problem.problem import Problem
from sparse_ot.result.certificate import Certificate
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution, SolveStats
from sparse_ot.result.status import Status
from sparse_ot.solvers.column_generation.events import (
    Bad,
    BadMinimum,
    BadPoint,
    Event,
    Infeasible,
    Ready,
    Solved,
    StartOver,
    Starved,
    Stopped,
)
from sparse_ot.solvers.column_generation.farkas import dual_ray
from sparse_ot.solvers.column_generation.restricted_problem import (
    Finished,
    Opened,
    RestrictedProblem,
    Settings,
    open_problem,
)
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.number_range import overflow_of
from sparse_ot.solvers.progress import NOBODY, Watch
from sparse_ot.solvers.starts import multiscale
from sparse_ot.solvers.starts.choose import FirstPlan, FirstPlans, SecondPlan

__all__ = ["FIRST_NEIGHBOURS", "solve_by_columns"]

FIRST_NEIGHBOURS = 12
"""First arcs per point, from sources and from targets alike."""

ALL_PAIRS = 4096
"""Number of pairs up to which all are first arcs: choosing would take longer."""

MULTISCALE_POINTS = 1500
"""Sources and targets together at which the multiscale start begins to pay; see `starts.choose`."""

ARCS_PER_ROUND = 4
"""Missing arcs sought per round and point, on average."""

Result = TypeVar("Result")


def solve_by_columns(
    problem: Problem,
    *,
    limits: Limits | None = None,
    center: bool = True,
    start: tuple[Array, Array] | None = None,
    seed: int | None = None,
    watch: Watch = NOBODY,
    on_infeasible: Callable[[HallViolation, CostModel], object] = raise_infeasible,
) -> Solution:
    """Solve over all pairs of a cost model, which may be any object with that protocol.

    Parameters
    ----------
    problem : Problem
        Its arrays must have values, so not under a JAX trace, except for gradients.
    limits : Limits, optional
    center : bool
        Return potentials with ``<u, a> == <v, b>``.
    start : (u, v), optional
        Potentials (n,) and (m,) near the optimal ones; without them large clouds may start coarse
        to fine (`sparse_ot.solvers.starts.multiscale`).
    seed : int, optional
        Seed of that start.
    watch : Watch
        Functions that receive the progress.
    on_infeasible : callable
        Receives the violation and the cost model; if it returns, the solution is NaN throughout.

    Returns
    -------
    Solution
        Its certificate covers all pairs of the cost model. The cost model also decides the form of
        the plan: a matrix if the cost is one, otherwise a sparse container of the arcs that carry
        mass.

    Raises
    ------
    InfeasibleError, MassError, NonFiniteError
        As `sparse_ot.solve`.
    KeyboardInterrupt
        Ctrl-C before there was a plan, or pressed a second time.
    """
    limits = limits or Limits()
    solve = _Solve(problem, limits, center, seed, watch)
    host, event, second = solve.begin(start)
    potentials: tuple[Array, ...] = ()
    while not isinstance(event, (Stopped, Infeasible)):
        try:
            match event:
                case Starved():  # the first arcs carry no plan
                    event = solve.rescue(host, event)
                case Ready():  # they do
                    potentials, event = solve.run(host)
                case Solved():  # ask which pairs are missing
                    potentials, event = solve.advance(host, event, potentials, second)
                    second = second if isinstance(event, StartOver) else None
                case StartOver():  # the first plan was too poor to improve by rounds
                    event, second = solve.begin_again(host, second), None
        except KeyboardInterrupt:
            if (next_event := host.interrupt(event)) is None:
                raise
            event = next_event
    if isinstance(event, Stopped):
        return solve.solution(host, event)
    on_infeasible(event.violation, problem.cost)
    return solve.no_solution(event.violation)


class _Solve:
    """One solve, seen from the device: each step prepares its arrays and calls the host."""

    def __init__(
        self, problem: Problem, limits: Limits, center: bool, seed: int | None, watch: Watch
    ) -> None:
        self.problem, self.backend, self.limits = problem, problem.backend, limits
        self.cost = problem.cost.detached()
        self.points = self.cost.points()
        self.seed = seed
        n, m = problem.shape
        dtype = working_dtype(self.cost.like, self.backend.xp)
        self.specs = ArraySpec((n,), dtype), ArraySpec((m,), dtype)
        self.settings = Settings(limits, watch, center, dtype, problem.totals_tolerance)
        self.ledger = TransferLedger()
        self.seconds = {"candidates": 0.0, "pricing": 0.0, "coarse to fine": 0.0}

    # -- steps, in the order of `events` -------------------------------------------------------

    def begin(
        self, start: tuple[Array, Array] | None
    ) -> tuple[RestrictedProblem, Event, SecondPlan | None]:
        """Choose the first arcs, and pass them to the host."""
        began = time.perf_counter()
        n, m = self.problem.shape
        few = n * m <= ALL_PAIRS
        plans = None if few else _first_plans(self.points, self.limits, self.seed, start is None)
        near = tuple(self.backend.detach(x) for x in start) if start is not None else ()
        host, plan, second = self._open(plans)
        if plan is None:
            arcs = self._all_pairs()
        else:
            arcs, near = self._likely_arcs(plan, near)
        self.seconds["candidates"] += time.perf_counter() - began
        _, event = self._call(partial(host.begin, plan), *arcs, *near)
        return host, event, second

    def rescue(self, host: RestrictedProblem, starved: Starved) -> Event:
        """Price at potentials that make reduced costs negative only out of the starved set."""
        n, m = self.problem.shape
        u, v = self._fetch(starved.prices(n, m), self.specs)
        _, event = self._call(partial(host.rescue, starved), *self._price(u, v)[:3])
        return event

    def run(self, host: RestrictedProblem) -> tuple[tuple[Array, ...], Event]:
        """Solve on the arcs that the host has."""
        return self._call(host.run, out=self.specs)

    def advance(
        self,
        host: RestrictedProblem,
        solved: Solved,
        potentials: tuple[Array, ...],
        second: SecondPlan | None,
    ) -> tuple[tuple[Array, ...], Event]:
        """Price at the potentials, and let the host go on with the missing arcs."""
        step = partial(host.advance, solved, second is not None)
        return self._call(step, *self._price(*potentials), out=self.specs)

    def begin_again(self, host: RestrictedProblem, second: SecondPlan | None) -> Event:
        """Make the second plan, and pass on its arcs together with likely ones."""
        assert second is not None, "the host was told that there is one"
        plan = second()
        arcs, _ = self._likely_arcs(plan, ())
        _, event = self._call(partial(host.begin_again, plan), *arcs)
        return event

    def solution(self, host: RestrictedProblem, stopped: Stopped) -> Solution:
        """The solution, back on the device and in the caller's types."""
        began = time.perf_counter()
        problem, backend, cost = self.problem, self.backend, self.problem.cost
        (n, m), dtype = problem.shape, dtype_name(cost.like.dtype)
        index = dtype_name(index_dtype(backend.xp, device_of(cost.like)))
        out = (
            ArraySpec((stopped.used,), index),
            ArraySpec((stopped.used,), index),
            ArraySpec((stopped.used,), dtype),
            ArraySpec((n,), dtype),
            ArraySpec((m,), dtype),
            ArraySpec((), dtype),
        )
        finish = partial(_finish, host, dtype)
        (rows, cols, flow, u, v, value), found = self._call(finish, out=out)
        costs = cost.arc_costs(rows, cols)
        value = backend.envelope(value, (flow, costs), (u, problem.a), (v, problem.b))
        plan = cost.plan_on(rows, cols, flow)
        certificate_seconds = time.perf_counter() - began
        return Solution(
            status=stopped.status,
            value=value,
            plan=plan,
            potentials=(u, v),
            certificate=Certificate(
                found.value,
                found.lower_bound,
                found.worst_reduced_cost,
                found.worst_marginal_error,
                cost.scope,
                found.total_mass,
                found.rounding,
            ),
            stats=SolveStats(
                pivots=found.counts["pivots"],
                degenerate_pivots=found.counts["degenerate_pivots"],
                arcs=found.counts["arcs"],
                rounds=found.rounds,
                seconds=self.seconds
                | {"simplex": found.seconds, "certificate": certificate_seconds},
                crossings=self.ledger,
                quantisation_error=found.counts["quantisation_error"],
                rescaling=found.rescaling,
            ),
            _backend=backend,
        )

    def no_solution(self, violation: HallViolation) -> Solution:
        """A solution of NaN wherever a number could pass for an answer; its potentials, the ray."""
        cost, (n, m) = self.problem.cost, self.problem.shape
        dtype = dtype_name(cost.like.dtype)
        u, v, value = self._fetch(
            (*dual_ray(violation, n, m), np.array(math.nan)),
            (ArraySpec((n,), dtype), ArraySpec((m,), dtype), ArraySpec((), dtype)),
        )
        return Solution(
            status=Status.INFEASIBLE,
            value=value,
            plan=cost.no_plan(),
            potentials=(u, v),
            certificate=Certificate(*(math.nan,) * 4, cost.scope, math.nan, math.nan),
            stats=SolveStats(seconds=self.seconds, crossings=self.ledger),
            _backend=self.backend,
        )

    # -- arcs ----------------------------------------------------------------------------------

    def _all_pairs(self) -> Arcs:
        """All pairs, for problems too small to choose from."""
        (n, m), xp = self.problem.shape, self.backend.xp
        device = device_of(self.cost.like)
        pairs = xp.arange(n * m, dtype=index_dtype(xp, device), device=device)
        rows, cols = pairs // m, pairs % m
        return Arcs(rows, cols, self.cost.arc_costs(rows, cols))

    def _likely_arcs(
        self, plan: FirstPlan, near: tuple[Array, ...]
    ) -> tuple[Arcs, tuple[Array, ...]]:
        """The arcs of a plan and likely ones, and potentials if any are known.

        After the deadline, the arcs of the plan alone, since a lower bound must still be found.
        """
        self.seconds["coarse to fine"] += plan.seconds
        self.seconds["candidates"] -= plan.seconds
        index = ArraySpec((int(plan.rows.size),), "int32")
        out = (index, index, *self.specs) if plan.potentials else (index, index)
        rows, cols, *found = self._fetch(plan.arrays, out)
        near = near or tuple(found)
        carrying = Arcs(rows, cols, self.cost.arc_costs(rows, cols))
        if self.limits.out_of_time:
            return carrying, near
        likely = self.cost.candidate_arcs(FIRST_NEIGHBOURS, (near[0], near[1]) if near else None)
        concat = self.backend.xp.concat
        return Arcs(*(concat(list(pair)) for pair in zip(carrying, likely, strict=True))), near

    def _price(self, u: Array, v: Array) -> Pricing:
        began = time.perf_counter()
        n, m = self.problem.shape
        a_source = max(ARCS_PER_ROUND, math.ceil(ARCS_PER_ROUND * (n + m) / (2 * n)))
        pricing = self.cost.price(u, v, min(a_source, m))
        self.seconds["pricing"] += time.perf_counter() - began
        return pricing

    # -- the door ------------------------------------------------------------------------------

    def _open(self, plans: FirstPlans | None) -> Opened:
        """Pass the masses to the host, and the points if there are any."""
        points = () if self.points is None else (self.points.x, self.points.y)
        # Points visible to the host were checked when the cost was made; others are checked here.
        checked = all(self.backend.host_view(x) is not None for x in points)
        masses = (self.backend.detach(x) for x in (self.problem.a, self.problem.b))
        step = partial(open_problem, self.settings, plans, checked)
        _, opened = self._call(step, *masses, *points)
        assert isinstance(opened, Opened), "`_call` has refused everything else"
        return opened

    def _call(
        self,
        step: Callable[..., tuple[Sequence[HostArray], Result]],
        *arrays: Array,
        out: Sequence[ArraySpec] = (),
    ) -> tuple[tuple[Array, ...], Result]:
        """Take a step on the host; return its results on the device, and its event.

        Only arrays cross. The event stays in this process and is collected by a closure.
        """
        caught: list[Result] = []

        def on_the_host(*hosts: HostArray) -> tuple[HostArray, ...]:
            results, event = step(*hosts)
            caught.append(event)
            if isinstance(event, Bad):
                return tuple(np.zeros(spec.shape) for spec in out)
            return tuple(results)

        results = self.backend.host_call(
            on_the_host, *arrays, out=out, ledger=self.ledger, like=self.cost.like
        )
        (event,) = caught
        if isinstance(event, Bad):
            self._refuse(event)
        return results, event

    def _fetch(self, arrays: tuple[HostArray, ...], out: Sequence[ArraySpec]) -> tuple[Array, ...]:
        """Copies of arrays of the host, on the device."""
        return self.backend.host_call(
            lambda: arrays, out=out, ledger=self.ledger, like=self.cost.like
        )

    def _refuse(self, bad: Bad) -> NoReturn:
        """Raise the error for numbers that form no problem."""
        match bad:
            case BadPoint(cloud, place, found):
                msg = f"{cloud}[{place}] is {found}. Expected finite coordinates. Drop the point."
                raise NonFiniteError(msg)
            case BadMinimum(source):
                msg = (
                    f"The least cost − v of source {source} is NaN, so one of its costs is. "
                    f"Expected numbers, or +inf for a forbidden pair."
                )
                raise NonFiniteError(msg)
            case _:
                self.problem.raise_for(bad.fault, arc_at=bad.arc_at)


def _finish(host: RestrictedProblem, dtype: str) -> tuple[tuple[HostArray, ...], Finished]:
    """The answer, if its numbers fit into the type of the costs."""
    answer, found = host.finish()
    _, _, flow, u, v, value = answer
    if (overflow := overflow_of(dtype, flow, u, v, float(value))) is not None:
        raise overflow.error()
    return answer, found


def _first_plans(
    points: Points | None, limits: Limits, seed: int | None, may_be_coarse: bool
) -> FirstPlans:
    """Plans for a solve; coarse to fine only where there are many points and a core metric."""
    if points is None:
        return FirstPlans()
    x, y, metric = points
    few = int(x.shape[0]) + int(y.shape[0]) < MULTISCALE_POINTS
    if few or metric.core is None or not may_be_coarse:
        return FirstPlans(metric=metric)
    coarse = partial(
        multiscale.start, metric=metric, seed=seed, deadline=limits.deadline, tol=limits.tol
    )
    return FirstPlans(coarse, metric)
