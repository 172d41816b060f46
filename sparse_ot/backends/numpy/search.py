"""Exact nearest neighbours on the host.

`nearest` asks the compiled core (search/nearest.hpp in kernels/): a packed k-d tree in low
dimension, a fused search through all pairs in high dimension, on all cores, without a matrix and
without the GIL. Its costs are bit for bit those of `metric_formulas`, ties go to the smaller index,
and neither the method nor the number of threads shows in the result. Only a metric that is a Python
function is searched here, tile by tile.

`within` works in two steps. A fast computation, correct up to a bounded rounding error, names
candidates that surely include the answer (SciPy's k-d tree in low dimension, tiles of `cdist` or of
matrix products in high dimension); then the candidates' costs are computed from coordinate
differences in float64, and those decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sparse_ot import _core
from sparse_ot._typing import Metric
from sparse_ot.backends.generic.arrays import spans
from sparse_ot.metrics.formulas import evaluate, unit_vectors

__all__ = ["METRIC_CODES", "nearest", "nearest_and_minima", "pair_costs", "within"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

METRIC_CODES = {"sqeuclidean": 0, "euclidean": 1, "cityblock": 2, "chebyshev": 3, "cosine": 4}
"""What the compiled core calls the metrics (kernels/include/sparse_ot/geometry/metrics.hpp)."""

TREE_DIMENSIONS = 10
"""Most coordinates for which `within` asks SciPy's tree."""

_BLOCK_NUMBERS = 4 * 1024 * 1024
"""Float64 numbers in one block of temporaries (32 MB); a few such blocks live at once."""

_BLAS_DIMENSIONS = 16
"""From here on a matrix product and its rounding bound beat `cdist`, which sums differences."""

_SLICE_TERMS = 10**10
"""Coordinate differences between two looks for Ctrl-C in `nearest`: about a second."""

_SLICE_ROWS = 2**18
"""And most sources, where a tree looks at few differences a source."""


class _Norm(NamedTuple):
    """How a metric looks to a tree or a tile: a p-norm `t`, and the cost as a function of it."""

    p: float
    cost: Callable[[Floats], Floats]
    distance: Callable[[float], float]


_NORMS: dict[str, _Norm] = {
    "sqeuclidean": _Norm(2, np.square, np.sqrt),
    "euclidean": _Norm(2, np.positive, float),
    "cityblock": _Norm(1, np.positive, float),
    "chebyshev": _Norm(np.inf, np.positive, float),
    "cosine": _Norm(2, lambda t: t * t / 2, lambda c: (2 * c) ** 0.5),
}


def nearest(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    k: int,
    metric: Metric,
    offset: Any = None,
    *,
    limit: Any = None,
    loose: bool = False,
    threads: int = 0,
) -> tuple[Integers, Floats]:
    """The `k` targets with the smallest ``cost(x_i, y_j) + offset[j]`` of every source.

    Parameters
    ----------
    x : ndarray, (n, d)
    y : ndarray, (m, d)
    k : int
        From 1 to m.
    metric : str or callable
    offset : ndarray, (m,), optional
    limit : ndarray, (n,), optional
        Only targets with ``cost + offset < limit[i]`` are looked for, which is much faster where
        there are none. A row without any has its minimum at or above its limit; that minimum
        stays unknown.
    loose : bool
        Whether values that rounding hardly tells apart count as equal, so that one found may be
        larger than one left out by some ulps of its cost and offset. Only with offsets, and faster
        where they tie with the costs.
    threads : int
        0 takes all cores. The result does not depend on it.

    Returns
    -------
    indices : ndarray of int64, (n, k)
        Smallest first, ties by smaller index; −1 where a limit leaves fewer.
    costs : ndarray of float64, (n, k)
        Without the offset; +inf where a limit leaves fewer.

    Examples
    --------
    >>> import numpy as np
    >>> nearest(np.asarray([[0.0]]), np.asarray([[3.0], [-1.0], [1.0]]), 2, "sqeuclidean")
    (array([[1, 2]]), array([[1., 1.]]))
    """
    indices, costs, _ = _search(x, y, k, metric, offset, limit, loose, threads)
    return indices, costs


