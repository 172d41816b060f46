"""Point clouds in, the certified optimum over all pairs out.

`solve_sample` never makes the cost matrix: it solves on a few likely pairs, asks which missing
pair would help, and stops when there is none (see `sparse_ot.solvers.column_generation.driver`).
`dense_gap` asks the same question about an answer that is already there: how much is lost by
allowing only the pairs of a graph, and which pairs are missing.

The value is differentiable in points and masses where the library differentiates, by the envelope
theorem (see `sparse_ot.api.solve`). Which arcs to add is decided by numbers, so under `jax.jit`,
where there are none, the functions of this module cannot work; `jax.grad` around them can.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sparse_ot import options
from sparse_ot.backends.protocol import Array, ArraySpec, Metric, TransferLedger
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.problem.masses import as_vector
from sparse_ot.problem.problem import Problem, Words
from sparse_ot.result.solution import Solution, Status
from sparse_ot.solvers.column_generation.driver import in_full_precision, solve_by_columns
from sparse_ot.solvers.column_generation.entering_arcs import REDUCED_COST_ULPS
from sparse_ot.solvers.column_generation.memory_estimate import affordable_arcs
from sparse_ot.solvers.limits import Limits, Round, relative_gap

__all__ = ["DenseGap", "Round", "dense_gap", "solve_sample"]


def solve_sample(
    X: Any,
    Y: Any,
    a: Any = None,
    b: Any = None,
    metric: Metric = "sqeuclidean",
    *,
    tol: float = 0.0,
    time_limit: float | None = None,
    memory_limit: float | None = None,
    seed: int | None = None,
    progress: bool | Callable[[Round], None] = False,
    start: Solution | tuple[Array, Array] | None = None,
) -> Solution:
    """Solve optimal transport between two point clouds exactly, over all pairs, and prove it.

    Parameters
    ----------
    X : array or nested list, (n, d) or (n,)
        Sources. A vector means points on a line.
    Y : array or nested list, (m, d) or (m,)
        Targets.
    a : array (n,), optional
        Masses of the sources; None or empty means uniform, ``1 / n`` each.
    b : array (m,), optional
        Masses of the targets.
    metric : str or callable
        Cost of moving a unit of mass from x to y; see `sparse_ot.metrics`.
    tol : float
        Relative gap that is good enough: stop as soon as upper and lower bound are that close
        (status GAP_REACHED). 0 means the optimum, up to rounding. A tenth of a percent often takes
        half the time.
    time_limit : float, optional
        Seconds after which to stop with the best plan so far and its gap (status TIME_LIMIT).
        The first plan is made, and a first lower bound found, whatever they take.
    memory_limit : float, optional
        Bytes that this call may use beyond the arrays given. Refused up front if they will not do
        (InputError); if more arcs turn out to be needed than fit, the best plan so far comes back
        with its gap (status MEMORY_LIMIT).
    seed : int, optional
        Of the start of large clouds, which cuts space at random: it changes how long a solve takes
        by a little, and which of several optimal plans comes back. The same seed, the same answer.
    progress : bool or callable
        Called after every round with a `Round`: both bounds, arcs, pivots, seconds. True prints
        them to standard error, one line a round.
    start : Solution, or tuple of arrays (n,), (m,), optional
        Potentials to start from: of a similar problem, or of this one where a limit stopped it.

    Returns
    -------
    Solution
        In the library, element type and device of the points. The plan is a sparse container
        (`scipy.sparse.csr_array` for NumPy) with at most n + m − 1 entries; the potentials obey
        ``u[i] + v[j] <= cost(i, j)`` for *all* pairs, and the certificate has the scope "dense".

    Raises
    ------
    InputError
        A limit makes no sense or cannot be kept, an unknown metric, or a JAX trace.
    ShapeError, NonFiniteError, MassError, UnsupportedArrayError, MixedBackendsError
        The points or masses make no problem; the message names the place and the remedy.
    KeyboardInterrupt
        Ctrl-C before there was a plan, or a second time. Otherwise Ctrl-C returns the best plan so
        far with its gap (status INTERRUPTED).

    Notes
    -----
    Column generation over nearest-neighbour pricing. Exact whatever the dimension; fast where
    neighbours mean something. See docs/dense-optimum.md for what it takes, and for when to prefer
    Sinkhorn's algorithm.

    Examples
    --------
    >>> import numpy as np, sparse_ot
    >>> rng = np.random.default_rng(0)
    >>> s = sparse_ot.solve_sample(rng.random((500, 2)), rng.random((400, 2)))
    >>> s.plan.nnz < 900, s.certificate.scope, s.certificate.holds()
    (True, 'dense', True)
    """
    begin = time.perf_counter()
    limits = Limits(
        tol=options.at_least_zero("tol", tol),
        deadline=begin + options.limit("time_limit", time_limit, "seconds"),
    )
    memory = options.limit("memory_limit", memory_limit, "bytes")
    seed = options.seed(seed)
    if not isinstance(progress, (bool, np.bool_)):
        expected = "True, False, or a function that takes a Round"
        progress = options.callback("progress", progress, expected) or False
    backend = get_backend(X, Y, a, b, names=("X", "Y", "a", "b"))
    words = Words(start="start", rescaling="")
    problem = Problem.parse(PointCloudCost(X, Y, metric, backend=backend), a, b, words=words)
    if backend.is_traced(backend.detach(problem.cost.x)):
        msg = (
            "solve_sample was called under jit or vmap: which pairs to add depends on values. Call "
            "it outside, or solve on a graph of fixed size: solve(knn_cost(X, Y, k), a, b)."
        )
        raise InputError(msg)
    if memory < math.inf:
        limits = replace(limits, arcs=affordable_arcs(memory, problem.cost))
    with backend.on_device_of(problem.cost.x):
        return solve_by_columns(
            problem,
            limits=limits,
            start=None if start is None else _potentials(start, problem),
            seed=seed,
            progress=progress if callable(progress) else (_print_round if progress else None),
            begin=begin,
        )


@dataclass(frozen=True)
class DenseGap:
    """How far a plan on a graph is from the optimum over all pairs.

    Attributes
    ----------
    value : float
        Cost of the plan.
    lower_bound : float
        No plan over all pairs costs less.
    rows, cols : arrays of int, (p,)
        Pairs that are missing: those that would lower the cost most, a few for each source.
    reduced_costs : array, (p,)
        ``cost − u − v`` of these pairs, all negative: how much a unit of mass would gain.
    """

    value: float
    lower_bound: float
    rows: Array
    cols: Array
    reduced_costs: Array

    @property
    def gap(self) -> float:
        """The plan costs at most this much more than the optimum over all pairs."""
        return self.value - self.lower_bound

    @property
    def relative(self) -> float:
        """The gap over the value."""
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
    """Bound what a solution on a graph loses against the optimum over all pairs.

    Parameters
    ----------
    solution : Solution
        Of `solve` on a sparse cost, any graph.
    X, Y : arrays (n, d), (m, d)
        The points that the costs were computed from.
    metric : str or callable
        The metric that the costs were computed with.
    tol : float, optional
        By default the bound is the one that the solution's own potentials give, and takes one
        search over the points. With `tol` the bound is improved, by solving over all pairs from
        there, until it is within a relative `tol` of the optimum; 0 gives the optimum itself.
    per_source : int
        Most missing pairs listed for a source.

    Returns
    -------
    DenseGap

    Raises
    ------
    ShapeError
        Not the points of this solution.
    InputError
        No solution, or one without a plan; `tol` or `per_source` make no sense; or a JAX trace.

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
            f"solution is of the type {type(solution).__name__}. Expected a Solution: what solve "
            "returns, not its plan or value."
        )
        raise InputError(msg)
    if solution.status in (Status.INFEASIBLE, Status.INVALID):
        msg = f"The solution has no plan (status {solution.status.name}). Solve a feasible graph."
        raise InputError(msg)
    backend = get_backend(X, Y, solution.value, names=("X", "Y", "solution"))
    cost = PointCloudCost(X, Y, metric, backend=backend)
    if cost.shape != (found := tuple(int(p.shape[0]) for p in solution.potentials)):
        msg = (
            f"X and Y are {cost.shape[0]} and {cost.shape[1]} points, and the solution joins "
            f"{found[0]} sources with {found[1]} targets. Pass the points its costs came from."
        )
        raise ShapeError(msg)
    if backend.is_traced(backend.detach(cost.x)):
        msg = (
            "dense_gap was called under jit or vmap: which pairs are missing depends on values. "
            "Call it outside, on the solution that the compiled function returns."
        )
        raise InputError(msg)
    xp, fine = backend.xp, in_full_precision(cost)
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
            Problem.parse(cost, a, b),
            limits=Limits(tol),
            start=(u, v),
        )
        lower_bound = max(lower_bound, better.certificate.lower_bound)
    rows, cols, costs, _ = pricing
    reduced = costs - xp.take(u, rows) - xp.take(v, cols)
    # Potentials handed out were shifted: each carries a rounding of the largest one's size.
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


def _potentials(start: Any, problem: Problem) -> tuple[Array, Array]:
    """Potentials of a solution, or a pair of arrays, as arrays of the problem's library."""
    pair = start.potentials if isinstance(start, Solution) else start
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or any(x is None for x in pair):
        msg = "start must be a Solution, or a pair of arrays (u, v), as Solution.potentials is."
        raise InputError(msg)
    names = ("start[0]", "start[1]")
    get_backend(problem.cost.like, *pair, names=("X", *names))
    u, v = (
        as_vector(problem.backend, x, count, name, problem.cost.like)
        for x, count, name in zip(pair, problem.shape, names, strict=True)
    )
    return u, v


def _print_round(a_round: Round) -> None:
    print(a_round, file=sys.stderr, flush=True)
