"""Nearest neighbours, arc costs and pricing for JAX.

On the CPU platform the compiled search of the core is used (`backends.numpy.search`), in the
arrays' own memory and with a tree. On others, and for a metric that the core does not have, a
compiled loop visits all pairs tile by tile, in time O(n m d) and bounded memory. It is the search
of `tiled_search`, with the same formulas and the same order of ties, but its loops over tiles are
part of the program (`lax.map`, `lax.scan`). The Python loops of `tiled_search` would be unrolled,
and for many tiles the program would take longer to compile than to run.

The choice of arcs is not differentiable, so the searches stop derivatives; `arc_costs` has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from sparse_ot._typing import Array, Metric
from sparse_ot.backends.generic.arrays import MEMORY_BUDGET, dtype_name, index_dtype
from sparse_ot.backends.generic.tiled_search import select_negative, tiling
from sparse_ot.backends.jax import door as jax_door
from sparse_ot.backends.numpy import search as numpy_search
from sparse_ot.backends.protocol import ArraySpec, Neighbours, Pricing
from sparse_ot.metrics import GroundMetric, as_metric, evaluate

__all__ = ["JaxSearch", "arc_costs", "knn", "knn_by_tiles", "price"]


class JaxSearch:
    """Implements `Search`; for arrays with values on the CPU platform it keeps their tree."""

    def __init__(self, x: Array, y: Array, metric: Metric) -> None:
        self._x, self._y, self._metric = x, y, as_metric(metric)
        self._clouds: list[_FiniteClouds] = []
        self._reverse: JaxSearch | None = None

    def nearest(self, k: int, offset: Array | None = None) -> Neighbours:
        """The `k` cheapest targets of every source; see `knn`."""
        arrays = (self._x, self._y) if offset is None else (self._x, self._y, offset)
        if any(jax_door.is_traced(lax.stop_gradient(array)) for array in arrays):
            return knn(self._x, self._y, k, self._metric, offset)
        return _knn(_NearestOnHost(k, self._metric, self._clouds), arrays)

    def price(self, u: Array, v: Array, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost, and row minima; see `price`."""
        priced: Pricing = _priced(self.nearest(k, -v), u, v)
        return priced

    def reverse(self) -> JaxSearch:
        """The search from the targets."""
        if self._reverse is None:
            self._reverse = JaxSearch(self._y, self._x, self._metric.swapped())
        return self._reverse


def knn(x: Array, y: Array, k: int, metric: Metric, offset: Array | None = None) -> Neighbours:
    """The `k` cheapest targets of every source; see `tiled_search.knn`.

    A metric that is a function is compiled once per function object, so define it outside of loops.
    """
    return _knn(_NearestOnHost(k, as_metric(metric)), (x, y) if offset is None else (x, y, offset))


def _knn(search: _NearestOnHost, arrays: tuple[Array, ...]) -> Neighbours:
    x, y = arrays[:2]
    if search.metric.core is None:
        everywhere: Neighbours = knn_by_tiles(x, y, search.k, search.metric, *arrays[2:])
        return everywhere
    dtype, shape = jnp.result_type(x, y), (x.shape[0], search.k)
    out = (
        ArraySpec(shape, dtype_name(index_dtype(jnp))),
        ArraySpec(shape, dtype_name(dtype)),
    )
    found = jax_door.call_where_memory_is_shared(
        search, arrays, out, elsewhere=partial(_knn_by_tiles_of, search.k, search.metric)
    )
    return Neighbours(*found)


def _knn_by_tiles_of(k: int, metric: GroundMetric, *arrays: Array) -> Neighbours:
    found: Neighbours = knn_by_tiles(*arrays[:2], k, metric, *arrays[2:])
    return found


class _FiniteClouds:
    """Points on the host, and which of them are not finite.

    Subnormal coordinates count as 0, as they do in XLA's programs on the CPU: a vector of such
    coordinates has no direction.
    """

    def __init__(self, x: Any, y: Any, metric: GroundMetric) -> None:
        x, y = (np.where(abs(p) < np.finfo(p.dtype).smallest_normal, 0, p) for p in (x, y))
        self.lost, self.bad = (~np.isfinite(points).all(axis=1) for points in (x, y))
        self.clouds = numpy_search.Clouds(
            np.where(self.lost[:, None], 0, x), np.where(self.bad[:, None], 0, y), metric
        )