def nearest_and_minima(
    x: npt.NDArray[Any], y: npt.NDArray[Any], k: int, metric: Metric, offset: Any
) -> tuple[Integers, Floats, Floats]:
    """As `nearest` with loose ties, and for every source what no ``cost + offset`` is below.

    That minimum is the least value found, except where something was left out as a tie: then it is
    lower by as much as that might have been.
    """
    return _search(x, y, k, metric, offset, None, True, 0)


def _search(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    k: int,
    metric: Metric,
    offset: Any,
    limit: Any,
    loose: bool,
    threads: int,
) -> tuple[Integers, Floats, Floats]:
    """Indices, costs and minima of `nearest`."""
    x, y = _as_doubles(x), _as_doubles(y)
    offset = None if offset is None else _as_doubles(offset)
    limit = None if limit is None else _as_doubles(limit)
    if callable(metric):
        indices, costs = _nearest_by_tiles(x, y, k, metric, offset, limit)
        return indices, costs, costs[:, 0] + (0 if offset is None else offset[indices[:, 0]])
    index = _core.NearestIndex(y, METRIC_CODES[metric], threads)
    rows = min(_SLICE_ROWS, max(1024, _SLICE_TERMS // y.size)) if x.shape[0] else 1
    slices = [
        index.query(x[span], k, offset, None if limit is None else limit[span], loose, threads)[:3]
        for span in spans(x.shape[0], rows)
    ]
    indices, costs, minima = zip(*slices, strict=True)
    # The core's int64 is C's long long, NumPy's is long: the same bits under two names.
    return _joined(indices).view(np.int64), _joined(costs), _joined(minima)


def pair_costs(
    x: npt.NDArray[Any], y: npt.NDArray[Any], rows: Any, cols: Any, metric: Metric
) -> Floats:
    """Costs of listed pairs in float64, block by block so that memory stays bounded."""
    costs = np.empty(len(rows))
    for block in _blocks(len(rows), x.shape[1]):
        costs[block] = evaluate(
            _as_doubles(x[rows[block]]), _as_doubles(y[cols[block]]), metric, np
        )
    return costs


def within(
    x: npt.NDArray[Any], y: npt.NDArray[Any], radius: float, metric: Metric
) -> tuple[Integers, Integers, Floats]:
    """All pairs whose cost is at most `radius`: rows, cols and costs, sorted by pair."""
    x, y = _as_doubles(x), _as_doubles(y)
    if not callable(metric) and x.shape[1] <= TREE_DIMENSIONS:
        candidates = [_within_by_tree(x, y, radius, metric)]
    else:
        tiles = _Tiles(x, y, metric)
        candidates = [tiles.within(block, radius) for block in _blocks(x.shape[0], tiles.width)]
    rows = np.concatenate([pair[0] for pair in candidates]).astype(np.int64)
    cols = np.concatenate([pair[1] for pair in candidates]).astype(np.int64)
    costs = pair_costs(x, y, rows, cols, metric)
    inside = costs <= radius
    rows, cols, costs = rows[inside], cols[inside], costs[inside]
    order = np.lexsort((cols, rows))
    return rows[order], cols[order], costs[order]


def _within_by_tree(x: Floats, y: Floats, radius: float, metric: str) -> tuple[Integers, Integers]:
    from scipy.spatial import cKDTree  # slow to load, so not with the package

    norm = _NORMS[metric]
    x, y = _points_of_norm(x, y, metric)
    # A hair wider than asked: the exact costs decide.
    reach = norm.distance(radius) * (1 + _slack(x.shape[1]))
    found = cKDTree(x).sparse_distance_matrix(cKDTree(y), reach, p=norm.p, output_type="ndarray")
    return found["i"], found["j"]


def _slack(d: int) -> float:
    """Relative rounding error of a distance computed from d differences, with margin."""
    return float(8 * (d + 3) * np.finfo(np.float64).eps)


def _points_of_norm(x: Floats, y: Floats, metric: Metric) -> tuple[Floats, Floats]:
    """Points whose p-norm distance gives the cost."""
    if metric == "cosine":
        return unit_vectors(x, np), unit_vectors(y, np)
    return x, y


class _Tiles:
    """Costs of some sources against all targets, with a bound on the rounding error."""

    def __init__(self, x: Floats, y: Floats, metric: Metric) -> None:
        self.metric = metric
        self._slack = _slack(x.shape[1])
        # Numbers in one row of a tile, temporaries of a callable metric included.
        self.width = int(2 * y.size if callable(metric) else y.shape[0])
        if callable(metric):
            self._x, self._y = x, y
            return
        x, y = _points_of_norm(x, y, metric)
        center = y.mean(axis=0)
        self._x, self._y = x - center, y - center
        self._x_squares = np.einsum("ij,ij->i", self._x, self._x)
        self._y_squares = np.einsum("ij,ij->i", self._y, self._y)

    def within(self, rows: slice, radius: float) -> tuple[Integers, Integers]:
        """Pairs that surely include those of cost at most `radius`."""
        costs, error = self.costs(rows)
        near = np.flatnonzero(costs <= np.asarray(radius + 2 * error)[:, None])
        positions, cols = np.divmod(near, costs.shape[1])
        return rows.start + positions, cols

    def costs(self, rows: slice) -> tuple[Floats, Floats]:
        from scipy.spatial.distance import cdist  # slow to load, so not with the package

        metric, x = self.metric, self._x[rows]
        if callable(metric):
            tile = evaluate(x[:, None, :], self._y[None, :, :], metric, np)
            return np.asarray(tile, np.float64), np.zeros(len(x))
        norm, d = _NORMS[metric], x.shape[1]
        # Of coordinates: |x| + |y| bounds any p-norm distance up to the factor d (p = 1).
        reach = np.sqrt(self._x_squares[rows]) + np.sqrt(self._y_squares.max())
        if norm.p != 2 or d < _BLAS_DIMENSIONS:
            name: Any = {1.0: "cityblock", 2.0: "euclidean", np.inf: "chebyshev"}[norm.p]
            tile = norm.cost(cdist(x, self._y, name))
            # Centring moved every coordinate by a rounding error, hence the reach once more.
            return tile, norm.cost(reach) * self._slack * d
        squares = x @ self._y.T
        squares *= -2
        squares += self._x_squares[rows, None]
        squares += self._y_squares
        np.maximum(squares, 0, out=squares)
        error = reach * reach * self._slack
        if metric == "euclidean":
            # |√s − √t| ≤ √|s − t|, tight near zero, which is where neighbours are.
            return np.sqrt(squares, out=squares), np.sqrt(error)
        return (squares, error) if metric == "sqeuclidean" else (squares / 2, error / 2)


def _nearest_by_tiles(
    x: Floats,
    y: Floats,
    k: int,
    metric: Callable[[Any, Any], Any],
    offset: Floats | None,
    limit: Floats | None,
) -> tuple[Integers, Floats]:
    """`nearest` for a Python function, whose costs are taken as they come."""
    n = x.shape[0]
    indices, costs = np.empty((n, k), np.int64), np.empty((n, k))
    tiles = _Tiles(x, y, metric)
    for block in _blocks(n, tiles.width):
        tile, _ = tiles.costs(block)
        ranks = tile if offset is None else tile + offset
        # A NaN comes first, so that somebody sees it; it would compare as no neighbour at all.
        ranks = np.where(np.isnan(ranks), -np.inf, ranks)
        rows, cols = np.nonzero(ranks <= np.partition(ranks, k - 1, axis=1)[:, k - 1 : k])
        order = np.lexsort((cols, ranks[rows, cols], rows))
        starts = np.searchsorted(rows, np.arange(tile.shape[0]))
        best = cols[order[starts[:, None] + np.arange(k)]]
        indices[block], costs[block] = best, np.take_along_axis(tile, best, axis=1)
        if limit is not None:
            useless = ~(np.take_along_axis(ranks, best, axis=1) < limit[block, None])
            indices[block][useless], costs[block][useless] = -1, np.inf
    return indices, costs


def _joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows, a slice times `width` within the block size; none for no rows."""
    return spans(count, max(1, _BLOCK_NUMBERS // max(1, width))) if count else iter(())


def _as_doubles(x: Any) -> Floats:
    return np.ascontiguousarray(x, np.float64)
