"""`dense_gap`: how far a plan on a graph is from the optimum over all pairs, and what it lacks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sparse_ot import options
from sparse_ot._messages import kind_of
from sparse_ot._typing import Array, Metric
from sparse_ot.backends.generic.arrays import dtype_name
from sparse_ot.backends.protocol import ArraySpec
from sparse_ot.backends.registry import get_backend
from sparse_ot.core import REDUCED_COST_ULPS
from sparse_ot.costs.agreement import (
    Difference,
    difference_of_arcs,
    finite_sizes,
    largest_difference,
    precision,
    whose_costs,
)
from sparse_ot.costs.arc_lists import Arcs
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.problem.problem import Problem
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution
from sparse_ot.result.status import Status
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import relative_gap

__all__ = ["DenseGap", "dense_gap"]


class Plan(NamedTuple):
    """Pairs that carry mass, and how much, as three parallel arrays."""

    rows: Array
    cols: Array
    flow: Array


@dataclass(frozen=True, eq=False)
class DenseGap:
    """How far a plan on a graph is from the optimum over all pairs.

    Like a `Solution`, it equals itself only.

    Attributes
    ----------
    value : float
        Cost of the plan.
    lower_bound : float
        No plan over all pairs costs less.
    rows, cols : arrays of int, (p,)
        Missing pairs: those that would lower the cost most, a few per source.
    reduced_costs : array, (p,)
        ``cost − u − v`` of these pairs, all negative: the change of cost per unit of mass.
    """

    value: float
    lower_bound: float
    rows: Array
    cols: Array
    reduced_costs: Array

    @property
    def gap(self) -> float:
        """How much more than the optimum over all pairs the plan costs, at most."""
        return self.value - self.lower_bound

    @property
    def relative(self) -> float:
        """The gap divided by the value."""
        return relative_gap(self.value, self.lower_bound)


def dense_gap(
    solution: Solution,
    X: Any,
    Y: Any,
    metric: Metric = "sqeuclidean",
    *,
    tol: float | None = None,
    per_source: int = 4,
) -> DenseGap:
    """Bound the difference between a solution on a graph and the optimum over all pairs.

    Parameters
    ----------
    solution : Solution
        From `solve` on a sparse cost, of any graph.
    X, Y : arrays (n, d), (m, d)
        The points that the costs were computed from.
    metric : str, (str, float) or callable
        The metric that the costs were computed with. What the plan costs under it is compared with
        what the solution says: costs that were changed, by a penalty or a factor, are refused, as
        the optimum over all pairs is not known for them.
    tol : float, optional
        By default the bound comes from the solution's own potentials and takes one search over the
        points. With `tol` it is improved, by a solve over all pairs from these potentials, until it
        is within a relative `tol` of the optimum; 0 gives the optimum itself.
    per_source : int
        Maximum of missing pairs listed per source.

    Returns
    -------
    DenseGap

    Raises
    ------
    ShapeError
        Not the points of this solution.
    InputError
        Not a solution, or one without a plan; costs that are not those of the points under the
        metric; invalid `tol` or `per_source`; or a JAX trace.

    Examples
    --------
    >>> import numpy as np, sparse_ot
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.random((200, 2)), rng.random((200, 2))
    >>> s = sparse_ot.solve(sparse_ot.knn_cost(X, Y, 2, feasible_for=(None, None)))
    >>> optimum = sparse_ot.solve_sample(X, Y).value
    >>> missing = sparse_ot.dense_gap(s, X, Y)
    >>> bool(missing.lower_bound <= optimum <= missing.value), missing.rows.size > 0
    (True, True)
    >>> bool(abs(sparse_ot.dense_gap(s, X, Y, tol=0.0).lower_bound - optimum) < 1e-12)
    True
    """
    per_source = options.whole("per_source", per_source)
    tol = None if tol is None else options.at_least_zero("tol", tol)
    if not isinstance(solution, Solution):
        msg = (
            f"solution is {kind_of(solution)}. Expected a Solution: what solve "
            "returns, not its plan or value."
        )
        raise InputError(msg)
    for status in (Status.INFEASIBLE, Status.INVALID):
        if solution.status == status:  # in compiled functions, its code
            msg = f"The solution has no plan (status {status.name}). Solve a feasible graph."
            raise InputError(msg)
    backend = get_backend(X, Y, solution.potentials[0], names=("X", "Y", "solution"))
    cost = PointCloudCost(X, Y, metric, backend=backend)
    _check_shapes(solution, cost)
    fine = cost.detached()
    if any(backend.is_traced(x) for x in (*fine.arrays(), backend.detach(solution.value))):
        msg = (
            "dense_gap was called under jit or vmap: which pairs are missing depends on values. "
            "Call it outside, on the solution that the compiled function returns."
        )
        raise InputError(msg)
    xp = backend.xp
    with backend.on_device_of(fine.like):
        plan = _plan_of(solution, fine)
        _check_costs(solution, plan, fine, max(precision(p, xp) for p in (solution.value, cost.x)))
        return _gap_of(solution, plan, fine, tol, per_source)


def _check_shapes(solution: Solution, cost: PointCloudCost) -> None:
    found = tuple(tuple(p.shape) for p in solution.potentials)
    n, m = cost.shape
    if found == ((n,), (m,)):
        return
    sources, targets = (" × ".join(str(size) for size in shape) for shape in found)
    exchanged = " Are X and Y exchanged?" if found == ((m,), (n,)) else ""
    msg = (
        f"X and Y are {n} and {m} points, and the solution joins {sources} sources with {targets} "
        f"targets.{exchanged} Pass the points its costs came from."
    )
    raise ShapeError(msg)


def _plan_of(solution: Solution, fine: PointCloudCost) -> Plan:
    """The pairs that carry mass, of a plan in any container."""
    backend, xp = fine.backend, fine.backend.xp
    if backend.is_sparse(solution.plan):
        rows, cols, flow, _ = backend.coo_parts(solution.plan)
    else:
        rows, cols = xp.nonzero(backend.detach(solution.plan))
        flow = solution.plan[rows, cols]
    flow = backend.detach(flow)
    carries = (flow > 0) & (flow < math.inf)  # JAX's padding is infinite
    return Plan(rows[carries], cols[carries], xp.astype(flow[carries], fine.like.dtype))


def _check_costs(solution: Solution, plan: Plan, fine: PointCloudCost, eps: float) -> None:
    """Refuse a solution whose costs are not those of the points.

    A solution has no costs. But where it is optimal, its potentials add up to them on all pairs
    that carry mass; and otherwise its value is that of its plan.
    """
    backend, xp = fine.backend, fine.backend.xp
    u, v = (xp.astype(backend.detach(p), fine.like.dtype) for p in solution.potentials)
    potentials = xp.max(finite_sizes(u, xp)) + xp.max(finite_sizes(v, xp))
    value = xp.reshape(xp.astype(backend.detach(solution.value), fine.like.dtype), (1,))
    optimal = bool(solution.status == Status.OPTIMAL)
    arcs = Arcs(plan.rows, plan.cols, xp.take(u, plan.rows) + xp.take(v, plan.cols))

    def difference(cloud: PointCloudCost) -> Difference | None:
        if optimal:
            return difference_of_arcs(cloud, arcs, eps, potentials)
        cost = xp.sum(plan.flow * cloud.arc_costs(plan.rows, plan.cols))
        scale = xp.sum(plan.flow) * potentials
        return largest_difference(value, xp.reshape(cost, (1,)), scale, eps, backend)

    found = difference(fine)
    if found is None:
        return
    what = f"its value is {found.found:.6g}, and its plan costs {found.expected:.6g} under it."
    if optimal:
        row, col = int(plan.rows[found.place]), int(plan.cols[found.place])
        what = (
            f"it moves mass from source {row} to target {col} at a cost of {found.found:.6g}, and "
            f"this pair of points costs {found.expected:.6g}."
        )
    msg = (
        f"The solution is not one between X and Y under metric={fine.metric!r}: {what}"
        f"{whose_costs(fine, lambda other: difference(other) is None)} Pass the points, sources "
        "first, and the metric that its costs were computed with. For costs that were changed "
        "after that, the optimum over all pairs is not known: write them as a metric function."
    )
    raise InputError(msg)


def _gap_of(
    solution: Solution, plan: Plan, fine: PointCloudCost, tol: float | None, per_source: int
) -> DenseGap:
    backend, xp = fine.backend, fine.backend.xp
    u, v = (xp.astype(backend.detach(p), fine.like.dtype) for p in solution.potentials)
    pricing = fine.price(u, v, min(per_source, fine.shape[1]))
    precise = dtype_name(fine.like.dtype)
    a, b, lower = backend.host_call(
        _masses_and_dual_value,
        *(*plan, pricing.row_minima, v),
        out=(
            ArraySpec((fine.shape[0],), precise),
            ArraySpec((fine.shape[1],), precise),
            ArraySpec((1,), "float64", on_host=True),
        ),
        ledger=TransferLedger(),
    )
    lower_bound = float(lower[0])
    if tol is not None:
        better = solve_by_columns(Problem.of(fine, a, b), limits=Limits(tol), start=(u, v))
        lower_bound = max(lower_bound, better.certificate.lower_bound)
    rows, cols, costs, _ = pricing
    reduced = costs - xp.take(u, rows) - xp.take(v, cols)
    # The solution's potentials were shifted, so each carries a rounding of the size of the largest.
    noise = REDUCED_COST_ULPS * (xp.abs(costs) + xp.max(xp.abs(u)) + xp.max(xp.abs(v)))
    missing = (reduced < -noise) & (costs < math.inf)
    value = float(solution.certificate.value)
    return DenseGap(value, lower_bound, rows[missing], cols[missing], reduced[missing])


def _masses_and_dual_value(*arrays: Any) -> tuple[Any, ...]:
    """Masses (a, b) of a plan, and the value of the potentials (u, v) for them, on the host."""
    rows, cols, flow, u, v = (np.asarray(x) for x in arrays)
    a, b = (
        np.bincount(indices, flow, minlength=count.size)
        for indices, count in ((rows, u), (cols, v))
    )
    # A source whose pairs are all forbidden has no mass.
    u = np.where(np.isfinite(u), u, 0.0)
    return a, b, np.asarray([math.fsum(a * u) + math.fsum(b * v)])
