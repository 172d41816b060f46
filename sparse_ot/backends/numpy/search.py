"""Exact nearest neighbours on the host.

`Clouds` calls the compiled core (kernels/include/sparse_ot/search/nearest.hpp): a packed k-d tree
in low dimension, a fused search through all pairs in high dimension, on all cores, without a matrix
and without the GIL. Ties go to the smaller index, and the result does not depend on the method or
the number of threads. With `loose` ties, which `NumpySearch` uses, values with an offset that
differ only by rounding count as equal, and any of them may be returned. What a search prepares
(unit vectors, the tree) is kept for the next one. Only a metric that the core does not have, such
as a Python function, is searched here, tile by tile.

*One cost per pair.* Where the core has the metric, it computes all costs: those of a search, of
listed pairs, and of pairs within a radius. They are bit for bit those of `metrics.formulas` where
these consist of operations that round correctly.

`within` works in two steps. A fast computation, correct up to a bounded rounding error, finds
candidates that are sure to include the answer (SciPy's k-d tree in low dimension, tiles of `cdist`
or of matrix products in high dimension). Then the candidates' costs are computed in float64 and
compared with the radius.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import array_api_compat.numpy as xp
import numpy as np
import numpy.typing as npt

from sparse_ot._typing import Floats, Integers, Metric
from sparse_ot.backends.generic.arrays import spans
from sparse_ot.backends.generic.tiled_search import select_negative
from sparse_ot.backends.protocol import Neighbours, Pricing
from sparse_ot.core import search as core_search
from sparse_ot.metrics import GroundMetric, as_metric

__all__ = ["Clouds", "NumpySearch", "nearest", "nearest_and_minima", "pair_costs", "within"]


TREE_DIMENSIONS = 10
"""Maximum dimension in which `within` uses SciPy's tree."""

_BLOCK_NUMBERS = 4 * 1024 * 1024
"""Float64 numbers in one block of temporaries (32 MB); a few such blocks exist at once."""

_BLAS_DIMENSIONS = 16
"""Dimension from which a matrix product with its rounding bound beats `cdist`."""

_SLICE_TERMS = 10**10
"""Coordinate differences between two checks for Ctrl-C in `nearest`: about a second."""

_SLICE_ROWS = 2**18
"""Maximum of sources between two such checks, for trees, which take few differences per source."""


