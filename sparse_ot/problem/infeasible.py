"""A problem without a plan: the Hall violation that proves it, and the words that say so."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from sparse_ot.costs.model import CostModel
from sparse_ot.errors import HallViolation, InfeasibleError

__all__ = ["hall_violation", "infeasible_message", "raise_infeasible"]


def hall_violation(
    ray_u: npt.NDArray[Any],
    ray_v: npt.NDArray[Any],
    a: npt.NDArray[Any],
    b: npt.NDArray[Any],
) -> HallViolation:
    """Read the violation off a dual ray.

    The core answers an infeasible problem with a direction in which the dual value grows without
    bound: u = 1 on starved sources, v = -1 on all the targets they reach, 0 elsewhere. Every arc
    allows it (u + v <= 0), and a·u + b·v > 0 is Hall's inequality.
    """
    sources = np.flatnonzero(ray_u > 0.5)
    targets = np.flatnonzero(ray_v < -0.5)
    a, b = a.astype(np.float64), b.astype(np.float64)
    total_a, total_b = float(np.sum(a)), float(np.sum(b))
    scale = total_a / total_b if total_b > 0 else 1.0
    return HallViolation(
        sources.astype(np.int64),
        targets.astype(np.int64),
        float(np.sum(a[sources])),
        float(np.sum(b[targets])) * scale,
    )


def raise_infeasible(violation: HallViolation, cost: CostModel) -> NoReturn:
    """Say which sources starve, and what to change; that depends on where `cost` has its arcs."""
    raise InfeasibleError(infeasible_message(violation, cost), violation)


def infeasible_message(violation: HallViolation, cost: CostModel) -> str:
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
        f"No plan exists on these arcs. {found} {cost.advice(violation)} "
        f"The error's `violation` holds both sets."
    )


def _some(indices: npt.NDArray[np.int64], most: int = 5) -> str:
    shown = ", ".join(str(i) for i in indices[:most])
    return f"[{shown}{', ...' if len(indices) > most else ''}]"
