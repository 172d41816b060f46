"""The optimum on arcs that are all listed: one call of the simplex, one crossing each way.

The arcs are those of a sparse cost, or every entry of a matrix. Works under a JAX trace: the shapes
of everything that comes back are known before the call, and failure is data (`network_simplex`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import dtype_name
from sparse_ot.backends.protocol import ArraySpec, Backend
from sparse_ot.core.live_basis import NetworkSimplex, Progress, Report
from sparse_ot.costs.model import CostModel, Listed
from sparse_ot.errors import HallViolation
from sparse_ot.problem.infeasible import hall_violation, raise_infeasible
from sparse_ot.problem.problem import Problem
from sparse_ot.result.certificate import Certificate, rounding_of_bounds
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution, SolveStats
from sparse_ot.result.status import Status
from sparse_ot.solvers.limits import Limits

__all__ = ["solve_listed"]


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
        Of pivots and seconds; the clock is started here.
    start : (u, v), or nothing
        Potentials near the optimal ones.
    center : bool
        Hand out potentials with ``<u, a> == <v, b>``.
    progress : callable, optional
        ``(pivots, seconds, value)``, several times a second.
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
    simplex = _Measured(
        dense=dense,
        center=center,
        max_pivots=limits.max_pivots,
        seconds=limits.seconds,
        totals_tolerance=problem.totals_tolerance,
        progress=progress,
    )
    flow, u, v, value, numbers, codes = backend.host_call(
        simplex,
        *(problem.a, problem.b),
        *(*listed.ends, costs),
        *start,
        out=simplex.outputs(n, m, listed.size, dtype_name(costs.dtype)),
        ledger=ledger,
    )
    report = Report.read(numbers, codes)
    if report.fault is not None:
        problem.raise_for(report.fault)
    if report.status is Status.INFEASIBLE:
        on_infeasible(hall_violation(*_on_host(backend, u, v, problem.a, problem.b)), problem.cost)
    flow_of_costs = backend.xp.reshape(flow, (n, m)) if dense else flow
    return Solution(
        status=report.status,
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
            rounding=_rounding(problem, u, v, numbers),
        ),
        stats=SolveStats(
            pivots=report.pivots,
            degenerate_pivots=report.degenerate_pivots,
            arcs=report.arcs,
            seconds=report.seconds,
            crossings=ledger,
            quantisation_error=report.quantisation_error,
        ),
        _backend=backend,
    )


ROUNDING = 5  # of the numbers: free where there is no fault


@dataclass(frozen=True)
class _Measured(NetworkSimplex):
    """The simplex, and what rounding can do to its bounds, measured where the numbers are."""

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        flow, u, v, value, numbers, codes = super().__call__(*arrays)
        if codes[0] not in (Status.INVALID.code, Status.INFEASIBLE.code):
            numbers[ROUNDING] = rounding_of_bounds(arrays[0], u, arrays[1], v)
        return flow, u, v, value, numbers, codes


def _rounding(problem: Problem, u: Array, v: Array, numbers: Any) -> Any:
    """The same under a trace too, where compiled code leaves it out."""
    backend = problem.backend
    if not backend.is_traced(numbers):
        return float(numbers[ROUNDING])
    single = dtype_name(numbers.dtype) == "float32"
    a, b = (backend.xp.astype(backend.detach(x), u.dtype) for x in (problem.a, problem.b))
    return rounding_of_bounds(a, u, b, v, single=single)


def _on_host(backend: Backend, *arrays: Array) -> tuple[Any, ...]:
    """Arrays as NumPy ones, through the door; for the words of an error."""
    specs = [ArraySpec(tuple(x.shape), "float64", on_host=True) for x in arrays]
    result: tuple[Any, ...] = backend.host_call(
        lambda *hosts: hosts, *arrays, out=specs, ledger=TransferLedger()
    )
    return result
