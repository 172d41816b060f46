"""The functions people call: `solve`, and POT's `emd` and `emd2` on top of it.

`solve` is the library's own face: it raises on bad input and on infeasible graphs, and returns a
certified `Solution`. `emd` and `emd2` keep POT's names, order and return values; where they
differ on purpose is listed in docs/differences-from-pot.md.

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
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from sparse_ot import options
from sparse_ot.backends.generic.tiled_search import lies_on_a_device
from sparse_ot.backends.protocol import Array
from sparse_ot.backends.registry import get_backend
from sparse_ot.core.live_basis import Progress
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import HallViolation, InfeasibleError, InputError, ShapeError
from sparse_ot.problem.masses import as_vector
from sparse_ot.problem.problem import Problem, infeasible_message, raise_infeasible
from sparse_ot.result.solution import Solution, Status
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.one_shot import solve_listed

__all__ = ["emd", "emd2", "solve"]

OnInfeasible = Literal["raise", "warn"]
# A matrix with fewer entries than this is fetched from its device in one go: rounds cost more.
PRICED_ENTRIES = 2**20
RESULT_CODES = {Status.OPTIMAL: 1, Status.INFEASIBLE: 0}  # as POT numbers them; limits are 3


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
    return _solve(
        problem,
        max_pivots=options.pivots("max_pivots", max_pivots),
        time_limit=options.limit("time_limit", time_limit, "seconds"),
        potentials_init=potentials_init,
        center_dual=center_dual,
        progress=options.callback(
            "progress", progress, "a function of pivots, seconds and value, or None"
        ),
    )


def emd(
    a: Any,
    b: Any,
    M: Any,
    numItermax: int | None = None,
    log: bool = False,
    center_dual: bool = True,
    numThreads: int | Literal["max"] = 1,
    check_marginals: bool = True,
    potentials_init: tuple[Array, Array] | None = None,
    *,
    on_infeasible: OnInfeasible = "raise",
) -> Any:
    """Optimal plan of the Earth Mover's Distance, with the signature of `ot.emd`.

    Parameters
    ----------
    a, b : array (n,), (m,)
        Masses; None or empty means uniform.
    M : array (n, m) or sparse container
        Costs, as in `solve`.
    numItermax : int, optional
        Most pivots; no limit by default. A limit that stops the solve warns.
    log : bool
        Also return a dictionary with ``cost``, ``u``, ``v``, ``warning``, ``result_code``.
    center_dual : bool
        Shift the potentials so that ``<u, a> == <v, b>``.
    numThreads : int or "max"
        Accepted for compatibility: one problem is solved by one thread, here as in POT.
    check_marginals : bool
        Refuse totals that differ. Off: b is rescaled.
    potentials_init : tuple of arrays, optional
        Start from these potentials, also for sparse costs.
    on_infeasible : {"raise", "warn"}
        Raise `InfeasibleError`, or warn and return NaN: POT's zero plan would pass for one.

    Returns
    -------
    plan : array (n, m), or a sparse container if `M` is one
    log : dict
        Only if `log`.

    Raises
    ------
    SparseOTError
        As `solve`.

    Examples
    --------
    >>> import sparse_ot
    >>> sparse_ot.emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    options.threads("numThreads", numThreads)
    problem = Problem.parse(M, a, b, check_marginals=check_marginals)
    s = _solve(
        problem,
        max_pivots=options.pivots("numItermax", numItermax),
        potentials_init=potentials_init,
        center_dual=center_dual,
        on_infeasible=on_infeasible,
    )
    message = _warn_if_short(s)
    return (s.plan, _log(s, message)) if log else s.plan


