"""Turns what the core finds wrong with the numbers of a problem into the error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from sparse_ot.core import Fault, FaultKind
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import InternalError, MassError, NonFiniteError

if TYPE_CHECKING:
    from sparse_ot.problem.problem import Problem

__all__ = ["Fault", "raise_for"]


def raise_for(
    fault: Fault, problem: Problem, arc_at: Callable[[int], tuple[int, int]] | None = None
) -> NoReturn:
    """Turn a fault of the numbers into the error that names it.

    `arc_at` knows the arcs by the index in the fault, where those are not the cost model's own.

    Raises
    ------
    NonFiniteError, MassError
        As the fault says.
    """
    match fault.kind:
        case FaultKind.NON_FINITE_SUPPLY | FaultKind.NON_FINITE_DEMAND:
            name = "a" if fault.kind is FaultKind.NON_FINITE_SUPPLY else "b"
            msg = (
                f"{name}[{fault.index}] is {fault.value}: masses must be finite. "
                f"Drop the point or give it mass 0."
            )
            raise NonFiniteError(msg)
        case FaultKind.NEGATIVE_SUPPLY | FaultKind.NEGATIVE_DEMAND:
            name = "a" if fault.kind is FaultKind.NEGATIVE_SUPPLY else "b"
            msg = (
                f"{name}[{fault.index}] is {fault.value:g}: masses must not be negative. "
                f"Clip {name} at 0, or move the mass to the other side."
            )
            raise MassError(msg)
        case FaultKind.UNEQUAL_TOTALS:
            msg = (
                f"a sums to {fault.value!r} and b to {fault.other!r}: the totals must be equal. "
                f"Divide each by its sum{problem.words.rescaling}."
            )
            raise MassError(msg)
        case FaultKind.ZERO_TOTAL:
            msg = (
                f"a sums to {fault.value:g} and b to {fault.other:g}: "
                f"both totals must be positive and finite."
            )
            raise MassError(msg)
        case FaultKind.NAN_COST | FaultKind.MINUS_INFINITE_COST:
            raise NonFiniteError(_of_cost(fault, problem, arc_at or problem.cost.arc_at))
        case FaultKind.NON_FINITE_U | FaultKind.NON_FINITE_V:
            name = "u" if fault.kind is FaultKind.NON_FINITE_U else "v"
            msg = (
                f"{problem.words.start}: {name}[{fault.index}] is {fault.value}: potentials must "
                f"be finite. Start without them, or with those of a solved problem."
            )
            raise NonFiniteError(msg)
    msg = f"Unknown fault {fault}. This is a bug in sparse_ot; please report it."
    raise InternalError(msg)


def _of_cost(fault: Fault, problem: Problem, arc_at: Callable[[int], tuple[int, int]]) -> str:
    row, col = arc_at(fault.index)
    what = "nan" if fault.kind is FaultKind.NAN_COST else "-inf"
    if isinstance(problem.cost, PointCloudCost):
        return (
            f"The cost from X[{row}] to Y[{col}] is {what}. Expected a number, or +inf for "
            f"a forbidden pair. Look at the metric, and at the coordinates of these points."
        )
    return (
        f"The cost M has at ({row}, {col}) is {what}: the cost of an arc must be a "
        f"number. Use +inf for a forbidden pair."
    )
