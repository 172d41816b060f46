"""Point clouds in, the certified optimum over all pairs out.

`solve_sample` never makes the cost matrix: it solves on a few likely pairs, asks which missing
pair would help, and stops when there is none (see `sparse_ot.solvers.column_generation.driver`).

The value is differentiable in points and masses where the library differentiates, by the envelope
theorem (see `sparse_ot.api.solve`). Which arcs to add is decided by numbers, so under `jax.jit`,
where there are none, it cannot work; `jax.grad` around them can.
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
    """Whom to tell after every round: a function, standard error, or nobody."""
    if isinstance(progress, (bool, np.bool_)):
        return Watch(on_round=_print_round) if progress else NOBODY
    expected = "True, False, or a function that takes a Round"
    return Watch(on_round=options.callback("progress", progress, expected))


def _print_round(a_round: Round) -> None:
    print(a_round, file=sys.stderr, flush=True)  # noqa: T201 (asked for by progress=True)
