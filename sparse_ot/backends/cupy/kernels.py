"""Launches the CUDA kernels: neighbours, arc costs and prices, fused, without an n × m block.

The sources are in kernels/cuda and are installed with the package. `cupy.RawModule` compiles them
on first use for the current device, once for each set of options (dtype, metric, type of keys);
CuPy keeps the result on disk. The comments of each kernel state what it computes and what it
requires of its caller; this file meets these requirements. Launch constants are chosen in `TILE`
and in the constants below it, and nowhere else.

Costs and order agree with `tiled_search`: differences of coordinates in the dtype of the points,
ties by smaller index. Reduced costs are compared in float64 whatever the points are.

All work is on the current device and stream, and no array crosses. In one place CuPy waits for the
device: when the negative pairs are selected, for their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import array_api_compat.cupy as compat
import cupy as cp
import numpy as np

from sparse_ot._typing import Array, Metric
from sparse_ot.backends.generic.arrays import dtype_name, spans
from sparse_ot.backends.protocol import Neighbours, Pricing
from sparse_ot.metrics import GroundMetric, as_metric

__all__ = [
    "MAX_NEIGHBOURS",
    "TILE",
    "FusedSearch",
    "arc_costs",
    "nearest",
    "options",
    "price",
    "source",
    "suits",
]

TILE = {"THREADS": 128, "TARGETS": 32, "DEPTH": 16}
"""Threads of a block, targets of a tile, coordinates of a stage (kernels/cuda/launch.cuh).

