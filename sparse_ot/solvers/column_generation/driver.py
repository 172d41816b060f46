"""The optimum over all pairs, from a few of them: column generation.

*The idea.* A plan between n and m points needs at most n + m − 1 of the n·m pairs, so nearly every
pair could be left out of the problem and nobody would notice. Solve it on a few likely arcs. The
potentials u, v of that solve then say which missing pair would have helped: one whose reduced cost
``cost − u − v`` is negative. Add the worst of them, continue from the same basis, and stop when no
pair in the whole problem has a negative one: u and v are then feasible for all pairs, the plan is
feasible anyway, and the two have the same value. The sparse answer is the dense optimum, and nobody
has to look at the matrix to believe it.

*Who does what.* Which pairs to begin with and which are missing is the cost model's to say, and it
is said on the device where the data is: nearest neighbours, and nearest neighbours with the
potentials as offsets (`CostModel.candidate_arcs`, `CostModel.price`). The simplex is sequential and
runs on the host (`restricted.Restricted`). Between them passes `Backend.host_call`, once in each
direction and round: potentials one way, a few arcs and the row minima the other, O(n + m) numbers.

*Feasible from the start.* The support of one plan, along a space-filling curve, is among the first
arcs. Where pairs are forbidden it may not be enough: the failed start then names sources that reach
too few targets, pricing at the prices of that dual ray finds their cheapest way out (Farkas
pricing), and the start is repeated. If there is no way out the problem has no plan at all.

*Termination, in exact arithmetic.* Every round but the last adds a pair that was not in the
restricted problem: the simplex left no pair of its own with a negative reduced cost. There are n·m
pairs, and the simplex terminates by itself (Cunningham's rule), so rounds are finitely many. What
makes them few is that pairs are added many at a time.

*Termination, in floating point.* A reduced cost counts as negative below ``−τ``, with
``τ = 64 ε slack (|cost| + |u| + |v|)``, by the rule and in the order of operations of the simplex.
So the argument holds to the letter as long as a pair has one cost. If its cost comes out with
another last digit when asked again, as on devices, it may be added once more for each such value,
of which there are finitely many; if the simplex then has nothing to do, slack doubles, and τ soon
exceeds every violation. In practice slack stays 1.

*What "optimal" means then.* In the last round the row minima ``u'[i] = min_j cost(i, j) − v[j]``
lie at most τ below u. They are handed out in its place, so (u', v) is feasible for every pair
by construction, up to the one rounding of each reduced cost, whatever happened before. The gap is
at most ``Σ a τ``, about 1e-14 of the costs involved, and is computed and reported, not assumed.
Where the library has float64 everything is done in it, also for float32 points, whose costs are
exact enough; where it has not (JAX without x64) row minima carry the rounding of float32.

*Stopping short.* After every round there is a feasible plan and a lower bound, and they close in
fast: a tolerance, a deadline, a limit of memory or Ctrl-C ends the solve with both.

*Dropping.* The restricted problem is kept to a few arcs a point by dropping those of largest
reduced cost (`restricted`). That would undo the argument above if it could go on for ever: so it is
done only when the plan has become cheaper since the last time. The cost of the plan falls strictly
from drop to drop, and takes finitely many values; after the last drop the argument holds.

References: Desaulniers, Desrosiers and Solomon 2005, Column Generation, chapter 1; Ford and
Fulkerson 1958, Management Science 5(1), for its origin in flows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import (
    MEMORY_BUDGET,
    device_of,
    dtype_name,
    index_dtype,
    spans,
)
from sparse_ot.backends.protocol import ArraySpec, CooParts, Pricing
from sparse_ot.core.live_basis import Progress
from sparse_ot.costs.arc_lists import Arcs
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import NonFiniteError
from sparse_ot.problem.infeasible import raise_infeasible
from sparse_ot.problem.problem import Problem
from sparse_ot.result.certificate import Certificate
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution, SolveStats
from sparse_ot.result.status import Status
from sparse_ot.solvers.column_generation.restricted_problem import Restricted
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import Round
from sparse_ot.solvers.starts import multiscale
from sparse_ot.solvers.starts.choose import FirstPlans

__all__ = ["FIRST_NEIGHBOURS", "in_full_precision", "solve_by_columns"]

FIRST_NEIGHBOURS = 12
"""Arcs to begin with, of each point in both directions."""

ALL_PAIRS = 4096
"""Up to so many pairs, all of them are the first arcs: choosing would take longer."""

MULTISCALE_POINTS = 1500
"""Sources and targets together from which on the multiscale start may pay; see `first_plan`."""

ARCS_PER_ROUND = 4
"""Missing arcs looked for, in the mean of a point, in one round."""


def solve_by_columns(
    problem: Problem,
    *,
    limits: Limits | None = None,
    center: bool = True,
    start: tuple[Array, Array] | None = None,
    seed: int | None = None,
    progress: Callable[[Round], None] | None = None,
    slice_progress: Progress | None = None,
    begin: float | None = None,
) -> Solution:
    """Solve over all pairs of a cost model, which may be anything with that protocol.

    Parameters
    ----------
    problem : Problem
        Its arrays must have values: not under a JAX trace, gradients excepted.
    limits : Limits, optional
    center : bool
        Hand out potentials with ``<u, a> == <v, b>``.
    start : (u, v), optional
        Potentials (n,) and (m,) near the optimal ones; without them large clouds start coarse to
        fine (`sparse_ot.solvers.starts.multiscale`).
    seed : int, optional
        Of that start.
    progress : callable, optional
        Receives a `Round` after every pricing.
    slice_progress : callable, optional
        ``(pivots, seconds, value)``, several times a second in the simplex.
    begin : float, optional
        When the clock was started (`time.perf_counter`), if not now.

    Returns
    -------
    Solution
        Its certificate speaks of all pairs of the cost model. The plan is a matrix if the cost is
        one, and else a sparse container of the arcs that carry mass.

    Raises
    ------
    InfeasibleError, MassError, NonFiniteError
        As `sparse_ot.solve`.
    KeyboardInterrupt
        Ctrl-C before there was a plan, or a second time.
    """
    begin = time.perf_counter() if begin is None else begin
    limits = limits or Limits()
    first_plans = _first_plans(problem.cost, limits, seed, plain=start is not None)
    solve = _Solve(problem, limits, first_plans, center, progress, slice_progress, begin)
    u, v = solve.first_solve(start)
    solve.add_what_is_missing(u, v)
    return solve.solution()


class _Solve:
    """One solve, seen from the device: its arrays, and the host's half of it in `host`."""

    def __init__(
        self,
        problem: Problem,
        limits: Limits,
        first_plans: FirstPlans,
        center: bool,
        progress: Callable[[Round], None] | None,
        slice_progress: Progress | None,
        begin: float,
    ) -> None:
        self.problem, self.backend = problem, problem.backend
        self.cost = in_full_precision(problem.cost)
        self.begin = begin
        self.ledger = TransferLedger()
        self.seconds = {"candidates": 0.0, "pricing": 0.0}
        n, m = problem.shape
        dtype = _working_dtype(self.cost.like, self.backend.xp)
        self.specs = (ArraySpec((n,), dtype), ArraySpec((m,), dtype))
        self.host = Restricted(
            totals_tolerance=problem.totals_tolerance,
            limits=limits,
            center=center,
            dtype=dtype,
            begin=begin,
            first_plans=first_plans,
            on_round=progress,
            on_slice=slice_progress,
        )

    def first_solve(self, start: tuple[Array, Array] | None) -> tuple[Array, Array]:
        """Choose the first arcs and solve on them; the potentials."""
        began = time.perf_counter()
        n, m = self.problem.shape
        near = None if start is None else tuple(self.backend.detach(x) for x in start)
        if n * m <= ALL_PAIRS:
            arcs = self._all_pairs()
        else:
            self._call(self.host.open, *self._masses_and_points(), out=())
            arcs, near = self._likely_arcs(near)
        self.seconds["candidates"] = time.perf_counter() - began - self.host.first_plans.seconds
        u, v = self._call(self.host.begin, *arcs, *(near or ()))
        while self.host.violation is not None:
            escapes = self._price(u, v)
            u, v = self._call(self.host.rescue, escapes.rows, escapes.cols, escapes.costs)
            if self.host.status is Status.INFEASIBLE:
                raise_infeasible(self.host.violation, self.problem.cost)
        return u, v

    def add_what_is_missing(self, u: Array, v: Array) -> None:
        """Price and add arcs until the host says why to stop; at least one lower bound."""
        host = self.host
        while host.status is None or host.lower == -math.inf:
            try:
                pricing = self._price(u, v)
                u, v = self._call(host.advance, *pricing)
                if host.starts_over:
                    self._call(host.plan_again, self.problem.a, out=())
                    arcs, _ = self._likely_arcs(None)
                    u, v = self._call(host.begin_again, *arcs)
            except KeyboardInterrupt:
                if host.status is Status.INTERRUPTED or not host.has_plan:
                    raise  # the second time, or there is nothing to return
                host.status = Status.INTERRUPTED

    def solution(self) -> Solution:
        """Everything back on the device, in the caller's types."""
        began = time.perf_counter()
        problem, backend, host, xp = self.problem, self.backend, self.host, self.backend.xp
        (n, m), used = problem.shape, host.count_used()
        dtype, device = dtype_name(problem.cost.like.dtype), device_of(problem.cost.like)
        index = dtype_name(index_dtype(xp, device))
        rows, cols, flow, u, v, value, numbers = self._call(
            host.finish,
            problem.a,  # says on which device the results are wanted
            out=(
                ArraySpec((used,), index),
                ArraySpec((used,), index),
                ArraySpec((used,), dtype),
                ArraySpec((n,), dtype),
                ArraySpec((m,), dtype),
                ArraySpec((), dtype),
                ArraySpec((4,), "float64", on_host=True),
            ),
        )
        upper, lower, worst_reduced_cost, worst_marginal_error = numbers.tolist()
        costs = problem.cost.arc_costs(rows, cols)
        value = backend.envelope(value, (flow, costs), (u, problem.a), (v, problem.b))
        parts, stats = CooParts(rows, cols, flow, (n, m)), host.stats
        assert host.status is not None, "there is a reason why it stopped"
        plan = _as_matrix(parts, xp) if isinstance(problem.cost, DenseCost) else None
        self.seconds["coarse to fine"] = host.first_plans.seconds
        simplex_seconds = {"simplex": host.seconds, "certificate": time.perf_counter() - began}
        return Solution(
            status=host.status,
            value=value,
            plan=backend.cost_container(parts) if plan is None else plan,
            potentials=(u, v),
            certificate=Certificate(
                upper,
                lower,
                worst_reduced_cost,
                worst_marginal_error,
                problem.cost.scope,
                host.total_mass,
                host.rounding,
            ),
            stats=SolveStats(
                pivots=stats["pivots"],
                degenerate_pivots=stats["degenerate_pivots"],
                arcs=stats["arcs"],
                rounds=host.rounds,
                seconds=self.seconds | simplex_seconds,
                crossings=self.ledger,
                quantisation_error=stats["quantisation_error"],
            ),
            _backend=backend,
        )

    def _all_pairs(self) -> Arcs:
        """Every arc there is, for problems too small to choose."""
        self._call(self.host.take, *self._masses_and_points(), out=())
        (n, m), xp = self.problem.shape, self.backend.xp
        device = device_of(self.cost.like)
        pairs = xp.arange(n * m, dtype=index_dtype(xp, device), device=device)
        rows, cols = pairs // m, pairs % m
        return Arcs(rows, cols, self.cost.arc_costs(rows, cols))

    def _likely_arcs(self, near: Any) -> tuple[Arcs, Any]:
        """The arcs of the host's first plan, likely ones besides, and potentials if any are known.

        Out of time, the plan's alone: a lower bound is still to be found.
        """
        index = ArraySpec((self.host.plan_arcs,), "int32")
        out = (index, index, *self.specs) if self.host.plan_has_potentials else (index, index)
        rows, cols, *found = self._call(self.host.hand_out, self.problem.a, out=out)
        near = near or tuple(found) or None
        plan = Arcs(rows, cols, self.cost.arc_costs(rows, cols))
        if self.host.out_of_time:
            return plan, near
        arcs = self.cost.candidate_arcs(FIRST_NEIGHBOURS, near)
        concat = self.backend.xp.concat
        return Arcs(*(concat(list(pair)) for pair in zip(plan, arcs, strict=True))), near

    def _masses_and_points(self) -> list[Array]:
        points = [self.cost.x, self.cost.y] if isinstance(self.cost, PointCloudCost) else []
        return [self.backend.detach(x) for x in (self.problem.a, self.problem.b)] + points

    def _price(self, u: Array, v: Array) -> Pricing:
        began = time.perf_counter()
        n, m = self.problem.shape
        a_source = max(ARCS_PER_ROUND, math.ceil(ARCS_PER_ROUND * (n + m) / (2 * n)))
        pricing: Pricing = self.cost.price(u, v, min(a_source, m))
        self.seconds["pricing"] += time.perf_counter() - began
        return pricing

    def _call(
        self, function: Any, *arrays: Array, out: tuple[ArraySpec, ...] | None = None
    ) -> tuple[Array, ...]:
        """Pass the door, and stop at a fault in the numbers that went through."""
        results = self.backend.host_call(
            function, *arrays, out=self.specs if out is None else out, ledger=self.ledger
        )
        host = self.host
        if host.bad_point is not None:
            cloud, place, found = host.bad_point
            msg = f"{cloud}[{place}] is {found}. Expected finite coordinates. Drop the point."
            raise NonFiniteError(msg)
        if host.bad_minimum is not None:
            msg = (
                f"The least cost − v of source {host.bad_minimum} is NaN, so one of its costs is. "
                f"Expected numbers, or +inf for a forbidden pair."
            )
            raise NonFiniteError(msg)
        if host.fault is not None:
            self.problem.raise_for(host.fault, arc_at=host.arc_at)
        return results