@dataclass(frozen=True)
class _NearestOnHost:
    """The compiled search as a host function; points that are not finite get costs of NaN.

    With `kept` it serves one pair of clouds only, and keeps there what it prepares for them.
    """

    k: int
    metric: GroundMetric
    kept: list[_FiniteClouds] | None = field(default=None, repr=False, compare=False)

    def __call__(self, x: Any, y: Any, *offset: Any) -> tuple[Any, Any]:
        points = self.kept[0] if self.kept else _FiniteClouds(x, y, self.metric)
        if self.kept is not None:
            self.kept[:] = [points]
        bad_targets = points.bad
        for prices in offset:
            bad_targets = bad_targets | ~np.isfinite(prices)
        if bad_targets.any():  # return arcs to one of them, so that the solve can name it
            shape = (x.shape[0], self.k)
            return np.full(shape, bad_targets.argmax()), np.full(shape, np.nan)
        indices, costs, _ = points.clouds.nearest(self.k, *offset)
        costs[points.lost] = np.nan
        return indices, costs


@partial(jax.jit, static_argnames=("k", "metric", "memory_budget"))
def knn_by_tiles(
    x: Array,
    y: Array,
    k: int,
    metric: Metric,
    offset: Array | None = None,
    memory_budget: int = MEMORY_BUDGET,
) -> Neighbours:
    """The `k` cheapest targets of every source, by a visit of every pair, on any platform."""
    metric = as_metric(metric)
    x, y = metric.prepare(*lax.stop_gradient((x, y)), jnp)
    n, m, d = x.shape[0], y.shape[0], x.shape[1]
    dtype = jnp.result_type(x, y)
    offset = jnp.zeros(m, dtype) if offset is None else lax.stop_gradient(offset).astype(dtype)
    height, width = tiling(n, m, d, k, dtype.itemsize, memory_budget)
    blocks = _in_tiles(x, height)
    targets = _in_tiles(y, width)
    # Targets that pad the last tile have an infinite offset, so they come after all others.
    offsets = jnp.pad(offset, (0, targets.shape[0] * width - m), constant_values=jnp.inf)
    starts = jnp.arange(targets.shape[0], dtype=index_dtype(jnp)) * width

    def nearest_of_block(block: Array) -> Neighbours:
        def take_tile(best: tuple[Array, ...], tile: tuple[Array, ...]) -> tuple[Any, None]:
            points, prices, start = tile
            costs = metric.formula(block[:, None, :], points[None, :, :], jnp).astype(dtype)
            indices = start + jnp.arange(width, dtype=start.dtype)
            new = (costs + prices[None, :], jnp.broadcast_to(indices, costs.shape), costs)
            # Kept targets stand left of new ones: among equals top_k prefers the left one.
            both = [jnp.concatenate(pair, axis=1) for pair in zip(best, new, strict=True)]
            _, order = lax.top_k(-both[0], k)
            return tuple(jnp.take_along_axis(z, order, axis=1) for z in both), None

        worst = jnp.full((height, k), jnp.inf, dtype)
        nobody = jnp.full((height, k), m, starts.dtype)
        tiles = (targets, offsets.reshape(-1, width), starts)
        (_, indices, costs), _ = lax.scan(take_tile, (worst, nobody, worst), tiles)
        return Neighbours(indices, costs)

    found = lax.map(nearest_of_block, blocks)
    return Neighbours(found.indices.reshape(-1, k)[:n], found.costs.reshape(-1, k)[:n])


@partial(jax.jit, static_argnames=("metric", "memory_budget"))
def arc_costs(
    x: Array,
    y: Array,
    rows: Array,
    cols: Array,
    metric: Metric,
    memory_budget: int = MEMORY_BUDGET,
) -> Array:
    """Costs of the listed pairs, differentiable in the points; see `tiled_search.arc_costs`.

    Indices out of range, the padding of JAX's containers, are clipped, so that neither the cost nor
    its derivative is NaN.
    """

    def costs_of(pair: tuple[Array, Array]) -> Array:
        sources = jnp.take(x, pair[0], axis=0, mode="clip")
        targets = jnp.take(y, pair[1], axis=0, mode="clip")
        return evaluate(sources, targets, metric, jnp)

    pairs = rows.shape[0]
    step = max(1, memory_budget // (4 * x.shape[1] * jnp.result_type(x, y).itemsize))
    if pairs <= step:
        return costs_of((rows, cols))
    slices = (_in_tiles(rows, step), _in_tiles(cols, step))
    return lax.map(jax.checkpoint(costs_of), slices).reshape(-1)[:pairs]


def price(x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
    """Up to `k` arcs per source with negative reduced cost, and row minima."""
    priced: Pricing = _priced(knn(x, y, k, metric, -v), u, v)
    return priced


@jax.jit
def _priced(found: Neighbours, u: Array, v: Array) -> Pricing:
    u, v = lax.stop_gradient((u, v))
    return select_negative(found, found.costs - v[found.indices], u, jnp)


def _in_tiles(x: Array, size: int) -> Array:
    """`x` cut into tiles of `size` along its first axis, the last padded with the last entry."""
    missing = -x.shape[0] % size
    padded = jnp.pad(x, ((0, missing),) + ((0, 0),) * (x.ndim - 1), mode="edge")
    return padded.reshape(-1, size, *x.shape[1:])
