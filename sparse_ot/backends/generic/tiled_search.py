"""Nearest neighbours, arc costs and pricing in plain array API, for every library.

The reference that the faster backends are tested against, and the search of a library without
kernels of its own. All pairs are visited, tile by tile: time O(n m d), memory bounded by a stated
budget whatever n and m are.

Three rules hold here and in every backend that overrides these functions:

- Costs are computed from differences of coordinates (see `metrics.formulas`), and returned in the
  dtype of the points.
- The same input gives the same arcs. Ties go to the smaller target index; only NumPy's search lets
  values with an `offset` that differ by rounding count as ties (`backends.numpy.search`).
- The `costs` of `Neighbours` and `Pricing` are costs of transport, without the `offset` or the
  potentials that decided the order.

Loops run over tiles in Python, with Python integers for bounds; no element is read, so no value
leaves the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sparse_ot._typing import Array, Metric
from sparse_ot.backends.generic.arrays import (
    MEMORY_BUDGET,
    data_dependent_shapes,
    device_of,
    index_dtype,
    spans,
)
from sparse_ot.backends.protocol import Backend, Neighbours, Pricing
from sparse_ot.metrics import GroundMetric, as_metric, evaluate

__all__ = [
    "TiledSearch",
    "arc_costs",
    "knn",
    "price",
    "select_negative",
    "tiling",
    "within",
]


@dataclass(frozen=True)
class TiledSearch:
    """Implements `Search` by calls of a backend that has nothing to prepare."""

    backend: Backend
    x: Array
    y: Array
    metric: GroundMetric

    def nearest(self, k: int, offset: Array | None = None) -> Neighbours:
        """The `k` cheapest targets of every source."""
        return self.backend.knn(self.x, self.y, k, self.metric, offset)

    def price(self, u: Array, v: Array, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost, and exact row minima."""
        return self.backend.price(self.x, self.y, u, v, self.metric, k)

    def reverse(self) -> TiledSearch:
        """The search from the targets."""
        return TiledSearch(self.backend, self.y, self.x, self.metric.swapped())


class Tiling(NamedTuple):
    """Sides of a tile."""

    rows: int
    cols: int


