"""A few arcs that make any graph feasible: the backbone.

Nearest neighbours need not carry a plan: where many sources have few targets near them, a k-NN
graph may have none. The backbone is the support of one plan, so a graph that contains it has one.

Walk both clouds along one space-filling curve, and pour the masses of one walk into the other. This
is the north-west corner rule, with arcs between points that are near each other on the curve, and
so mostly near in space. In one dimension it is the optimal plan of a convex cost. It has at most
n + m − 1 arcs.

*Rounding.* The solver rounds masses to integers, and a plan's support is feasible for the rounded
masses only if the two walks interleave in the same way. So the walks are compared in integers:

- Masses that are all equal on each side, or all whole multiples of the smallest one, or whole
  numbers, stay in their exact ratios, as in the solver (kernels/include/sparse_ot/base/masses.hpp).
  Where the walks coincide the plan splits into parts with no arc between them: n arcs for n points
  against n.
- Other masses are counted in units of about 2⁻⁶⁰ of the total. Where the walks come closer than
  rounding could move them, the arcs of both orders are taken: one more arc per coincidence.

The core's own integers (`core.Masses`) do not serve: they belong to one pair of arrays, to the last
bit, and a graph may be solved for masses that were normalised or cast after it was made. Decision
record 11 (docs/adr/0011-feasible-arcs-count-for-themselves.md) has the figures.

Points without mass are left out. Time O((n + m) log(n + m)).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, fsum, gcd, ldexp
from typing import Any

import array_api_compat.numpy as xp
import numpy as np
import numpy.typing as npt

from sparse_ot._typing import Floats, Integers
from sparse_ot.core import search as core_search
from sparse_ot.metrics import GroundMetric

__all__ = ["Backbone", "hilbert_order"]


_CURVE_DIMENSIONS = 3
_MAX_UNITS = 2**60
_MULTIPLE_ULPS = 2.0 * np.finfo(np.float64).eps  # half of the core's: what passes here passes there


@dataclass(frozen=True)
class Backbone:
    """The host function that finds a backbone; call with ``(x, y, a, b)``.

    Attributes
    ----------
    capacity : int
        Length of the results, which must be known before the call. Shorter lists are filled by
        repeating their last arc.
    metric : GroundMetric, optional
        Its prepared points are walked: for a cosine, for example, only directions matter.
    """

    capacity: int
    metric: GroundMetric | None = None

    def __call__(self, *arrays: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], ...]:
        """Rows and columns of the arcs; see the class."""
        x, y, a, b = (np.nan_to_num(np.asarray(array, np.float64)) for array in arrays)
        if self.metric is not None:
            x, y = self.metric.prepare(x, y, xp)
        rows, cols = np.flatnonzero(a > 0), np.flatnonzero(b > 0)
        if not (rows.size and cols.size):
            return np.zeros(self.capacity, np.int32), np.zeros(self.capacity, np.int32)
        place = hilbert_order(np.concatenate([x[rows], y[cols]]))
        rows = rows[place[place < rows.size]]
        cols = cols[place[place >= place.size - cols.size] - (place.size - cols.size)]
        i, j = _interleave(a[rows], b[cols], self.capacity)
        return rows[i].astype(np.int32), cols[j].astype(np.int32)


def hilbert_order(points: Floats) -> Integers:
    """The order of points along a Hilbert curve through their bounding cube.

    Parameters
    ----------
    points : ndarray, (p, d)
        Above three dimensions the first three principal components stand for them.

    Returns
    -------
    ndarray of int64, (p,)
        Points in the same cell stay in the order given.

    Examples
    --------
    >>> import numpy as np
    >>> hilbert_order(np.asarray([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    array([0, 2, 3, 1])
    """
    if points.shape[1] > _CURVE_DIMENSIONS:
        centred = points - points.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        points = centred @ directions[:, : -_CURVE_DIMENSIONS - 1 : -1]
    points = np.ascontiguousarray(points, np.float64)
    return core_search.hilbert_order(points).astype(np.int64)


def _interleave(a: Floats, b: Floats, capacity: int) -> tuple[Integers, Integers]:
    """Pairs of positions in the two walks that the north-west corner plan may use.

    Positions i and j form a pair if the stretches ``(A[i−1], A[i]]`` and ``(B[j−1], B[j]]`` of
    cumulated mass overlap, or are apart by no more than rounding may have moved them.
    """
    units_a, units_b, rounding = _in_units(a, b)
    ends_a, ends_b = np.cumsum(units_a), np.cumsum(units_b)
    starts_a, starts_b = ends_a - units_a, ends_b - units_b
    first = np.searchsorted(ends_b, starts_a - rounding, side="right")
    last = np.searchsorted(starts_b, ends_a + rounding, side="left") - 1
    # The totals agree up to rounding, so every stretch meets at least one other.
    first, last = np.minimum(first, b.size - 1), np.maximum(last, 0)
    counts = np.maximum(last - first + 1, 1)
    i = np.repeat(np.arange(a.size), counts)
    j = np.arange(i.size) - np.repeat(np.cumsum(counts) - counts, counts) + first[i]
    return _fit(i, j, ends_a, ends_b, starts_a, starts_b, capacity)


def _fit(
    i: Integers,
    j: Integers,
    ends_a: Integers,
    ends_b: Integers,
    starts_a: Integers,
    starts_b: Integers,
    capacity: int,
) -> tuple[Integers, Integers]:
    """Exactly `capacity` pairs: the last one repeated, or the smallest overlaps left out.

    There are more pairs than that only if thousands of masses are all of the size of rounding.
    """
    if i.size > capacity:
        overlap = np.minimum(ends_a[i], ends_b[j]) - np.maximum(starts_a[i], starts_b[j])
        kept = np.sort(np.argsort(-overlap, kind="stable")[:capacity])
        i, j = i[kept], j[kept]
    fill = capacity - i.size
    return np.append(i, np.repeat(i[-1:], fill)), np.append(j, np.repeat(j[-1:], fill))


def _in_units(a: Floats, b: Floats) -> tuple[Integers, Integers, int]:
    """Masses as integers, and a bound on how far the solver's cumulated masses differ from them."""
    total_a, total_b = fsum(a), fsum(b)
    if (a == a[0]).all() and (b == b[0]).all():
        common = gcd(a.size, b.size)
        return np.full(a.size, b.size // common), np.full(b.size, a.size // common), 0
    b = b if total_a == total_b else b * (total_a / total_b)
    unit = min(a.min(), b.min())
    if total_a / unit < _MAX_UNITS:
        units_a, units_b = np.rint(a / unit), np.rint(b / unit)
        exact = all(
            (np.abs(x - units * unit) <= _MULTIPLE_ULPS * x).all()
            for x, units in ((a, units_a), (b, units_b))
        )
        units_a, units_b = units_a.astype(np.int64), units_b.astype(np.int64)
        if exact and units_a.sum() == units_b.sum():
            return units_a, units_b, 0
    unit = ldexp(1.0, max(frexp(total_a)[1] - 61, -1074))  # 2⁻⁶¹ to 2⁻⁶⁰ of the total
    units_a, units_b = (a / unit).astype(np.int64), (b / unit).astype(np.int64)
    whole = (units_a * unit == a).all() and (units_b * unit == b).all()
    if whole and units_a.sum() == units_b.sum():
        return units_a, units_b, 0
    # Units per mass, on both sides, here and in the solver; and the rounding of the totals.
    rounding = 4 * (a.size + b.size) + 2**12
    return np.maximum(units_a, 1), np.maximum(units_b, 1), rounding