def emd2(
    a: Any,
    b: Any,
    M: Any,
    processes: int = 1,
    numItermax: int | None = None,
    log: bool = False,
    return_matrix: bool = False,
    center_dual: bool = True,
    numThreads: int | Literal["max"] = 1,
    check_marginals: bool = True,
    potentials_init: tuple[Array, Array] | None = None,
    *,
    on_infeasible: OnInfeasible = "raise",
) -> Any:
    """Value of the Earth Mover's Distance, with the signature of `ot.emd2`.

    Parameters
    ----------
    a, b, M, numItermax, center_dual, check_marginals, potentials_init, on_infeasible
        As in `emd`. A `b` of shape (m, K) holds K histograms as columns, solved one by one.
    processes, numThreads : int or "max"
        Threads that share the columns of `b`; the larger of the two counts. While JAX traces
        there is nothing to share: a batch that is to be solved in threads goes through `vmap`.
    log : bool
        Return ``(value, log)`` with the keys of `emd`.
    return_matrix : bool
        The same, and the plan as ``log["G"]``.

    Returns
    -------
    value : 0-d array, or a list of K of them (of pairs, with `log`)

    Examples
    --------
    >>> import sparse_ot
    >>> float(sparse_ot.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.5]]))
    0.25
    """
    threads = max(
        options.threads("numThreads", numThreads), options.threads("processes", processes)
    )
    limit = options.pivots("numItermax", numItermax)

    def one(column: Any) -> Solution:
        return _solve(
            Problem.parse(M, a, column, check_marginals=check_marginals),
            max_pivots=limit,
            potentials_init=potentials_init,
            center_dual=center_dual,
            on_infeasible=on_infeasible,
        )

    columns = _columns(a, b, M)
    if columns is None:
        solutions = [one(b)]
    elif threads > 1 and not Problem.parse(M, a, columns[0], check_marginals=False).is_traced:
        with ThreadPoolExecutor(threads) as pool:
            solutions = list(pool.map(get_backend(M).for_thread(one), columns))
    else:
        solutions = [one(column) for column in columns]

    results: list[Any] = []
    for s in solutions:
        message = _warn_if_short(s)
        if log or return_matrix:
            entry = _log(s, message)
            if return_matrix:
                entry["G"] = s.plan
            results.append((s.value, entry))
        else:
            results.append(s.value)
    return results[0] if columns is None else results


def _solve(
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
        return n * m >= PRICED_ENTRIES and lies_on_a_device(cost.matrix) and not problem.is_traced
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


def _columns(a: Any, b: Any, M: Any) -> list[Any] | None:
    """The columns of a two-dimensional b, or None."""
    if b is None or (hasattr(b, "shape") and len(b.shape) != 2):
        return None
    backend = get_backend(a, b, M, names=("a", "b", "M"))
    histograms = backend.asarray(b, None)
    if len(histograms.shape) != 2:
        return None
    return [histograms[:, k] for k in range(histograms.shape[1])]


def _log(s: Solution, message: str | None) -> dict[str, Any]:
    return {
        "cost": s.value,
        "u": s.potentials[0],
        "v": s.potentials[1],
        "warning": message,
        "result_code": _result_code(s),
    }


def _result_code(s: Solution) -> Any:
    if isinstance(s.status, Status):
        return RESULT_CODES.get(s.status, 3)
    where = s._backend.xp.where
    infeasible = where(s.status == Status.INFEASIBLE.code, RESULT_CODES[Status.INFEASIBLE], 3)
    return where(s.status == Status.OPTIMAL.code, RESULT_CODES[Status.OPTIMAL], infeasible)


def _warn_infeasible(violation: HallViolation, cost: Any) -> None:
    """The words of the error as a warning, at the place that called `emd`."""
    warnings.warn(infeasible_message(violation, cost), RuntimeWarning, stacklevel=5)


def _warn_if_short(s: Solution) -> str | None:
    """POT's `warning` entry: what is wrong with the answer, also as a Python warning."""
    if not isinstance(s.status, Status) or s.converged:
        return None
    if s.status is Status.INFEASIBLE:  # warned about already, with the violation
        return s.status.remedy
    message = f"numItermax reached before optimality: the gap is {s.gap:.3g}. {s.status.remedy}"
    warnings.warn(message, RuntimeWarning, stacklevel=3)
    return message
