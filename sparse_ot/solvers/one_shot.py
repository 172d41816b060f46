"""The optimum on arcs that are all listed: one call of the simplex, one crossing each way.

The arcs are those of a sparse cost, or every entry of a matrix. This works under a JAX trace: the
shapes of all results are known before the call, and failure is data (`core.solve_arcs`).

A large matrix may hold the distances of points. Then the simplex starts from a plan made from these
points (`starts.matrix_plan`), whether the call is compiled or not: a compiled call gives the same
answer as a plain one, to the bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sparse_ot._typing import Array, HostArray
from sparse_ot.backends.generic.arrays import dtype_name
from sparse_ot.backends.protocol import ArraySpec, Backend
from sparse_ot.core import (
    REPORT_CODES,
    REPORT_NUMBERS,
    Answer,
    Masses,
    Progress,
    Report,
    SolveSettings,
    Status,
    as_double,
    solve_arcs,
    solve_matrix,
)
from sparse_ot.costs.model import CostModel, Listed
from sparse_ot.costs.sparse import refuse_out_of_range
from sparse_ot.errors import HallViolation
from sparse_ot.problem.infeasible import raise_infeasible
from sparse_ot.problem.problem import Problem
from sparse_ot.result.certificate import RESOLUTION, RESOLUTION_SINGLE, Certificate
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution, SolveStats
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.number_range import Overflow, overflow_of
from sparse_ot.solvers.starts import matrix_plan

__all__ = ["OneShot", "solve_listed"]


VALUE, STATUS = REPORT_NUMBERS.index("value"), REPORT_CODES.index("status")


def solve_listed(
    problem: Problem,
    listed: Listed,
    *,
    limits: Limits,
    start: Sequence[Array] = (),
    center: bool = True,
    progress: Progress | None = None,
    on_infeasible: Callable[[HallViolation, CostModel], object] = raise_infeasible,
) -> Solution:
    """Solve on all arcs of a cost model.

    Parameters
    ----------
    problem : Problem
    listed : Listed
        The arcs of its cost model.
    limits : Limits
        Of these, pivots and seconds count; the clock starts with this call.
    start : (u, v), or nothing
        Potentials near the optimal ones.
    center : bool
        Return potentials with ``<u, a> == <v, b>``.
    progress : callable, optional
        Receives ``(pivots, seconds, value)``, several times a second.
    on_infeasible : callable
        Receives the violation and the cost model; if it returns, the solution is NaN throughout.

    Raises
    ------
    InfeasibleError, MassError, NonFiniteError
        As `sparse_ot.solve`.
    """
    backend, cost = problem.backend, problem.cost
    dense, costs = listed.is_matrix, listed.costs
    (n, m), ledger = problem.shape, TransferLedger()
    traced = any(backend.is_traced(x) for x in (problem.a, problem.b, costs, *listed.ends))
    on_host = OneShot(
        dense=dense,
        checks_indices=not traced and any(backend.host_view(x) is None for x in listed.ends),
        seeks_points=dense and not start and n + m >= matrix_plan.MIN_POINTS,
        center=center,
        max_pivots=limits.max_pivots,
        seconds=limits.seconds,
        totals_tolerance=problem.totals_tolerance,
        progress=progress,
    )
    flow, u, v, value, numbers, codes = backend.host_call(
        on_host,
        problem.a,
        problem.b,
        *listed.ends,
        costs,
        *start,
        out=on_host.outputs(n, m, listed.size, dtype_name(costs.dtype)),
        ledger=ledger,
    )
    report = Report.read(numbers, codes)
    if report.fault is not None:
        problem.raise_for(report.fault)
    if report.status is Status.INFEASIBLE:
        assert on_host.last.violation is not None, "the core proves what it claims"
        on_infeasible(on_host.last.violation, problem.cost)
    elif (overflow := on_host.last.overflow) is not None and not backend.is_traced(numbers):
        raise overflow.error()
    flow_of_costs = backend.xp.reshape(flow, (n, m)) if dense else flow
    # Potentials that leave a compiled program in single precision were rounded once more.
    single = backend.is_traced(numbers) and dtype_name(numbers.dtype) == "float32"
    return Solution(
        status=_with_overflow(report.status, (value, u, v), backend),
        value=backend.envelope(value, (flow_of_costs, costs), (u, problem.a), (v, problem.b)),
        plan=cost.plan(flow),
        potentials=(u, v),
        certificate=Certificate(
            value=report.value,
            lower_bound=report.lower_bound,
            worst_reduced_cost=report.worst_reduced_cost,
            worst_marginal_error=report.worst_marginal_error,
            scope=cost.scope,
            total_mass=report.total_mass,
            rounding=report.rounding * (RESOLUTION_SINGLE / RESOLUTION if single else 1.0),
        ),
        stats=SolveStats(
            pivots=report.pivots,
            degenerate_pivots=report.degenerate_pivots,
            arcs=report.arcs,
            seconds={"start": report.start_seconds, "pivots": report.pivot_seconds},
            crossings=ledger,
            quantisation_error=report.quantisation_error,
            rescaling=report.rescaling,
        ),
        _backend=backend,
    )


def _with_overflow(status: Any, results: tuple[Array, ...], backend: Backend) -> Any:
    """The status; under a trace, INVALID where a number does not fit into the costs' type."""
    if isinstance(status, Status):
        return status
    xp = backend.xp
    value, *potentials = (backend.detach(x) for x in results)
    overflow = ~xp.isfinite(value) & (status != Status.INFEASIBLE.code)
    for x in potentials:
        overflow = overflow | xp.any(xp.isinf(x))
    return xp.where(overflow, xp.full_like(status, Status.INVALID.code), status)