class Clouds:
    """Sources and targets in float64, prepared for the metric, with the index of their searches.

    Parameters
    ----------
    x : ndarray, (n, d)
    y : ndarray, (m, d)
    metric : str, (str, float) or callable
    threads : int
        0 means all cores. The result does not depend on it.
    """

    def __init__(
        self, x: npt.NDArray[Any], y: npt.NDArray[Any], metric: Metric, threads: int = 0
    ) -> None:
        self.metric = as_metric(metric)
        prepared = self.metric.prepare(_as_doubles(x), _as_doubles(y), xp)
        self.x, self.y = (_as_doubles(points) for points in prepared)
        self._threads = threads
        self._index: core_search.NearestIndex | None = None
        self._reverse: Clouds | None = None

    def nearest(
        self, k: int, offset: Any = None, *, loose: bool = False
    ) -> tuple[Integers, Floats, Floats]:
        """The `k` targets with the smallest ``cost(x_i, y_j) + offset[j]`` of every source.

        Parameters
        ----------
        k : int
            From 1 to m.
        offset : ndarray, (m,), optional
        loose : bool
            Whether values that differ only by rounding count as equal, so that a returned one may
            be larger than an omitted one by some ulps of its cost and offset. Takes effect only
            with offsets, and is faster where many values tie.

        Returns
        -------
        indices : ndarray of int64, (n, k)
            Smallest first, ties by smaller index.
        costs : ndarray of float64, (n, k)
            Without the offset.
        minima : ndarray of float64, (n,)
            For every source a lower bound of ``cost + offset``: the least value found, or less than
            it by the rounding of ties if some were omitted.
        """
        x, y = self.x, self.y
        offset = None if offset is None else _as_doubles(offset)
        if self.metric.core is None:
            indices, costs = _nearest_by_tiles(x, y, k, self.metric, offset)
            return indices, costs, costs[:, 0] + (0 if offset is None else offset[indices[:, 0]])
        if self._index is None:
            self._index = core_search.NearestIndex(
                y, self.metric.core, self.metric.core_p, self._threads
            )
        rows = min(_SLICE_ROWS, max(1024, _SLICE_TERMS // y.size)) if x.shape[0] else 1
        slices = [
            self._index.query(x[span], k, offset, loose, self._threads)[:3]
            for span in spans(x.shape[0], rows)
        ]
        indices, costs, minima = zip(*slices, strict=True)
        # The core's int64 is C's long long and NumPy's is long: the same bits, so view them.
        return _joined(indices).view(np.int64), _joined(costs), _joined(minima)

    def reverse(self) -> Clouds:
        """The clouds with sources and targets exchanged; made once."""
        if self._reverse is None:
            other = object.__new__(Clouds)
            other.metric, other.x, other.y = self.metric.swapped(), self.y, self.x
            other._threads, other._index, other._reverse = self._threads, None, self
            self._reverse = other
        return self._reverse

    def costs(self, rows: Any, cols: Any) -> Floats:
        """Costs of listed pairs."""
        metric = self.metric
        if metric.core is not None:
            rows, cols = (np.ascontiguousarray(i, np.int64) for i in (rows, cols))
            return core_search.pair_costs(self.x, self.y, rows, cols, metric.core, metric.core_p)
        costs = np.empty(len(rows))
        for block in _blocks(len(rows), self.x.shape[1]):  # so that memory stays bounded
            pairs = self.x[rows[block]], self.y[cols[block]]
            costs[block] = metric.formula(*pairs, np)
        return costs


class NumpySearch:
    """Implements `Search` for NumPy arrays."""

    def __init__(self, clouds: Clouds, dtype: Any) -> None:
        self._clouds, self._dtype = clouds, dtype

    @staticmethod
    def of(x: npt.NDArray[Any], y: npt.NDArray[Any], metric: Metric) -> NumpySearch:
        """The search between two clouds, with results in their common dtype."""
        return NumpySearch(Clouds(x, y, metric), np.result_type(x, y))

    def nearest(self, k: int, offset: Any = None) -> Neighbours:
        """The `k` cheapest targets of every source; ties within rounding may go to either."""
        indices, costs, _ = self._clouds.nearest(k, offset, loose=True)
        return Neighbours(indices, costs.astype(self._dtype, copy=False))

    def price(self, u: Any, v: Any, k: int) -> Pricing:
        """As `tiled_search.price`; row minima are in float64 whatever the points are.

        Where values tie within rounding, a minimum may be too low by some ulps.
        """
        indices, costs, minima = self._clouds.nearest(k, -v, loose=True)
        found = Neighbours(indices, costs.astype(self._dtype, copy=False))
        priced = select_negative(found, costs - v[indices], u, xp)
        return priced._replace(row_minima=minima)

    def reverse(self) -> NumpySearch:
        """The search with sources and targets exchanged."""
        return NumpySearch(self._clouds.reverse(), self._dtype)


def nearest(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    k: int,
    metric: Metric,
    offset: Any = None,
    *,
    loose: bool = False,
    threads: int = 0,
) -> tuple[Integers, Floats]:
    """Indices and costs of one search; see `Clouds.nearest`.

    Examples
    --------
    >>> import numpy as np
    >>> nearest(np.asarray([[0.0]]), np.asarray([[3.0], [-1.0], [1.0]]), 2, "sqeuclidean")
    (array([[1, 2]]), array([[1., 1.]]))
    """
    return Clouds(x, y, metric, threads).nearest(k, offset, loose=loose)[:2]


def nearest_and_minima(
    x: npt.NDArray[Any], y: npt.NDArray[Any], k: int, metric: Metric, offset: Any
) -> tuple[Integers, Floats, Floats]:
    """As `nearest` with loose ties, and the minimum of every row."""
    return Clouds(x, y, metric).nearest(k, offset, loose=True)


def pair_costs(
    x: npt.NDArray[Any], y: npt.NDArray[Any], rows: Any, cols: Any, metric: Metric
) -> Floats:
    """Costs of listed pairs in float64."""
    return Clouds(x, y, metric).costs(rows, cols)


def within(
    x: npt.NDArray[Any], y: npt.NDArray[Any], radius: float, metric: Metric
) -> tuple[Integers, Integers, Floats]:
    """All pairs whose cost is at most `radius`: rows, cols and costs, sorted by pair."""
    clouds = Clouds(x, y, metric)
    if clouds.metric.p_norm is not None and clouds.x.shape[1] <= TREE_DIMENSIONS:
        candidates = [_within_by_tree(clouds, radius)]
    else:
        tiles = _Tiles(clouds)
        blocks = _blocks(clouds.x.shape[0], tiles.width)
        candidates = [tiles.within(block, radius) for block in blocks]
    rows = np.concatenate([pair[0] for pair in candidates]).astype(np.int64)
    cols = np.concatenate([pair[1] for pair in candidates]).astype(np.int64)
    costs = clouds.costs(rows, cols)
    inside = costs <= radius
    rows, cols, costs = rows[inside], cols[inside], costs[inside]
    order = np.lexsort((cols, rows))
    return rows[order], cols[order], costs[order]


def _within_by_tree(clouds: Clouds, radius: float) -> tuple[Integers, Integers]:
    from scipy.spatial import cKDTree  # slow to load, so not with the package

    metric, d = clouds.metric, clouds.x.shape[1]
    # Slightly wider than asked, since the exact costs decide.
    reach = (radius / metric.factor) ** (1 / metric.power) * (1 + _slack(d))
    found = cKDTree(clouds.x).sparse_distance_matrix(
        cKDTree(clouds.y), reach, p=_norm_below(metric), output_type="ndarray"
    )
    return found["i"], found["j"]


def _norm_below(metric: GroundMetric) -> float:
    """A norm that is at most the metric's and needs no powers, which may overflow.

    That is p itself for 1, 2 and infinity, and otherwise the next larger of these.
    """
    assert metric.p_norm is not None, "callers look"
    return next(p for p in (1, 2, np.inf) if p >= metric.p_norm)


def _slack(d: int) -> float:
    """Relative rounding error of a distance computed from d differences, with margin."""
    return float(8 * (d + 3) * np.finfo(np.float64).eps)


class _Tiles:
    """Costs of some sources against all targets, or lower bounds of them, with a rounding bound."""

    def __init__(self, clouds: Clouds) -> None:
        x, y, self.metric = clouds.x, clouds.y, clouds.metric
        self._slack = _slack(x.shape[1])
        by_formula = self.metric.p_norm is None
        # Count of numbers in one row of a tile, temporaries of a formula included.
        self.width = int(2 * y.size if by_formula else y.shape[0])
        if by_formula:
            self._x, self._y = x, y
            return
        center = y.mean(axis=0)
        self._x, self._y = x - center, y - center
        self._x_squares = np.einsum("ij,ij->i", self._x, self._x)
        self._y_squares = np.einsum("ij,ij->i", self._y, self._y)

    def within(self, rows: slice, radius: float) -> tuple[Integers, Integers]:
        """Pairs that are sure to include all of cost at most `radius`."""
        costs, error = self.costs(rows)
        near = np.flatnonzero(costs <= np.asarray(radius + 2 * error)[:, None])
        positions, cols = np.divmod(near, costs.shape[1])
        return rows.start + positions, cols

    def costs(self, rows: slice) -> tuple[Floats, Floats]:
        from scipy.spatial.distance import cdist  # slow to load, so not with the package

        metric, x = self.metric, self._x[rows]
        if metric.p_norm is None:
            tile = metric.formula(x[:, None, :], self._y[None, :, :], np)
            return np.asarray(tile, np.float64), np.zeros(len(x))
        d, p = x.shape[1], _norm_below(metric)
        # |x| + |y| bounds any p-norm distance up to the factor d (p = 1).
        reach = np.sqrt(self._x_squares[rows]) + np.sqrt(self._y_squares.max())
        if p != 2 or d < _BLAS_DIMENSIONS:
            name: Any = {1: "cityblock", 2: "euclidean", np.inf: "chebyshev"}[p]
            tile = metric.factor * cdist(x, self._y, name) ** metric.power
            # Centring moved every coordinate by a rounding error, of the size of the reach.
            return tile, metric.factor * reach**metric.power * self._slack * d
        squares = x @ self._y.T
        squares *= -2
        squares += self._x_squares[rows, None]
        squares += self._y_squares
        np.maximum(squares, 0, out=squares)
        error = reach * reach * self._slack
        if metric.power == 1:
            # |√s − √t| ≤ √|s − t|, which is tight near zero, where neighbours are.
            return metric.factor * np.sqrt(squares, out=squares), metric.factor * np.sqrt(error)
        return metric.factor * squares, metric.factor * error


def _nearest_by_tiles(
    x: Floats, y: Floats, k: int, metric: GroundMetric, offset: Floats | None
) -> tuple[Integers, Floats]:
    """`Clouds.nearest` by the formula of the metric, tile by tile."""
    n = x.shape[0]
    indices, costs = np.empty((n, k), np.int64), np.empty((n, k))
    for block in _blocks(n, 2 * y.size):
        tile = np.asarray(metric.formula(x[block, None, :], y[None, :, :], np), np.float64)
        ranks = tile if offset is None else tile + offset
        # A NaN comes first, so that the solve reports it; otherwise it would never be a neighbour.
        ranks = np.where(np.isnan(ranks), -np.inf, ranks)
        rows, cols = np.nonzero(ranks <= np.partition(ranks, k - 1, axis=1)[:, k - 1 : k])
        order = np.lexsort((cols, ranks[rows, cols], rows))
        starts = np.searchsorted(rows, np.arange(tile.shape[0]))
        best = cols[order[starts[:, None] + np.arange(k)]]
        indices[block], costs[block] = best, np.take_along_axis(tile, best, axis=1)
    return indices, costs


def _joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows of `width` numbers, each within the block size; none for no rows."""
    return spans(count, max(1, _BLOCK_NUMBERS // max(1, width))) if count else iter(())


def _as_doubles(x: Any) -> Floats:
    return np.ascontiguousarray(x, np.float64)
