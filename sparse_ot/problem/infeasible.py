"""A problem without a plan: the message for the Hall violation that proves it."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from sparse_ot.costs.model import CostModel
from sparse_ot.errors import HallViolation, InfeasibleError

__all__ = ["infeasible_message", "raise_infeasible"]


def raise_infeasible(violation: HallViolation, cost: CostModel) -> NoReturn:
    """Raise the error that names the starved sources, with the advice of `cost`."""
    raise InfeasibleError(infeasible_message(violation, cost), violation)


def infeasible_message(violation: HallViolation, cost: CostModel) -> str:
    """The message of `raise_infeasible`."""
    sources, targets = violation.sources, violation.targets
    if len(targets) == 0:
        what = (
            f"Row {sources[0]} has mass but no arcs"
            if len(sources) == 1
            else f"{len(sources)} rows, {_some(sources)}, have mass but no arcs"
        )
        found = f"{what} (mass {violation.supply:.6g})."
    else:
        found = (
            f"{len(sources)} source(s), {_some(sources)}, hold mass {violation.supply:.6g}, and "
            f"all their arcs end in {len(targets)} target(s), {_some(targets)}, that take only "
            f"{violation.demand:.6g}."
        )
    return (
        f"No plan exists on these arcs. {found} {cost.advice(violation)} "
        f"The error's `violation` holds both sets."
    )


def _some(indices: npt.NDArray[np.int64], most: int = 5) -> str:
    shown = ", ".join(str(i) for i in indices[:most])
    return f"[{shown}{', ...' if len(indices) > most else ''}]"
