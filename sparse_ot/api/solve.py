"""`solve`: one problem, any cost, from input to certified solution.

It raises on bad input and on infeasible graphs. `pot` has POT's functions on top of it.

The value is differentiable where the library differentiates. The optimum of a linear program
changes with its data as if the optimal plan P and potentials u, v were constant (envelope theorem;
Peyré and Cuturi 2019, Computational Optimal Transport, section 9.1.2):

    dV = <P, dC> + <u, da> + <v, db>

so the value is passed to `Backend.envelope` with these three pairs. Second derivatives in C, or in
the data that C depends on, are those of C itself, and in the masses they are 0. But P changes with
the masses and u, v with the costs, so a derivative once in each is not known here, and is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from sparse_ot import options
from sparse_ot._typing import Array
from sparse_ot.api.arguments import warm_start
from sparse_ot.core import Progress
from sparse_ot.costs.model import CostModel
from sparse_ot.errors import HallViolation
from sparse_ot.problem.infeasible import raise_infeasible
from sparse_ot.problem.problem import Problem
from sparse_ot.result.solution import Solution
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.limits import NO_LIMIT, Limits
from sparse_ot.solvers.offset_costs import OffsetCosts
from sparse_ot.solvers.one_shot import solve_listed
from sparse_ot.solvers.progress import NOBODY, Watch

__all__ = ["solve", "solve_problem"]


def solve(
    M: Any,
    a: Any = None,
    b: Any = None,
    *,
    max_pivots: float | None = None,
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
        other pair is forbidden; a cost of +inf forbids a pair in either. NumPy, SciPy sparse, and
        the arrays and containers of the other backends are accepted, and so are tables and buffers
        (docs/inputs.md). A `PointCloudCost`, or any object with the protocol
        `sparse_ot.costs.CostModel`, is solved over all its pairs without a matrix (see
        `solve_sample`), and its plan is a sparse container.
    a : array (n,), optional
        Masses of the sources; None or empty means uniform, ``1 / n`` each.
    b : array (m,), optional
        Masses of the targets.
    max_pivots : whole number, optional
        Stop after this many pivots with the best plan so far (status PIVOT_LIMIT). Infinity means
        no limit.
    time_limit : float, optional
        Stop after this many seconds (status TIME_LIMIT), counted from the start of the solve.
    potentials_init : tuple of arrays (n,), (m,), optional
        Potentials near the optimal ones, to start from, such as those of a similar problem.
    center_dual : bool
        Shift the potentials so that ``<u, a> == <v, b>``; if False, leave the solver's own shift.
    check_marginals : bool
        Refuse masses whose totals differ by more than rounding; if False, rescale b instead.
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
        The input forms no problem; the message names the place and the remedy.

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
    on_slice = options.callback(
        "progress", progress, "a function of pivots, seconds and value, or None"
    )
    return solve_problem(
        problem,
        Limits(
            seconds=options.limit("time_limit", time_limit, "seconds"),
            pivots=options.pivots("max_pivots", max_pivots) or NO_LIMIT,
        ),
        start=warm_start(problem, potentials_init),
        center=center_dual,
        watch=NOBODY if on_slice is None else Watch(on_slice=on_slice),
    )


def solve_problem(
    problem: Problem,
    limits: Limits,
    *,
    start: tuple[Array, Array] | None = None,
    center: bool = True,
    seed: int | None = None,
    watch: Watch = NOBODY,
    on_infeasible: Callable[[HallViolation, CostModel], object] = raise_infeasible,
) -> Solution:
    """Solve in one call where the cost model lists its arcs, otherwise by column generation.

    Parameters
    ----------
    problem : Problem
    limits : Limits
    start : (u, v), optional
        From `warm_start`.
    center : bool
        Return potentials with ``<u, a> == <v, b>``.
    seed : int, optional
        Seed of the start of large clouds.
    watch : Watch
        Functions that receive the progress.
    on_infeasible : callable
        Receives the violation and the cost model; if it returns, the solution is NaN throughout.
    """
    cost = problem.cost
    solve_held = partial(
        _solve_as_held, problem, limits, center=center, seed=seed, on_infeasible=on_infeasible
    )
    with problem.backend.on_device_of(cost.like):
        if cost.offsets is None:
            return solve_held(start=start, watch=watch)
        lacking = OffsetCosts(problem, cost.offsets, center=center)
        watch = replace(watch, on_slice=lacking.progress(watch.on_slice))
        return lacking.restored(solve_held(start=lacking.start(start), watch=watch))


def _solve_as_held(
    problem: Problem,
    limits: Limits,
    *,
    start: tuple[Array, Array] | None,
    center: bool,
    seed: int | None,
    watch: Watch,
    on_infeasible: Callable[[HallViolation, CostModel], object],
) -> Solution:
    """Solve for the costs as the cost model holds them, which may lack its offsets."""
    listed = problem.cost.listed()
    if listed is None and problem.is_traced:
        listed = problem.cost.listed(must=True)
    if listed is None:
        return solve_by_columns(
            problem,
            limits=limits,
            center=center,
            start=start,
            seed=seed,
            watch=watch,
            on_infeasible=on_infeasible,
        )
    return solve_listed(
        problem,
        listed,
        limits=limits,
        start=start or (),
        center=center,
        progress=watch.on_slice,
        on_infeasible=on_infeasible,
    )
