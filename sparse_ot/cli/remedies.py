"""What to do about a fault, in the options of the command.

The library's own errors speak of its Python arguments. Faults of options and files are found before
the library is called (`request`, `inputs`, `outputs`); here are those that only a solve can find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparse_ot.errors import HallViolation
from sparse_ot.problem.problem import Words
from sparse_ot.result.status import Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparse_ot.cli.request import Request

__all__ = ["WORDS", "infeasible", "limit"]

WORDS = Words(costs="the cost", rescaling=", or use --rescale to rescale b to the total of a")


def infeasible(violation: HallViolation, request: Request) -> str:
    """The finding that there is no plan, and which option would change that."""
    x, y = request.cost or request.x, request.cost or request.y
    rows, cols = (_indices(indices) for indices in (violation.sources, violation.targets))
    to_whom = f"{'columns' if request.cost else 'rows'} {cols} of {y}"
    reach = (
        f"reach only {to_whom}, which take {violation.demand:.6g}: {violation.deficit:.3g} too "
        f"little"
        if len(violation.targets)
        else "have no arcs"
    )
    if request.cost is not None:
        advice = "Allow more pairs in it."
    elif request.feasible is False:
        advice = "Leave out --no-feasible, or give a larger --k, or allow every pair with --dense."
    else:
        advice = "Give a larger --k, or allow every pair with --dense."
    return (
        f"No plan exists on these arcs: rows {rows} of {x}, counted from 0, hold mass "
        f"{violation.supply:.6g} and {reach}. {advice}"
    )


def limit(status: Status) -> str:
    """What to do after a solve that stopped short of the optimum."""
    if status is Status.TIME_LIMIT:
        return (
            "The plan is feasible, and the gap bounds its error. For the optimum give more "
            "seconds with --time-limit, or leave it out."
        )
    return status.remedy


def _indices(indices: npt.NDArray[np.int64], most: int = 5) -> str:
    return ", ".join(str(i) for i in indices[:most]) + ", ..." * (len(indices) > most)
