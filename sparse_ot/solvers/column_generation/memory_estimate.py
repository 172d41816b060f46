"""The memory that a solve over all pairs takes, estimated before it starts.

The model is linear in points and arcs, with constants measured on uniform clouds and rounded up
generously: for 100 000 points per side the measured peak is half the estimate
(tests/solvers/column_generation/test_memory.py compares it with the peak of fresh processes).
Nothing grows with the product of the clouds. The number of arcs grows during the solve, and can be
capped.
"""

from __future__ import annotations

import math

from sparse_ot.costs.model import CostModel
from sparse_ot.errors import InputError
from sparse_ot.solvers.column_generation.driver import FIRST_NEIGHBOURS
from sparse_ot.solvers.limits import NO_LIMIT

__all__ = ["affordable_arcs", "estimate"]

ARC_BYTES = 100
"""Per arc: in the core, in the host's lists, and in the sorting that a start needs."""

POINT_BYTES = 500
"""Per point: in the search for neighbours, in the tree of the simplex, and in all potentials."""

FIXED_BYTES = 128 * 1024 * 1024
"""Blocks of the searches, and code loaded during the solve."""

GROWTH = 1.25
"""Ratio of arcs at the end to arcs at the beginning that a solve should have room for."""


def estimate(cost: CostModel) -> tuple[float, float]:
    """Bytes for everything but the arcs, and the number of first arcs.

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
        Too little for a solve; the message says how much is needed.
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
