"""A problem without a plan: the message for the Hall violation that proves it."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from sparse_ot._messages import told_apart
from sparse_ot.costs.model import CostModel
from sparse_ot.errors import HallViolation, InfeasibleError

__all__ = ["infeasible_message", "raise_infeasible"]


def raise_infeasible(violation: HallViolation, cost: CostModel) -> NoReturn:
    """Raise the error that names the starved sources, with the advice of `cost`."""
    msg = f"{infeasible_message(violation, cost)} The error's `violation` holds both sets."
    raise InfeasibleError(msg, violation)


def infeasible_message(violation: HallViolation, cost: CostModel) -> str:
    """What was found, and the advice of `cost`: for an error or a warning."""
    sources = _counted(violation.sources, "source")
    holds = "holds" if len(violation.sources) == 1 else "hold"
    supply, demand = told_apart(violation.supply, violation.demand)
    if len(violation.targets) == 0:
        found = f"{sources} {holds} mass {supply} and no arc leaves there."
    else:
        found = (
            f"{sources} {holds} mass {supply}, and all arcs from there end in "
            f"{_counted(violation.targets, 'target')} which can take {_less(violation, demand)}."
        )
    return f"No plan exists on these arcs. {found} {cost.advice(violation)}"


def _less(violation: HallViolation, demand: str) -> str:
    """The demand and, where it is nearly the supply, the difference."""
    deficit = violation.deficit
    if deficit <= 0:  # the core compares integers, which have more digits than a double
        return "less than that, by less than a double can show"
    return f"only {demand}" + (f", {deficit:.3g} less" if deficit < 1e-3 * violation.supply else "")


def _counted(indices: npt.NDArray[np.int64], noun: str, most: int = 5) -> str:
    shown = ", ".join(str(i) for i in indices[:most])
    more = ", ..." if len(indices) > most else ""
    return f"{len(indices)} {noun}{'' if len(indices) == 1 else 's'}, [{shown}{more}],"
