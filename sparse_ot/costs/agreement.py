"""Whether given costs are those of given points under a given metric.

A function that takes a graph together with points and a metric compares its costs with those of
all pairs, or adds more of them. If the graph's own costs were made otherwise, with another metric,
from other points, or by exchanging X and Y, the answer would be wrong and look right. So the costs
of arcs are compared first.

*Tolerance.* Half the digits of the dtype, relative to the largest cost compared. Costs computed
with cancellation (|x|² + |y|² − 2 x·y) agree so far; those of another metric, of other points, or
changed on purpose, do not. Costs that are 0 up to the rounding of larger numbers may differ by some
ulps of these numbers.

Costs are compared on their own device; one crossing takes the largest difference to the host.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from sparse_ot._typing import Array, Metric
from sparse_ot.backends.generic.arrays import device_of, index_dtype
from sparse_ot.backends.protocol import ArraySpec, Backend
from sparse_ot.costs.arc_lists import Arcs, as_floats
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import InputError
from sparse_ot.metrics import METRICS
from sparse_ot.result.ledger import TransferLedger

__all__ = [
    "Difference",
    "difference_of_arcs",
    "finite_sizes",
    "largest_difference",
    "precision",
    "sample",
    "whose_costs",
]

SAMPLE = 1000
"""Maximum of arcs compared where more are not needed."""

ROUNDING_ULPS = 64
"""Rounding of a cost that is 0, in ulps of the numbers that cancel in it."""


class Difference(NamedTuple):
    """Two numbers that should agree: place in the list, number given, number computed."""

    place: int
    found: float
    expected: float


def largest_difference(
    found: Array, expected: Array, scale: Array, eps: float, backend: Backend
) -> Difference | None:
    """Where two lists of numbers (p,) differ most; None if they agree everywhere.

    Parameters
    ----------
    found, expected : array, (p,)
        At least one number each, all of `found` finite.
    scale : array, 0-d
        Size of the numbers that may cancel in these.
    eps : float
        Relative precision with which both were computed.
    backend : Backend
        The library of all arrays.
    """
    xp = backend.xp
    largest = xp.max(xp.abs(found)) + xp.max(finite_sizes(expected, xp))
    tolerance = eps**0.5 * largest + ROUNDING_ULPS * eps * scale
    gaps = xp.abs(found - expected)
    gaps = xp.where(xp.isnan(gaps), xp.full_like(gaps, float("inf")), gaps)
    place = xp.reshape(xp.argmax(gaps), (1,))
    numbers = (xp.take(x, place) for x in (gaps, found, expected))
    gap, one, other, allowed, where = backend.host_call(
        lambda *arrays: arrays,
        *numbers,
        *(xp.reshape(tolerance, (1,)), place),
        out=[ArraySpec((1,), name, on_host=True) for name in ("float64",) * 4 + ("int64",)],
        ledger=TransferLedger(),
    )
    if gap[0] <= allowed[0]:
        return None
    return Difference(int(where[0]), float(one[0]), float(other[0]))


def difference_of_arcs(
    cloud: PointCloudCost, arcs: Arcs, eps: float, scale: Array | float = 0.0
) -> Difference | None:
    """The arc whose cost differs most from that of its points; None if all agree, or there is none.

    Parameters
    ----------
    cloud : PointCloudCost
        Without derivatives (`PointCloudCost.detached`).
    arcs : Arcs
        An infinite cost forbids a pair and is not compared.
    eps, scale
        As in `largest_difference`; `scale` beyond the size of the points.
    """
    backend, xp = cloud.backend, cloud.backend.xp
    if int(arcs.costs.shape[0]) == 0:
        return None
    costs = cloud.arc_costs(arcs.rows, arcs.cols)
    others = cloud.arc_costs(arcs.rows, xp.roll(arcs.cols, 1))  # as large as the points make them
    listed, nothing = xp.isfinite(arcs.costs), xp.zeros_like(costs)
    return largest_difference(
        xp.where(listed, xp.astype(arcs.costs, costs.dtype), nothing),
        xp.where(listed, costs, nothing),
        xp.max(finite_sizes(others, xp)) + scale,
        eps,
        backend,
    )


def finite_sizes(x: Array, xp: Any) -> Array:
    """Absolute values, with 0 in place of infinity and NaN."""
    return xp.where(xp.isfinite(x), xp.abs(x), xp.zeros_like(x))


def precision(x: Array, xp: Any) -> float:
    """Relative precision of the numbers in `x`; that of floats made of them, if they are none."""
    floats = x if xp.isdtype(x.dtype, "real floating") else as_floats(x, xp)
    return float(xp.finfo(floats.dtype).eps)


def sample(arcs: Arcs, xp: Any) -> Arcs:
    """Up to `SAMPLE` arcs, one from each of as many equal stretches of the list.

    Their places in the stretches vary, as the nearest neighbours of the points may recur at equal
    distances in the list.
    """
    count = int(arcs.costs.shape[0])
    step = max(1, -(-count // SAMPLE))
    device = device_of(arcs.costs)
    i = xp.arange(count // step, dtype=index_dtype(xp, device), device=device)
    places = i * step + (i * (i + 1) // 2) % step
    return Arcs(*(xp.take(column, places) for column in arcs))


def whose_costs(cloud: PointCloudCost, agrees: Callable[[PointCloudCost], bool]) -> str:
    """A sentence for messages: the metric or the order of clouds that would agree, if any."""
    x, y = cloud.arrays()
    others: list[tuple[str, Array, Array, Metric]] = [
        (f"metric={name!r}", x, y, name) for name, record in METRICS.items() if record.of_p is None
    ]
    if cloud.shape[0] == cloud.shape[1]:
        others.insert(0, ("X and Y exchanged", y, x, cloud.metric))
    for words, sources, targets, metric in others:
        with suppress(InputError):  # out of range under this metric
            if agrees(PointCloudCost(sources, targets, metric, backend=cloud.backend)):
                return f" They are those of {words}."
    return ""
