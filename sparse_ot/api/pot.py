"""POT's functions `emd` and `emd2`, with the same arguments, order and return values.

docs/differences-from-pot.md lists the deliberate differences.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

from sparse_ot import options
from sparse_ot._typing import Array
from sparse_ot.api import arguments
from sparse_ot.api.arguments import OnInfeasible, warm_start
from sparse_ot.api.solve import solve_problem
from sparse_ot.costs.model import CostModel
from sparse_ot.errors import HallViolation
from sparse_ot.masses import as_array
from sparse_ot.problem.infeasible import infeasible_message, raise_infeasible
from sparse_ot.problem.problem import Problem, parse_cost
from sparse_ot.result.solution import Solution
from sparse_ot.result.status import Status
from sparse_ot.solvers.limits import NO_LIMIT, Limits

__all__ = ["emd", "emd2"]

RESULT_CODES = {Status.OPTIMAL: 1, Status.INFEASIBLE: 0}  # as POT numbers them; limits are 3


def emd(
    a: Any,
    b: Any,
    M: Any,
    numItermax: float | None = None,
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
        Masses; None or empty means uniform. docs/inputs.md lists what counts as an array.
    M : array (n, m) or sparse container
        Costs, as in `solve`.
    numItermax : whole number, optional
        Maximum of pivots, as 1000 or 1e6; no limit by default, or if infinite. A solve that reaches
        the limit gives a `UserWarning`.
    log : bool
        Also return a dictionary with ``cost``, ``u``, ``v``, ``warning``, ``result_code``.
    center_dual : bool
        Shift the potentials so that ``<u, a> == <v, b>``.
    numThreads : int or "max"
        Accepted for compatibility: one problem is solved by one thread, here as in POT.
    check_marginals : bool
        Refuse totals that differ; if False, rescale b instead.
    potentials_init : tuple of arrays, optional
        Start from these potentials, also for sparse costs.
    on_infeasible : {"raise", "warn"}
        Raise `InfeasibleError`, or warn and return NaN, since POT's zero plan looks like a plan.

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
    solve = _Solve(numItermax, center_dual, on_infeasible)
    problem = Problem.parse(M, a, b, check_marginals=check_marginals)
    answer = solve(problem, warm_start(problem, potentials_init))
    if answer.warning is not None:
        warnings.warn(answer.warning, UserWarning, stacklevel=2)
    plan = answer.solution.plan
    return (plan, answer.log()) if log else plan


def emd2(
    a: Any,
    b: Any,
    M: Any,
    processes: int = 1,
    numItermax: float | None = None,
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
        Threads that share the columns of `b`; the larger of the two counts. It has no effect under
        a JAX trace; `vmap` solves a batch in threads.
    log : bool
        Return ``(value, log)`` with the keys of `emd`.
    return_matrix : bool
        The same, and the plan as ``log["G"]``.

    Returns
    -------
    value : number, or a list of K of them (of pairs, with `log`)
        For NumPy a scalar of the costs' dtype, otherwise an array without dimensions.

    Raises
    ------
    SparseOTError
        As `solve`, for the first histogram that forms no problem; then nothing is returned for the
        others.

    Examples
    --------
    >>> import sparse_ot
    >>> float(sparse_ot.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.5]]))
    0.25
    """
    threads = max(
        options.threads("numThreads", numThreads), options.threads("processes", processes)
    )
    solve = _Solve(numItermax, center_dual, on_infeasible)
    cost = parse_cost(M, a, b)
    columns = _columns(b, cost)
    problems = [
        Problem.of(cost, a, histogram, check_marginals=check_marginals)
        for histogram in ([b] if columns is None else columns)
    ]
    start = warm_start(problems[0], potentials_init) if problems else None

    def answer_of(problem: Problem) -> _Answer:
        return solve(problem, start)

    if threads > 1 and len(problems) > 1 and not problems[0].is_traced:
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(cost.backend.for_thread(answer_of), problems))
    else:
        answers = [answer_of(problem) for problem in problems]

    results: list[Any] = []
    for answer in answers:
        if answer.warning is not None:
            warnings.warn(answer.warning, UserWarning, stacklevel=2)
        value = answer.solution.value
        if log or return_matrix:
            entry = answer.log()
            if return_matrix:
                entry["G"] = answer.solution.plan
            results.append((value, entry))
        else:
            results.append(value)
    return results[0] if columns is None else results


class _Answer(NamedTuple):
    """A solution, with POT's remarks about it.

    Attributes
    ----------
    solution : Solution
    note : str or None
        What is wrong with it: POT's `warning` entry.
    warning : str or None
        The warning that the public function issues at the place of the call.
    """

    solution: Solution
    note: str | None = None
    warning: str | None = None

    def log(self) -> dict[str, Any]:
        """POT's dictionary."""
        s = self.solution
        return {
            "cost": s.value,
            "u": s.potentials[0],
            "v": s.potentials[1],
            "warning": self.note,
            "result_code": _result_code(s),
        }


class _Solve:
    """Solves with the options that `emd` and `emd2` share; returns warnings, and issues none.

    Parameters
    ----------
    numItermax, center_dual, on_infeasible
        As in `emd`.
    """

    def __init__(self, numItermax: Any, center_dual: bool, on_infeasible: Any) -> None:
        self._limits = Limits(pivots=options.pivots("numItermax", numItermax) or NO_LIMIT)
        self._center = center_dual
        self._raises = arguments.on_infeasible(on_infeasible) == "raise"

    def __call__(self, problem: Problem, start: tuple[Array, Array] | None) -> _Answer:
        sentences: list[str] = []

        def note(violation: HallViolation, cost: CostModel) -> None:
            sentences.append(infeasible_message(violation, cost))

        s = solve_problem(
            problem,
            self._limits,
            start=start,
            center=self._center,
            on_infeasible=raise_infeasible if self._raises else note,
        )
        if sentences:
            return _Answer(s, Status.INFEASIBLE.remedy, sentences[0])
        if s.status is Status.OPTIMAL or not isinstance(s.status, Status):
            return _Answer(s)
        short = f"numItermax reached before optimality: the gap is {s.gap:.3g}. {s.status.remedy}"
        return _Answer(s, short, short)


def _columns(b: Any, cost: CostModel) -> list[Any] | None:
    """The columns of a two-dimensional b; None for any other b."""
    if b is None:
        return None
    histograms = as_array(cost.backend, b, cost.shape[1], "b", cost.like)
    if len(histograms.shape) != 2:
        return None
    return [histograms[:, k] for k in range(histograms.shape[1])]


def _result_code(s: Solution) -> Any:
    """POT's number for the status; an array of the library where the status is traced."""
    if isinstance(s.status, Status):
        return RESULT_CODES.get(s.status, 3)
    where = s._backend.xp.where
    infeasible = where(s.status == Status.INFEASIBLE.code, RESULT_CODES[Status.INFEASIBLE], 3)
    return where(s.status == Status.OPTIMAL.code, RESULT_CODES[Status.OPTIMAL], infeasible)
