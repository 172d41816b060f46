"""Turns a fault that the core finds in the numbers of a problem into the error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from sparse_ot.core import Fault, FaultKind
from sparse_ot.errors import InputError, InternalError, MassError, NonFiniteError
from sparse_ot.masses import bad_mass, no_mass

if TYPE_CHECKING:
    from sparse_ot.problem.problem import Problem

__all__ = ["Fault", "raise_for"]


def raise_for(
    fault: Fault, problem: Problem, arc_at: Callable[[int], tuple[int, int]] | None = None
) -> NoReturn:
    """Turn a fault of the numbers into the error that names it.

    `arc_at` gives the arc for the index in the fault, where that is not the cost model's own index.

    Raises
    ------
    NonFiniteError, MassError, InputError
        As the fault says.
    """
    match fault.kind:
        case FaultKind.NON_FINITE_SUPPLY | FaultKind.NEGATIVE_SUPPLY:
            error = bad_mass("a", fault.index, fault.value)
            raise error
        case FaultKind.NON_FINITE_DEMAND | FaultKind.NEGATIVE_DEMAND:
            error = bad_mass("b", fault.index, fault.value)
            raise error
        case FaultKind.UNEQUAL_TOTALS:
            msg = (
                f"a sums to {fault.value!r} and b to {fault.other!r}: the totals must be equal. "
                f"Divide each by its sum{problem.words.rescaling}."
            )
            raise MassError(msg)
        case FaultKind.ZERO_TOTAL:
            raise no_mass(a=fault.value, b=fault.other)
        case FaultKind.NAN_COST | FaultKind.MINUS_INFINITE_COST:
            row, col = (arc_at or problem.cost.arc_at)(fault.index)
            found = "nan" if fault.kind is FaultKind.NAN_COST else "-inf"
            raise NonFiniteError(problem.cost.bad_cost(row, col, found))
        case FaultKind.COST_TOO_LARGE:
            row, col = (arc_at or problem.cost.arc_at)(fault.index)
            msg = (
                f"The cost from source {row} to target {col} is {fault.value:.6g}. Expected at "
                f"most {fault.other:.3g} in magnitude, so that potentials, which are sums of "
                f"costs, are finite. Use +inf to forbid a pair, or divide all costs by a constant."
            )
            raise InputError(msg)
        case FaultKind.LIGHT_SUPPLY | FaultKind.LIGHT_DEMAND:
            name = "a" if fault.kind is FaultKind.LIGHT_SUPPLY else "b"
            msg = (
                f"{name}[{fault.index}] is {fault.value:g}, next to a total of {fault.other:g}. "
                f"The totals of a and b agree only up to rounding, which is more than this mass, "
                f"and its arcs do not lead to where the difference could go. Give it mass 0, or "
                f"solve its part of the graph apart."
            )
            raise MassError(msg)
        case FaultKind.NON_FINITE_U | FaultKind.NON_FINITE_V:
            name = "u" if fault.kind is FaultKind.NON_FINITE_U else "v"
            msg = (
                f"{problem.words.start}: {name}[{fault.index}] is {fault.value}: potentials must "
                f"be finite. Start without them, or with those of a solved problem."
            )
            raise NonFiniteError(msg)
    msg = f"Unknown fault {fault}. This is a bug in sparse_ot; please report it."
    raise InternalError(msg)
