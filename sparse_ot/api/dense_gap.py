"""`dense_gap`: how far a plan on a graph is from the optimum over all pairs, and what it lacks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sparse_ot import options
from sparse_ot._messages import kind_of
from sparse_ot._typing import Array, Metric
from sparse_ot.backends.protocol import ArraySpec
from sparse_ot.backends.registry import get_backend
from sparse_ot.core import REDUCED_COST_ULPS
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
        The metric that the costs were computed with.
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
        Not a solution, or one without a plan; invalid `tol` or `per_source`; or a JAX trace.

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
    if solution.status in (Status.INFEASIBLE, Status.INVALID):
        msg = f"The solution has no plan (status {solution.status.name}). Solve a feasible graph."
        raise InputError(msg)
    backend = get_backend(X, Y, solution.potentials[0], names=("X", "Y", "solution"))
    cost = PointCloudCost(X, Y, metric, backend=backend)
    if cost.shape != (found := tuple(int(p.shape[0]) for p in solution.potentials)):
        msg = (
            f"X and Y are {cost.shape[0]} and {cost.shape[1]} points, and the solution joins "
            f"{found[0]} sources with {found[1]} targets. Pass the points its costs came from."
        )
        raise ShapeError(msg)
    fine = cost.detached()
    if any(backend.is_traced(x) for x in fine.arrays()):
        msg = (
            "dense_gap was called under jit or vmap: which pairs are missing depends on values. "
            "Call it outside, on the solution that the compiled function returns."
        )
        raise InputError(msg)
    xp = backend.xp
    u, v = (xp.astype(backend.detach(p), fine.like.dtype) for p in solution.potentials)
    pricing = fine.price(u, v, min(per_source, cost.shape[1]))
    a, b = (backend.detach(x) for x in solution.marginals)
    (lower,) = backend.host_call(
        _dual_value,
        *(pricing.row_minima, v, a, b),
        out=(ArraySpec((1,), "float64", on_host=True),),
        ledger=TransferLedger(),
    )
    lower_bound = float(lower[0])
    if tol is not None:
        better = solve_by_columns(
            Problem.of(cost, a, b),
            limits=Limits(tol),
            start=(u, v),
        )
        lower_bound = max(lower_bound, better.certificate.lower_bound)
    rows, cols, costs, _ = pricing
    reduced = costs - xp.take(u, rows) - xp.take(v, cols)
    # The solution's potentials were shifted, so each carries a rounding of the size of the largest.
    noise = REDUCED_COST_ULPS * (xp.abs(costs) + xp.max(xp.abs(u)) + xp.max(xp.abs(v)))
    missing = (reduced < -noise) & (costs < math.inf)
    value = float(solution.certificate.value)
    return DenseGap(value, lower_bound, rows[missing], cols[missing], reduced[missing])


def _dual_value(*arrays: Any) -> tuple[Any, ...]:
    """Value of the potentials (u, v) for the masses (a, b), on the host."""
    u, v, a, b = (np.asarray(x, np.float64) for x in arrays)
    # A source whose pairs are all forbidden has no mass.
    u = np.where(np.isfinite(u), u, 0.0)
    return (np.asarray([math.fsum(a * u) + math.fsum(b * v)]),)