By nvcc's report for sm_90 at most 100 registers per thread, no spills, 33 KB of shared memory. Not
tuned on a device.
"""

MAX_NEIGHBOURS = 64
"""Maximum length of the lists that the kernels keep; longer ones go through `tiled_search`."""

MAX_POINTS = 2**30
"""Maximum number of points: their indices are 32 bits wide in the kernels."""

LIST_BYTES = 64 * 1024 * 1024
"""Memory for the lists of all slices; sources are processed in parts that fit."""

BLOCKS_PER_MULTIPROCESSOR = 4
"""Targets are sliced until there are this many blocks per multiprocessor."""

MIN_TARGETS = 512
"""Minimum of targets per slice: fewer are not worth a list of their own."""

_C_TYPES = {"float32": "float", "float64": "double"}


def suits(x: Array, y: Array, metric: Metric, k: int = 1) -> bool:
    """Whether the kernels apply: a metric they have, one dtype, lists and clouds not too large."""
    return (
        as_metric(metric).cuda is not None
        and x.dtype == y.dtype
        and dtype_name(x.dtype) in _C_TYPES
        and 1 <= k <= MAX_NEIGHBOURS
        and max(x.shape[0], y.shape[0]) <= MAX_POINTS
    )


class FusedSearch:
    """Two clouds as the kernels read them, prepared once.

    Parameters
    ----------
    x : array, (n, d)
    y : array, (m, d)
    metric : GroundMetric
        One that `suits` accepts, as it must every `k`.
    """

    def __init__(self, x: Array, y: Array, metric: GroundMetric) -> None:
        self.metric = metric
        self.x, self.y = _prepared(x, y, metric)

    def nearest(self, k: int, offset: Array | None = None) -> Neighbours:
        """The `k` targets with the smallest ``cost + offset`` of every source."""
        x = self.x
        key = _C_TYPES[dtype_name(x.dtype)] if offset is None else "double"
        of_all = _kernel("knn.cu", "nearest_of_all", x, self.metric, key)
        no_offset: Any = np.uintp(0)
        offset = no_offset if offset is None else _as_doubles(offset)
        indices = cp.empty((x.shape[0], k), dtype=cp.int64)
        costs = cp.empty((x.shape[0], k), dtype=x.dtype)
        for span, slices, lists in self._lists_of_slices(offset, k, key):
            sizes = np.int32(span.stop - span.start), np.int32(slices), np.int32(k)
            _launch(of_all, span.stop - span.start, (*lists, *sizes, indices[span], costs[span]))
        return Neighbours(indices, costs)

    def price(self, u: Array, v: Array, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost, and row minima."""
        x, u, offset = self.x, _as_doubles(u), -_as_doubles(v)
        most_negative = _kernel("pricing.cu", "most_negative", x, self.metric, "double")
        n = x.shape[0]
        minima = cp.empty((n,), dtype=cp.float64)
        cols = cp.empty((n, k), dtype=cp.int64)
        costs = cp.empty((n, k), dtype=x.dtype)
        for span, slices, lists in self._lists_of_slices(offset, k, "double"):
            sizes = np.int32(span.stop - span.start), np.int32(slices), np.int32(k)
            results = minima[span], cols[span], costs[span]
            _launch(most_negative, span.stop - span.start, (*lists, u[span], *sizes, *results))
        found = cp.flatnonzero(cols >= 0)
        return Pricing(found // k, cols.reshape(-1)[found], costs.reshape(-1)[found], minima)

    def reverse(self) -> FusedSearch:
        """The search from the targets; nothing is prepared again."""
        other = object.__new__(FusedSearch)
        other.metric, other.x, other.y = self.metric.swapped(), self.y, self.x
        return other

    def _lists_of_slices(
        self, offset: Any, k: int, key: str
    ) -> Iterator[tuple[slice, int, tuple[Array, Array, Array]]]:
        """Search every slice of the targets; yield sources, number of slices, and their lists.

        The lists (keys, costs, targets; each sources × slices × k) are overwritten in the next
        iteration, which is safe because a stream executes in order.
        """
        x, y = self.x, self.y
        of_slice = _kernel("knn.cu", "nearest_of_slice", x, self.metric, key)
        (n, d), m = x.shape, y.shape[0]
        slices, width = _slices(n, m)
        key_dtype = cp.dtype("float32" if key == "float" else "float64")
        entry = key_dtype.itemsize + x.dtype.itemsize + 4
        at_once = max(TILE["THREADS"], LIST_BYTES // (slices * k * entry))
        shape = (min(n, at_once), slices, k)
        lists = tuple(cp.empty(shape, dtype=dtype) for dtype in (key_dtype, x.dtype, cp.int32))
        for span in spans(n, at_once):
            sizes = tuple(np.int32(size) for size in (span.stop - span.start, m, d, k, width))
            arguments = (x[span], y, offset, *sizes, *lists)
            _launch(of_slice, span.stop - span.start, arguments, slices)
            yield span, slices, lists


def nearest(x: Array, y: Array, k: int, metric: Metric, offset: Array | None) -> Neighbours:
    """The `k` targets with the smallest ``cost + offset`` of every source, in one search."""
    return FusedSearch(x, y, as_metric(metric)).nearest(k, offset)


def price(x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
    """Up to `k` arcs per source with negative reduced cost, and row minima, in one search."""
    return FusedSearch(x, y, as_metric(metric)).price(u, v, k)


def arc_costs(x: Array, y: Array, rows: Array, cols: Array, metric: Metric) -> Array:
    """Costs of the listed pairs, (p,); see `tiled_search.arc_costs`."""
    metric = as_metric(metric)
    kernel = _kernel("arc_costs.cu", "arc_costs", x, metric, "double")
    x, y = _prepared(x, y, metric)
    rows, cols = (cp.ascontiguousarray(i.astype(cp.int64, copy=False)) for i in (rows, cols))
    count = rows.shape[0]
    costs = cp.empty((count,), dtype=x.dtype)
    sizes = np.int64(count), np.int32(x.shape[1])
    _launch(kernel, count, (x, y, rows, cols, *sizes, costs))
    return costs


def _slices(n: int, m: int) -> tuple[int, int]:
    """Number and width of the slices of the targets: enough blocks for every multiprocessor."""
    multiprocessors = cp.cuda.Device().attributes["MultiProcessorCount"]
    blocks = max(1, -(-n // TILE["THREADS"]))
    wanted = -(-BLOCKS_PER_MULTIPROCESSOR * multiprocessors // blocks)
    count = max(1, min(wanted, m // MIN_TARGETS))
    width = -(-m // (count * TILE["TARGETS"])) * TILE["TARGETS"]
    return -(-m // width), width


def _launch(kernel: Any, threads: int, arguments: tuple[Any, ...], slices: int = 1) -> None:
    if threads > 0:  # a grid must not be empty
        grid = (-(-threads // TILE["THREADS"]), slices)
        kernel(grid, (TILE["THREADS"],), arguments)


def _prepared(x: Array, y: Array, metric: GroundMetric) -> tuple[Array, Array]:
    """Points as the kernels read them: prepared for the metric, with contiguous rows."""
    x, y = metric.prepare(x, y, compat)
    return cp.ascontiguousarray(x), cp.ascontiguousarray(y)


def _as_doubles(x: Array) -> Array:
    return cp.ascontiguousarray(x.astype(cp.float64, copy=False))


def _kernel(file: str, name: str, like: Array, metric: GroundMetric, key: str) -> Any:
    return _module(file, options(dtype_name(like.dtype), metric, key)).get_function(name)


@cache
def _module(file: str, flags: tuple[str, ...]) -> Any:
    return cp.RawModule(code=source(file), options=flags)


def options(dtype: str, metric: Metric, key: str) -> tuple[str, ...]:
    """Options of the compiler: the types, the metric and the sizes of tiles.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Type of coordinates and costs.
    metric : str, (str, float) or GroundMetric
        One that has a class in kernels/cuda/metrics.cuh.
    key : {"float", "double"}
        C type of the values that targets are ranked by.
    """
    metric = as_metric(metric)
    values = {
        "SCALAR": _C_TYPES[dtype],
        "KEY": key,
        "METRIC": metric.cuda,
        **({} if metric.p is None else {"P": repr(metric.p)}),
        **TILE,
        "MAX_NEIGHBOURS": MAX_NEIGHBOURS,
    }
    return ("-std=c++17", *(f"-DSPARSE_OT_{name}={value}" for name, value in values.items()))


@cache
def source(file: str) -> str:
    """A CUDA source with its headers spliced in.

    CuPy's cache of compiled kernels uses the source text as its key. If headers were on an include
    path, an upgrade of this package could change them and a stale binary would stay in use.
    """
    folder: Any = Path(__file__).parents[3] / "kernels" / "cuda"
    if not folder.is_dir():  # not a checkout, where the sources are read in place
        folder = files("sparse_ot") / "cuda"
    text: str = (folder / file).read_text(encoding="utf-8")

    def splice(include: re.Match[str]) -> str:
        header = (folder / include[1]).read_text(encoding="utf-8")
        return re.sub(_INCLUDE, splice, header)

    return re.sub(_INCLUDE, splice, text)


_INCLUDE = re.compile(r'^#include "(\w+\.cuh)"$', re.MULTILINE)
