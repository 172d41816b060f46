"""When a solve stops short of the optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """When to stop short of the optimum.

    Attributes
    ----------
    tol : float
        Relative gap that is good enough.
    deadline : float
        On the clock of `time.perf_counter`.
    pivots : int
    arcs : int
        Most arcs of the restricted problem.
    """

    tol: float = 0.0
    deadline: float = math.inf
    pivots: int = 2**62
    arcs: int = 2**62
