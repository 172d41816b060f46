"""`solve`: one problem, any cost, from input to certified solution.

It raises on bad input and on infeasible graphs. POT's names on top of it are in `pot`.

The value is differentiable where the library differentiates. The optimum of a linear program
changes with its data as if the optimal plan P and potentials u, v stood still (envelope theorem;
Peyré and Cuturi 2019, Computational Optimal Transport, section 9.1.2):

    dV = <P, dC> + <u, da> + <v, db>

so the value is handed to `Backend.envelope` with these three pairs. Second derivatives in C, or in
what C depends on, are those of C itself, and in the masses they are 0; but P moves with the masses
and u, v with the costs, so a derivative once in each is not known here, and comes out NaN.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from typing import Any, Literal

from sparse_ot import options
from sparse_ot._typing import Array
from sparse_ot.backends.registry import get_backend
from sparse_ot.core.live_basis import Progress
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import HallViolation, InfeasibleError, InputError, ShapeError
from sparse_ot.masses import as_vector
from sparse_ot.problem.infeasible import infeasible_message, raise_infeasible
from sparse_ot.problem.problem import Problem
from sparse_ot.result.solution import Solution
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.one_shot import solve_listed

__all__ = ["OnInfeasible", "solve", "solve_problem"]

OnInfeasible = Literal["raise", "warn"]
# A matrix with fewer entries than this is fetched from its device in one go: rounds cost more.
PRICED_ENTRIES = 2**20


def solve(
    M: Any,
    a: Any = None,
    b: Any = None,
    *,
    max_pivots: int | None = None,
    time_limit: float | None = None,
    potentials_init: tuple[Array, Array] | None = None,
    center_dual: bool = True,
    check_marginals: bool = True,
    progress: Progress | None = None,
) -> Solution:
    """Solve the optimal transport problem exactly, and prove it.

    Parameters
    ----------
    M : array (n, m), sparse container (n, m), or cost model
        Costs. In a sparse container every stored entry is an arc (also a stored 0) and every
        other pair is forbidden; a cost of +inf forbids a pair in either. NumPy, SciPy sparse,
        and the arrays and containers of the other backends. A `PointCloudCost`, or any object
        with the protocol `sparse_ot.costs.CostModel`, is solved over all its pairs without a
        matrix (see `solve_sample`), and its plan is a sparse container.
    a : array (n,), optional
        Masses of the sources; None or empty means uniform, ``1 / n`` each.
    b : array (m,), optional
        Masses of the targets.
    max_pivots : int, optional
        Stop after this many pivots with the best plan so far (status PIVOT_LIMIT).
    time_limit : float, optional
        The same after this many seconds (status TIME_LIMIT), counted from the start of the solve.
    potentials_init : tuple of arrays (n,), (m,), optional
        Potentials near the optimal ones, to start from: those of a similar problem.
    center_dual : bool
        Shift the potentials so that ``<u, a> == <v, b>``. Otherwise the solver's own shift.
    check_marginals : bool
        Refuse masses whose totals differ by more than rounding. Off: b is rescaled.
    progress : callable, optional
        ``progress(pivots, seconds, value)``, called several times a second and at the end.

    Returns
    -------
    Solution
        In the library, element type, device and container of `M`.

    Raises
    ------
    InfeasibleError
        No plan exists on the arcs given; the error carries the starved sources.
    MassError, NonFiniteError, ShapeError, UnsupportedArrayError, MixedBackendsError
        The input makes no problem; the message names the place and the remedy.

    Notes
    -----
    Primal network simplex on a strongly feasible tree: Ahuja, Magnanti and Orlin 1993, Network
    Flows, chapter 11; Cunningham 1976, Mathematical Programming 11, 105-116.

    Examples
    --------
    >>> import scipy.sparse, sparse_ot
    >>> M = scipy.sparse.coo_array(([3.0, 1.0, 2.0], ([0, 0, 1], [0, 1, 0])), shape=(2, 2))
    >>> s = sparse_ot.solve(M)
    >>> float(s.value), s.certificate.gap, s.plan.toarray().tolist()
    (1.5, 0.0, [[0.0, 0.5], [0.5, 0.0]])
    """
    problem = Problem.parse(M, a, b, check_marginals=check_marginals)
    return solve_problem(
        problem,
        max_pivots=options.pivots("max_pivots", max_pivots),
        time_limit=options.limit("time_limit", time_limit, "seconds"),
        potentials_init=potentials_init,
        center_dual=center_dual,
        progress=options.callback(
            "progress", progress, "a function of pivots, seconds and value, or None"
        ),
    )


def solve_problem(
    problem: Problem,
    *,
    max_pivots: int | None = None,
    time_limit: float = math.inf,
    potentials_init: tuple[Array, Array] | None = None,
    center_dual: bool = True,
    progress: Progress | None = None,
    on_infeasible: OnInfeasible = "raise",
) -> Solution:
    if on_infeasible not in ("raise", "warn"):
        msg = f'on_infeasible must be "raise" or "warn", found {on_infeasible!r}.'
        raise InputError(msg)
    backend, cost = problem.backend, problem.cost
    start = _warm_start(problem, potentials_init)
    if _is_priced(problem):
        try:
            with backend.on_device_of(cost.like):
                return solve_by_columns(
                    problem,
                    limits=Limits(
                        deadline=time.perf_counter() + time_limit,
                        pivots=2**62 if max_pivots is None else max_pivots,
                    ),
                    center=center_dual,
                    start=(start[0], start[1]) if start else None,
                    slice_progress=progress,
                )
        except InfeasibleError:
            if on_infeasible == "raise" or not isinstance(cost, (PointCloudCost, DenseCost)):
                raise  # else the way below warns, and says NaN wherever a number was expected
    return solve_listed(
        problem,
        start=start,
        center=center_dual,
        max_pivots=max_pivots,
        seconds=time_limit,
        progress=progress,
        on_infeasible=raise_infeasible if on_infeasible == "raise" else _warn_infeasible,
    )


def _is_priced(problem: Problem) -> bool:
    """Whether arcs come from pricing: the costs are not listed, or lie on another device."""
    cost = problem.cost
    if isinstance(cost, DenseCost):
        n, m = cost.shape
        elsewhere = n * m >= PRICED_ENTRIES and problem.backend.host_view(cost.matrix) is None
        return elsewhere and not problem.is_traced
    return not isinstance(cost, (SparseCost, PointCloudCost)) or (
        isinstance(cost, PointCloudCost) and not problem.is_traced
    )


def _warm_start(problem: Problem, potentials: Sequence[Array] | None) -> list[Array]:
    if potentials is None:
        return []
    pair = hasattr(potentials, "__len__") and len(potentials) == 2
    if not pair or any(x is None for x in potentials):
        msg = "potentials_init must be a pair of arrays (u, v), as Solution.potentials is."
        raise ShapeError(msg)
    names = ("potentials_init[0]", "potentials_init[1]")
    get_backend(problem.cost.like, *potentials, names=("M", *names))
    return [
        as_vector(problem.backend, x, count, name, problem.cost.like)
        for x, count, name in zip(potentials, problem.shape, names, strict=True)
    ]


def _warn_infeasible(violation: HallViolation, cost: Any) -> None:
    """The words of the error as a warning, at the place that called `emd`."""
    warnings.warn(infeasible_message(violation, cost), RuntimeWarning, stacklevel=5)
