"""Limits at which a solve stops short of the optimum, and the clock of a solve."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

__all__ = ["NO_LIMIT", "Limits"]

NO_LIMIT = 2**62


@dataclass(frozen=True)
class Limits:
    """Limits at which a solve stops short of the optimum.

    Attributes
    ----------
    tol : float
        Relative gap at which the solve stops.
    seconds : float
        Time limit, counted from `begin`.
    pivots : int
        At most this many pivots.
    arcs : int
        At most this many arcs in the restricted problem.
    begin : float
        When the solve began, on the clock of `time.perf_counter`: by default, now.
    """

    tol: float = 0.0
    seconds: float = math.inf
    pivots: int = NO_LIMIT
    arcs: int = NO_LIMIT
    begin: float = field(default_factory=time.perf_counter)

    @property
    def deadline(self) -> float:
        """When the time limit ends, on the clock of `time.perf_counter`."""
        return self.begin + self.seconds

    @property
    def max_pivots(self) -> int | None:
        """The limit on pivots, if there is one."""
        return self.pivots if self.pivots < NO_LIMIT else None

    @property
    def out_of_time(self) -> bool:
        """Whether the deadline has passed."""
        return time.perf_counter() >= self.deadline