def tiling(n: int, m: int, d: int, k: int, itemsize: int, budget: int) -> Tiling:
    """Tile sides such that all temporaries of one tile fit the budget.

    A pair takes its coordinate differences, twice, and about six numbers for sorting.
    """
    pairs = max(1, budget // (2 * d * itemsize + 48))
    cols = min(m, max(k, 4096))
    return Tiling(rows=max(1, min(n, pairs // cols)), cols=cols)


def arc_costs(
    x: Array,
    y: Array,
    rows: Array,
    cols: Array,
    metric: Metric,
    *,
    xp: Any,
    memory_budget: int = MEMORY_BUDGET,
) -> Array:
    """Cost of each listed pair, ``cost(x[rows[p]], y[cols[p]])``.

    Parameters
    ----------
    x : array, (n, d)
    y : array, (m, d)
    rows, cols : array of int, (p,)
    metric : str, (str, float) or callable
        See `sparse_ot.metrics`.
    xp : namespace
        The array-API namespace of all arrays.
    memory_budget : int
        Bytes for temporaries; the pairs are processed in slices of that size.

    Returns
    -------
    array, (p,)
        In the common dtype of `x` and `y`.
    """
    pairs = int(rows.shape[0])
    itemsize = xp.finfo(xp.result_type(x, y)).bits // 8
    step = max(1, memory_budget // (4 * int(x.shape[1]) * itemsize))
    costs = [
        evaluate(xp.take(x, rows[span], axis=0), xp.take(y, cols[span], axis=0), metric, xp)
        for span in spans(pairs, step)
    ]
    return costs[0] if len(costs) == 1 else xp.concat(costs)


def knn(
    x: Array,
    y: Array,
    k: int,
    metric: Metric,
    offset: Array | None = None,
    *,
    xp: Any,
    memory_budget: int = MEMORY_BUDGET,
) -> Neighbours:
    """The `k` targets with the smallest ``cost(x_i, y_j) + offset[j]`` of every source.

    Parameters
    ----------
    x : array, (n, d)
    y : array, (m, d)
    k : int
        From 1 to m.
    metric : str, (str, float) or callable
    offset : array, (m,), optional
        Added to the cost of every arc into target j.
    xp : namespace
    memory_budget : int
        Bytes for one tile's temporaries.

    Returns
    -------
    Neighbours
        Smallest first, ties by smaller index. `costs` leaves `offset` out.
    """
    metric = as_metric(metric)
    x, y = metric.prepare(x, y, xp)
    n, m, d = int(x.shape[0]), int(y.shape[0]), int(x.shape[1])
    itemsize = xp.finfo(xp.result_type(x, y)).bits // 8
    tile = tiling(n, m, d, k, itemsize, memory_budget)
    blocks = [
        _nearest_of_block(x[span, :], y, k, metric, offset, tile.cols, xp)
        for span in spans(n, tile.rows)
    ]
    if len(blocks) == 1:
        return blocks[0]
    return Neighbours(
        xp.concat([block.indices for block in blocks], axis=0),
        xp.concat([block.costs for block in blocks], axis=0),
    )


def _nearest_of_block(
    x: Array, y: Array, k: int, metric: GroundMetric, offset: Array | None, width: int, xp: Any
) -> Neighbours:
    """Scan the targets from left to right and keep the best `k` of each row so far."""
    device = device_of(x)
    count, m = int(x.shape[0]), int(y.shape[0])
    best: tuple[Array, Array, Array] | None = None
    for span in spans(m, width):
        costs = metric.formula(x[:, None, :], y[None, span, :], xp)
        ranked_by = costs if offset is None else costs + offset[None, span]
        targets = xp.arange(span.start, span.stop, dtype=index_dtype(xp, device), device=device)
        indices = xp.broadcast_to(targets[None, :], (count, span.stop - span.start))
        if best is not None:
            # Kept targets stand left of new ones, so a stable sort prefers smaller indices.
            ranked_by = xp.concat([best[0], ranked_by], axis=1)
            indices = xp.concat([best[1], indices], axis=1)
            costs = xp.concat([best[2], costs], axis=1)
        order = xp.argsort(ranked_by, axis=1, stable=True)[:, :k]
        best = (
            xp.take_along_axis(ranked_by, order, axis=1),
            xp.take_along_axis(indices, order, axis=1),
            xp.take_along_axis(costs, order, axis=1),
        )
    assert best is not None, "callers make sure that there is a target"
    return Neighbours(best[1], best[2])


def price(
    x: Array,
    y: Array,
    u: Array,
    v: Array,
    metric: Metric,
    k: int,
    *,
    xp: Any,
    memory_budget: int = MEMORY_BUDGET,
) -> Pricing:
    """Up to `k` arcs per source with negative reduced cost ``cost − u[row] − v[col]``.

    A nearest-neighbour search with the offset ``−v`` answers both questions at once: its first
    column gives the exact row minimum of ``cost − v``, its `k` columns the most negative arcs.

    Parameters
    ----------
    x : array, (n, d)
    y : array, (m, d)
    u : array, (n,)
    v : array, (m,)
    metric : str, (str, float) or callable
    k : int
        Maximum of arcs returned per source, from 1 to m.
    xp : namespace
    memory_budget : int

    Returns
    -------
    Pricing
        Row by row, most negative first. Where shapes may not depend on values all ``n k`` pairs are
        returned, and those that are not negative cost +inf, which forbids them.
    """
    found = knn(x, y, k, metric, offset=-v, xp=xp, memory_budget=memory_budget)
    prices = xp.reshape(xp.take(v, xp.reshape(found.indices, (-1,))), found.indices.shape)
    return select_negative(found, found.costs - prices, u, xp)


def select_negative(found: Neighbours, adjusted: Array, u: Array, xp: Any) -> Pricing:
    """Turn the (n, k) neighbours under ``adjusted = cost − v`` into a `Pricing`."""
    n, k = found.indices.shape
    negative = xp.reshape(adjusted - u[:, None] < 0, (-1,))
    rows = xp.broadcast_to(
        xp.arange(n, dtype=found.indices.dtype, device=device_of(u))[:, None], (n, k)
    )
    rows, cols = xp.reshape(rows, (-1,)), xp.reshape(found.indices, (-1,))
    costs = xp.reshape(found.costs, (-1,))
    if data_dependent_shapes(xp):
        rows, cols, costs = rows[negative], cols[negative], costs[negative]
    else:
        costs = xp.where(negative, costs, xp.full_like(costs, float("inf")))
    return Pricing(rows, cols, costs, row_minima=adjusted[:, 0])


def within(
    x: Array,
    y: Array,
    radius: float,
    metric: Metric,
    *,
    xp: Any,
    memory_budget: int = MEMORY_BUDGET,
) -> tuple[Array, Array, Array]:
    """All pairs whose cost is at most `radius`: their rows, cols and costs, tile by tile.

    The number of pairs depends on values, so this cannot run under a trace.
    """
    metric = as_metric(metric)
    x, y = metric.prepare(x, y, xp)
    n, m, d = int(x.shape[0]), int(y.shape[0]), int(x.shape[1])
    itemsize = xp.finfo(xp.result_type(x, y)).bits // 8
    tile = tiling(n, m, d, 1, itemsize, memory_budget)
    parts = []
    for down in spans(n, tile.rows):
        for across in spans(m, tile.cols):
            costs = metric.formula(x[down, None, :], y[None, across, :], xp)
            rows, cols = xp.nonzero(costs <= radius)
            parts.append((rows + down.start, cols + across.start, costs[rows, cols]))
    rows, cols, costs = (xp.concat(list(column)) for column in zip(*parts, strict=True))
    return rows, cols, costs
