"""`solve_sample`: the certified optimum over all pairs of two point clouds.

It never makes the cost matrix. It solves on a few likely pairs, searches for missing pairs that
would improve the plan, and stops when there is none (see
`sparse_ot.solvers.column_generation.driver`).

The value is differentiable in points and masses where the library differentiates, by the envelope
theorem (see `sparse_ot.api.solve`). The choice of arcs depends on values, so it does not work under
`jax.jit`, where arrays have none; it works under `jax.grad` alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from sparse_ot import options
from sparse_ot._typing import Array, Metric
from sparse_ot.api.arguments import warm_start
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import InputError
from sparse_ot.problem.problem import Problem, Words
from sparse_ot.result.solution import Solution
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.column_generation.memory_estimate import affordable_arcs
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import NOBODY, Round, Watch

__all__ = ["solve_sample"]

WORDS = Words(
    costs="X",
    start="start",
    start_is="a Solution, or a pair of arrays (u, v), as Solution.potentials is",
    rescaling="",
)


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
    metric : str, (str, float) or callable
        Cost of moving a unit of mass from x to y; see `sparse_ot.metrics`.
    tol : float
        Relative gap at which to stop (status GAP_REACHED). 0 means the optimum, up to rounding. A
        tenth of a percent often takes half the time.
    time_limit : float, optional
        Seconds after which to stop with the best plan so far and its gap (status TIME_LIMIT). A
        first plan and a first lower bound are found even if they take longer.
    memory_limit : float, optional
        Bytes that this call may use beyond the arrays given. A limit that is too small is refused
        before the solve (InputError). If more arcs are needed than fit, the best plan so far is
        returned with its gap (status MEMORY_LIMIT).
    seed : int, optional
        Seed of the start of large clouds, which cuts space at random. It changes the time of a
        solve a little, and which of several optimal plans is returned. The same seed gives the same
        answer.
    progress : bool or callable
        Called after every round with a `Round`: both bounds, arcs, pivots, seconds. True prints
        them to standard error, one line per round.
    start : Solution, or tuple of arrays (n,), (m,), optional
        Potentials to start from: of a similar problem, or of this one if a limit stopped it.

    Returns
    -------
    Solution
        In the library, element type and device of the points. The plan is a sparse container
        (`scipy.sparse.csr_array` for NumPy) with at most n + m − 1 entries; the potentials satisfy
        ``u[i] + v[j] <= cost(i, j)`` for *all* pairs, and the certificate has the scope "dense".

    Raises
    ------
    InputError
        An invalid limit, or one that cannot be kept; an unknown metric; or a JAX trace.
    ShapeError, NonFiniteError, MassError, UnsupportedArrayError, MixedBackendsError
        The points or masses form no problem; the message names the place and the remedy.
    KeyboardInterrupt
        Ctrl-C before there was a plan, or pressed a second time. Otherwise Ctrl-C returns the best
        plan so far with its gap (status INTERRUPTED).

    Notes
    -----
    Column generation with nearest-neighbour pricing. Exact in any dimension; fast where nearest
    neighbours are much nearer than other points. See docs/dense-optimum.md for time and memory, and
    for when to prefer Sinkhorn's algorithm.

    Examples
    --------
    >>> import numpy as np, sparse_ot
    >>> rng = np.random.default_rng(0)
    >>> s = sparse_ot.solve_sample(rng.random((500, 2)), rng.random((400, 2)))
    >>> s.plan.nnz < 900, s.certificate.scope, s.certificate.holds()
    (True, 'dense', True)
    """
    begin = time.perf_counter()
    tol = options.at_least_zero("tol", tol)
    seconds = options.limit("time_limit", time_limit, "seconds")
    memory = options.limit("memory_limit", memory_limit, "bytes")
    seed = options.seed(seed)
    watch = _watch(progress)
    backend = get_backend(X, Y, a, b, names=("X", "Y", "a", "b"))
    cost = PointCloudCost(X, Y, metric, backend=backend)
    problem = Problem.of(cost, a, b, words=WORDS)
    if any(backend.is_traced(backend.detach(x)) for x in (*cost.arrays(), problem.a, problem.b)):
        msg = (
            "solve_sample was called under jit or vmap: which pairs to add depends on values. Call "
            "it outside, or solve on a graph of fixed size: solve(knn_cost(X, Y, k), a, b)."
        )
        raise InputError(msg)
    limits = Limits(tol=tol, seconds=seconds, arcs=affordable_arcs(memory, cost), begin=begin)
    potentials = start.potentials if isinstance(start, Solution) else start
    with backend.on_device_of(cost.like):
        return solve_by_columns(
            problem,
            limits=limits,
            start=warm_start(problem, potentials),
            seed=seed,
            watch=watch,
        )


def _watch(progress: Any) -> Watch:
    """The receiver of a report after every round: a function, standard error, or nobody."""
    if isinstance(progress, (bool, np.bool_)):
        return Watch(on_round=_print_round) if progress else NOBODY
    expected = "True, False, or a function that takes a Round"
    return Watch(on_round=options.callback("progress", progress, expected))


def _print_round(a_round: Round) -> None:
    print(a_round, file=sys.stderr, flush=True)  # noqa: T201 (asked for by progress=True)
