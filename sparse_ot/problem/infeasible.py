"""A problem without a plan: the words for the Hall violation that proves it."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import HallViolation, InfeasibleError

__all__ = ["infeasible_message", "raise_infeasible"]


def raise_infeasible(violation: HallViolation, cost: Any = None) -> NoReturn:
    """Say which sources starve, and what to change; that depends on where `cost` has its arcs."""
    raise InfeasibleError(infeasible_message(violation, cost), violation)


def infeasible_message(violation: HallViolation, cost: Any = None) -> str:
    """The sentence of `raise_infeasible`."""
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
        f"No plan exists on these arcs. {found} {_more_arcs(cost)} "
        f"The error's `violation` holds both sets."
    )


def _more_arcs(cost: Any) -> str:
    if isinstance(cost, DenseCost):
        return "Allow these sources more pairs: an entry of +inf in M forbids one."
    if cost is not None and not isinstance(cost, SparseCost):
        return "Allow these sources more pairs: a cost of +inf forbids one."
    return (
        "Give these sources more arcs: a larger k, or feasible_for=(a, b) in knn_cost, "
        "radius_cost or union."
    )


def _some(indices: npt.NDArray[np.int64], most: int = 5) -> str:
    shown = ", ".join(str(i) for i in indices[:most])
    return f"[{shown}{', ...' if len(indices) > most else ''}]"
