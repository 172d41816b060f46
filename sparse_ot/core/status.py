"""Why a solve stopped: an enum whose members carry their remedies.

The numbers are the core's (base/types.hpp in the kernels): a compiled array program can return only
arrays, so it returns the number in place of the status.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sparse_ot._core import StatusCode as Code

__all__ = ["Status"]


class Status(Enum):
    """Why a solve stopped; `remedy` says what to do about it.

    Examples
    --------
    >>> from sparse_ot import Status
    >>> Status.TIME_LIMIT.remedy
    'The plan is feasible and the certificate bounds its error. Raise time_limit to go on.'
    """

    OPTIMAL = (
        Code.OPTIMAL,
        "Nothing to do: the plan is optimal and the certificate proves it.",
    )
    PIVOT_LIMIT = (
        Code.PIVOT_LIMIT,
        "The plan is feasible and the certificate bounds its error. Raise max_pivots "
        "(numItermax in emd) to go on.",
    )
    TIME_LIMIT = (
        Code.TIME_LIMIT,
        "The plan is feasible and the certificate bounds its error. Raise time_limit to go on.",
    )
    INFEASIBLE = (
        Code.INFEASIBLE,
        "No plan exists on these arcs. Add arcs where the Hall violation shows too few; knn_cost, "
        "radius_cost and union do so with a larger k or radius, or with feasible_for=(a, b).",
    )
    INVALID = (
        Code.INVALID,
        "Masses or costs make no problem. Call without jit to see which.",
    )
    GAP_REACHED = (
        Code.GAP_REACHED,
        "Nothing to do: the bounds are as close as tol asked for.",
    )
    INTERRUPTED = (
        Code.INTERRUPTED,
        "The plan is feasible and the certificate bounds its error. Pass the solution as start to "
        "go on.",
    )
    MEMORY_LIMIT = (
        Code.MEMORY_LIMIT,
        "The plan is feasible and the certificate bounds its error. Raise memory_limit to go on.",
    )

    def __init__(self, code: Code, remedy: str) -> None:
        self.code = int(code)
        self.remedy = remedy

    def __eq__(self, other: object) -> Any:
        """Equal to itself, and to its code, which a compiled function returns in its place.

        A comparison with an array of codes gives an array of booleans, of the same library.
        """
        if isinstance(other, Status):
            return self is other
        is_code = hasattr(other, "dtype") or isinstance(other, int)
        return other == self.code if is_code else NotImplemented

    __hash__ = Enum.__hash__

    @classmethod
    def from_code(cls, code: int) -> Status:
        """The status with this number, which a traced solve returns in its place."""
        return next(status for status in cls if status.code == code)
