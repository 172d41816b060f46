"""POT's functions: `emd` and `emd2`, with its names, its order of arguments and its return values.

Where they differ on purpose is listed in docs/differences-from-pot.md.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from sparse_ot import options
from sparse_ot._typing import Array
from sparse_ot.api.solve import OnInfeasible, solve_problem
from sparse_ot.backends.registry import get_backend
from sparse_ot.problem.problem import Problem
from sparse_ot.result.solution import Solution
from sparse_ot.result.status import Status

__all__ = ["emd", "emd2"]

RESULT_CODES = {Status.OPTIMAL: 1, Status.INFEASIBLE: 0}  # as POT numbers them; limits are 3


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
    s = solve_problem(
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
        return solve_problem(
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


def _warn_if_short(s: Solution) -> str | None:
    """POT's `warning` entry: what is wrong with the answer, also as a Python warning."""
    if not isinstance(s.status, Status) or s.converged:
        return None
    if s.status is Status.INFEASIBLE:  # warned about already, with the violation
        return s.status.remedy
    message = f"numItermax reached before optimality: the gap is {s.gap:.3g}. {s.status.remedy}"
    warnings.warn(message, RuntimeWarning, stacklevel=3)
    return message
