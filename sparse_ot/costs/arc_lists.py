"""Lists of arcs: how they are joined, and how the best arcs of each source are found.

All functions use the plain array API on the arcs' own device. Where shapes may depend on values
(NumPy, CuPy) unwanted arcs are dropped. Where they may not (JAX) an unwanted arc keeps its place at
the cost +inf, which forbids it. Parallel arcs would be allowed too, but they would make the number
of usable arcs meaningless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import (
    data_dependent_shapes,
    device_of,
    dtype_name,
    index_dtype,
)
from sparse_ot.backends.protocol import Pricing
from sparse_ot.errors import InputError

__all__ = [
    "Arcs",
    "as_floats",
    "cheapest_of_each_pair",
    "default_float",
    "is_listed",
    "join_directions",
    "look_up",
    "price_arcs",
    "without",
    "working_dtype",
]


class Arcs(NamedTuple):
    """Arcs as three parallel arrays: source index, target index, cost; each (p,)."""

    rows: Array
    cols: Array
    costs: Array


def as_floats(x: Array, xp: Any) -> Array:
    """`x` in float32 or float64: itself, or the nearest of the two; integers in the default float.

    Raises
    ------
    InputError
        A number of extended precision that is beyond the range of float64, or an integer that
        float64 does not hold.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> as_floats(xp.asarray([1, 2]), xp)
    array([1., 2.])
    """
    name = dtype_name(x.dtype)
    if name in ("float32", "float64"):
        return x
    if not name.startswith(("float", "bfloat")):
        return xp.astype(x, default_float(x, xp))
    bits = xp.finfo(x.dtype).bits
    if bits > 64:
        return _as_doubles(x)
    return xp.astype(x, xp.float32 if bits < 32 else xp.float64)


def default_float(like: Array, xp: Any) -> Any:
    """The library's default float on the device of `like`: the type that integers become."""
    return xp.__array_namespace_info__().default_dtypes(device=device_of(like))["real floating"]


def _as_doubles(x: Any) -> Array:
    """Extended precision, which only NumPy has, rounded to float64; its integers must stay."""
    with np.errstate(over="ignore"):
        doubles = x.astype(np.float64)
    whole = (np.abs(x) > 2.0**53) & (np.floor(x) == x)
    lost = np.argwhere(np.isfinite(x) & whole & (doubles != x))
    if lost.size:
        place = tuple(lost[0].tolist())
        msg = (
            f"The entry at {place} of an array of {x.dtype} is {x[place]!s}, which float64 does "
            "not hold. Subtract a constant or divide by one, or, if rounded numbers will do, "
            "convert with `astype(float)`."
        )
        raise InputError(msg)
    return doubles


def working_dtype(like: Array, xp: Any) -> str:
    """Dtype of potentials that go with `like`: float64 where the library has it, else float32."""
    return "float64" if dtype_name(default_float(like, xp)) == "float64" else "float32"


def without(arcs: Arcs, unwanted: Array, xp: Any) -> Arcs:
    """The arcs where `unwanted` is false; where shapes are fixed, the others cost +inf."""
    if data_dependent_shapes(xp):
        wanted = ~unwanted
        return Arcs(arcs.rows[wanted], arcs.cols[wanted], arcs.costs[wanted])
    infinite = xp.full_like(arcs.costs, float("inf"))
    return arcs._replace(costs=xp.where(unwanted, infinite, arcs.costs))


def is_listed(rows: Array, cols: Array, neighbours: Array, xp: Any) -> Array:
    """Whether each pair occurs in a neighbour table (n, k): ``cols[p] in neighbours[rows[p]]``.

    One pass over the pairs for each of the k columns; no sorting.
    """
    listed = xp.zeros(rows.shape, dtype=xp.bool, device=device_of(rows))
    for column in range(int(neighbours.shape[1])):
        listed = listed | (xp.take(neighbours[:, column], rows) == cols)
    return listed


def join_directions(
    of_rows: Array, of_cols: Array, costs_of: Callable[[Array, Array], Array], xp: Any
) -> Arcs:
    """The arcs of two neighbour tables: targets of each source (n, k), sources of each target.

    A pair found from both sides is listed once, among the arcs of its source.
    """
    rows, cols = _table_pairs(of_rows, xp)
    more_cols, more_rows = _table_pairs(of_cols, xp)
    arcs = Arcs(rows, cols, costs_of(rows, cols))
    more = Arcs(more_rows, more_cols, costs_of(more_rows, more_cols))
    more = without(more, is_listed(more.rows, more.cols, of_rows, xp), xp)
    return Arcs(*(xp.concat([first, second]) for first, second in zip(arcs, more, strict=True)))