@dataclass
class Last:
    """The results of the last call that are not arrays.

    Attributes
    ----------
    violation : HallViolation or None
    overflow : Overflow or None
        A number that the type of the results does not hold.
    """

    violation: HallViolation | None = None
    overflow: Overflow | None = None


@dataclass(frozen=True)
class OneShot:
    """One cold or warm solve on explicit arcs, or on all entries of a matrix: a host function.

    Call with ``(a, b, rows, cols, costs)``, or ``(a, b, matrix)`` where `dense`; a warm start adds
    potentials ``u, v`` at the end. Returns flow, u, v, value, and the numbers and codes of the
    report, with the shapes of `outputs`.

    Attributes
    ----------
    dense : bool
        Whether costs come as a matrix (every pair an arc) or as arcs.
    seeks_points : bool
        Whether to look for points behind the matrix, to start from.
    checks_indices : bool
        Whether to refuse indices out of range, which are no arcs otherwise: those of a device,
        which nobody has seen.
    center : bool
        Shift the potentials so that ``<u, a> == <v, b>``, as POT does.
    max_pivots : int or None
    seconds : float
        Time limit, infinite if there is none.
    totals_tolerance : float
    progress : callable or None
    last : Last
        Meaningless under a trace, where no caller knows which call was the last.
    """

    dense: bool = False
    seeks_points: bool = False
    checks_indices: bool = False
    center: bool = True
    max_pivots: int | None = None
    seconds: float = math.inf
    totals_tolerance: float = 1e-6
    progress: Progress | None = None
    last: Last = field(default_factory=Last, repr=False, compare=False)

    @property
    def foreign_name(self) -> str | None:
        """Name of the compiled function that does the same; None where only Python can do it."""
        needs_python = self.seeks_points or self.progress is not None
        return None if needs_python else "sparse_ot_network_simplex"

    def foreign_attributes(self) -> dict[str, Any]:
        """The same settings, for the compiled function."""
        return {
            "dense": np.int64(self.dense),
            "center": np.int64(self.center),
            "max_pivots": np.int64(self._max_pivots),
            "seconds": np.float64(self.seconds),
            "totals_tolerance": np.float64(self.totals_tolerance),
        }

    @staticmethod
    def outputs(n: int, m: int, n_arcs: int, dtype: str) -> tuple[ArraySpec, ...]:
        """Specs of flow, u, v, value, numbers, codes."""
        return (
            ArraySpec((n_arcs,), dtype),
            ArraySpec((n,), dtype),
            ArraySpec((m,), dtype),
            ArraySpec((), dtype),
            ArraySpec((len(REPORT_NUMBERS),), "float64", on_host=True),
            ArraySpec((len(REPORT_CODES),), "int64", on_host=True),
        )

    def __call__(self, *arrays: HostArray) -> tuple[Any, ...]:
        """Solve; see the class."""
        a, b, costs = arrays[0], arrays[1], arrays[2 if self.dense else 4]
        if self.checks_indices:
            refuse_out_of_range(arrays[2], arrays[3], (a.size, b.size))
        masses = Masses(as_double(a), as_double(b), self.totals_tolerance)
        answer = (self._on_matrix if self.dense else self._on_arcs)(masses, *arrays)
        self.last.violation = answer.violation
        flow, u, v, numbers, codes, _ = answer
        results = flow, u, v, numbers[VALUE]
        has_plan = codes[STATUS] not in (Status.INFEASIBLE.code, Status.INVALID.code)
        self.last.overflow = overflow_of(costs.dtype, *results) if has_plan else None
        with np.errstate(over="ignore"):  # the overflow is known
            return (*(np.asarray(x, costs.dtype) for x in results), numbers, codes)

    def _on_arcs(self, masses: Masses, *arrays: HostArray) -> Answer:
        _, _, rows, cols, costs, *start = arrays
        return solve_arcs(
            masses,
            rows,
            cols,
            costs,
            settings=self._settings(),
            start=(start[0], start[1]) if start else None,
            progress=self.progress,
        )

    def _on_matrix(self, masses: Masses, *arrays: HostArray) -> Answer:
        a, b, matrix, *potentials = arrays
        start = (potentials[0], potentials[1]) if potentials else None
        plan, elapsed = None, 0.0
        if self.seeks_points and masses.fault is None:
            began = time.perf_counter()
            found = matrix_plan.start_behind(matrix, a, b, self.seconds, masses)
            if found is not None:
                start = found.u, found.v
                plan = found.rows * matrix.shape[1] + found.cols, found.flow
            elapsed = time.perf_counter() - began
        return solve_matrix(
            masses,
            matrix,
            settings=self._settings(elapsed),
            start=start,
            plan=plan,
            progress=self.progress,
        )

    def _settings(self, elapsed: float = 0.0) -> SolveSettings:
        return SolveSettings(self.center, self._max_pivots, self.seconds, elapsed)

    @property
    def _max_pivots(self) -> int:
        return -1 if self.max_pivots is None else self.max_pivots