def _first_plans(cost: Any, limits: Limits, seed: int | None, *, plain: bool) -> FirstPlans:
    """Coarse to fine where points allow it and are many enough, and no start was given."""
    if not isinstance(cost, PointCloudCost):
        return FirstPlans()
    few = sum(cost.shape) < MULTISCALE_POINTS
    metric = cost.ground_metric
    coarse = partial(
        multiscale.start, metric=metric, seed=seed, deadline=limits.deadline, tol=limits.tol
    )
    no_coarse = plain or few or metric.core is None
    return FirstPlans(None if no_coarse else coarse, metric)


def _working_dtype(like: Array, xp: Any) -> str:
    """float64 where the library has it, else what it has."""
    defaults = xp.__array_namespace_info__().default_dtypes(device=device_of(like))
    return "float64" if dtype_name(defaults["real floating"]) == "float64" else "float32"


def in_full_precision(cost: Any) -> Any:
    """The cost model for pricing: without derivatives, and float32 points in float64.

    A matrix keeps its type. Its entries are what they are, and prices are in full precision.
    """
    if not isinstance(cost, (PointCloudCost, DenseCost)):
        return cost
    backend = cost.backend
    if isinstance(cost, DenseCost):
        return DenseCost(backend.detach(cost.matrix), backend=backend)
    dtype = getattr(backend.xp, _working_dtype(cost.x, backend.xp))
    x, y = (backend.xp.astype(backend.detach(p), dtype, copy=False) for p in (cost.x, cost.y))
    return PointCloudCost(x, y, cost.metric, backend=backend)


def _as_matrix(parts: CooParts, xp: Any) -> Array:
    """A plan of few entries as a matrix, by looking pairs up: the array API cannot scatter."""
    n, m = parts.shape
    device = device_of(parts.values)
    dtype = index_dtype(xp, device)
    keys = xp.astype(parts.rows, dtype) * m + xp.astype(parts.cols, dtype)
    order = xp.argsort(keys)
    keys, values = xp.take(keys, order), xp.take(parts.values, order)
    slabs = []
    for slab in spans(n, max(1, MEMORY_BUDGET // (48 * m))):
        pairs = xp.arange(slab.start * m, slab.stop * m, dtype=dtype, device=device)
        places = xp.searchsorted(keys, pairs)
        places = xp.where(places < keys.shape[0], places, xp.zeros_like(places))
        flow = xp.where(xp.take(keys, places) == pairs, xp.take(values, places), 0.0)
        slabs.append(xp.reshape(flow, (-1, m)))
    return xp.concat(slabs, axis=0)