def _table_pairs(table: Array, xp: Any) -> tuple[Array, Array]:
    """The (row, entry) pairs of a neighbour table (n, k), row by row."""
    n, k = table.shape
    rows = xp.arange(n, dtype=table.dtype, device=device_of(table))
    return xp.reshape(xp.broadcast_to(rows[:, None], (n, k)), (-1,)), xp.reshape(table, (-1,))


def cheapest_of_each_pair(arcs: Arcs, shape: tuple[int, int], xp: Any) -> Arcs:
    """The arcs sorted by pair; of parallel arcs only the cheapest is kept."""
    dtype = index_dtype(xp, device_of(arcs.costs))
    rows, cols = xp.astype(arcs.rows, dtype), xp.astype(arcs.cols, dtype)
    order = _sorted_by_pair(rows, cols, arcs.costs, shape, xp)
    rows, cols, costs = xp.take(rows, order), xp.take(cols, order), xp.take(arcs.costs, order)
    return without(Arcs(rows, cols, costs), _repeats(rows, cols, xp), xp)


def _sorted_by_pair(rows: Array, cols: Array, costs: Array, shape: tuple[int, int], xp: Any) -> Any:
    """The order by row, then column, then cost, by stable sorts from the last key to the first."""
    order = xp.argsort(costs, stable=True)
    if shape[0] * shape[1] <= xp.iinfo(rows.dtype).max:
        keys = [rows * shape[1] + cols]
    else:
        keys = [cols, rows]
    for key in keys:
        order = xp.take(order, xp.argsort(xp.take(key, order), stable=True))
    return order


def _repeats(rows: Array, cols: Array, xp: Any) -> Array:
    """Marks the entries of a list sorted by pair that repeat the pair before."""
    same = (rows[1:] == rows[:-1]) & (cols[1:] == cols[:-1])
    first = xp.zeros((min(1, int(rows.shape[0])),), dtype=xp.bool, device=device_of(rows))
    return xp.concat([first, same])


def look_up(arcs: Arcs, rows: Array, cols: Array, shape: tuple[int, int], xp: Any) -> Array:
    """Cost of each pair asked for: the cheapest arc between them, +inf where there is none.

    Arcs and queries are sorted together by pair and cost, a query counting as +inf; the first entry
    of each pair answers all queries about it. There is no table of pairs, so no n × m memory.
    """
    dtype = index_dtype(xp, device_of(arcs.costs))
    rows = xp.concat([xp.astype(arcs.rows, dtype), xp.astype(rows, dtype)])
    cols = xp.concat([xp.astype(arcs.cols, dtype), xp.astype(cols, dtype)])
    listed, total = int(arcs.costs.shape[0]), int(rows.shape[0])
    unknown = xp.full(
        (total - listed,), float("inf"), dtype=arcs.costs.dtype, device=device_of(arcs.costs)
    )
    costs = xp.concat([arcs.costs, unknown])
    order = _sorted_by_pair(rows, cols, costs, shape, xp)
    repeats = _repeats(xp.take(rows, order), xp.take(cols, order), xp)
    pair = xp.cumulative_sum(xp.astype(~repeats, dtype))
    answers = xp.take(xp.take(costs, order), xp.searchsorted(pair, pair))
    return xp.take(answers, xp.argsort(order)[listed:])


def price_arcs(arcs: Arcs, u: Array, v: Array, per_point: int, xp: Any) -> Pricing:
    """Price listed arcs: up to `per_point` per source with negative reduced cost, and row minima.

    A source without arcs has the row minimum +inf.
    """
    n, count = int(u.shape[0]), int(arcs.costs.shape[0])
    device = device_of(arcs.costs)
    dtype = index_dtype(xp, device)
    rows = xp.astype(arcs.rows, dtype)
    adjusted = arcs.costs - xp.take(v, arcs.cols)
    # Sorted by row and then by value: the first of each row is its minimum, and the position within
    # the row is the rank. This needs no scatter, which the array API does not have.
    order = xp.argsort(adjusted, stable=True)
    order = xp.take(order, xp.argsort(xp.take(rows, order), stable=True))
    rows, adjusted = xp.take(rows, order), xp.take(adjusted, order)
    starts = xp.searchsorted(rows, xp.arange(n + 1, dtype=dtype, device=device))
    infinity = xp.full((1,), float("inf"), dtype=adjusted.dtype, device=device)
    # An empty row starts where the next one does, so the entry at its start is of another row.
    minima = xp.take(xp.concat([adjusted, infinity]), starts[:n])
    minima = xp.where(starts[1:] > starts[:n], minima, infinity)
    rank = xp.arange(count, dtype=dtype, device=device) - xp.take(starts, rows)
    useless = (rank >= per_point) | (adjusted - xp.take(u, rows) >= 0)
    found = Arcs(rows, xp.take(arcs.cols, order), xp.take(arcs.costs, order))
    return Pricing(*without(found, useless, xp), row_minima=minima)
