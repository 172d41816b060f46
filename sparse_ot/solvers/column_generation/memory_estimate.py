"""How much memory a solve over all pairs takes, told before it starts.

The model is linear, with constants measured on uniform clouds and rounded up generously: what was
measured for 100 000 points a side is half of what it says (test_memory.py holds it
against the peak of fresh processes). What grows with the product of
the clouds is nothing; what grows during the solve is the number of arcs, and that can be capped.
"""

from __future__ import annotations

import math

from sparse_ot.costs.model import CostModel
from sparse_ot.errors import InputError
from sparse_ot.solvers.column_generation.driver import FIRST_NEIGHBOURS
from sparse_ot.solvers.limits import NO_LIMIT

__all__ = ["affordable_arcs", "estimate"]

ARC_BYTES = 100
"""An arc in the core, the host's list of it, and what a start needs for sorting."""

POINT_BYTES = 500
"""A point in the search for neighbours, in the tree of the simplex, and in all potentials."""

FIXED_BYTES = 128 * 1024 * 1024
"""Blocks of the searches, and code loaded on the way."""

GROWTH = 1.25
"""Arcs at the end, relative to those at the beginning, that a solve should have room for."""


def estimate(cost: CostModel) -> tuple[float, float]:
    """Bytes for everything but the arcs, and arcs to begin with.

    Examples
    --------
    >>> from sparse_ot import PointCloudCost
    >>> base, arcs = estimate(PointCloudCost([[0.0]] * 1000, [[1.0]] * 1000))
    >>> arcs
    28000
    """
    n, m = cost.shape
    base = FIXED_BYTES + (n + m) * POINT_BYTES + cost.search_bytes()
    return base, min((FIRST_NEIGHBOURS + 2) * (n + m), n * m + 2 * (n + m))


def affordable_arcs(limit: float, cost: CostModel) -> int:
    """How many arcs fit under a limit in bytes, which may be infinite.

    Raises
    ------
    InputError
        Not enough for a solve; the message says how much would be.
    """
    if limit == math.inf:
        return NO_LIMIT
    base, arcs = estimate(cost)
    needed = base + GROWTH * arcs * ARC_BYTES
    if limit < needed:
        n, m = cost.shape
        msg = (
            f"memory_limit is {limit:,.0f} bytes, and {n:,} against {m:,} points are estimated to "
            f"take {needed:,.0f}, or {needed / 2**20:,.0f} MiB. Raise the limit, or solve fewer "
            f"points."
        )
        raise InputError(msg)
    return int(min((limit - base) / ARC_BYTES, NO_LIMIT))
