"""Exact nearest neighbours on the host, by k-d tree or by tiles.

Both searches work the same way. A fast computation, correct up to a bounded rounding error,
names candidates that surely include the answer; then the candidates' costs are computed from
coordinate differences in float64, and sorted by (cost + offset, index). So results do not
depend on which search ran, or on how many threads.

*Offsets in a tree* (pricing asks for ``min_j cost(x, y_j) + offset_j``). For squared Euclidean
cost, append the coordinate ``sqrt(offset_j − min offset)`` to y_j and 0 to x: the squared distance
in d + 1 dimensions is then ``cost + offset_j − min offset``, and a plain tree answers exactly. The
L1 metric takes the difference itself, and cosine cost is half a squared chord. Euclidean and
Chebyshev costs have no such embedding: there the tree gives only the lower bound
``cost + min offset``, which is sharp when potentials vary little, and tiles do the rest.

*Ties.* The tree is asked for one neighbour too many. If the last one is not clearly worse than
the k-th, there might be further ties it did not show, and the query is repeated wider. Targets in
the same place would tie without end, so of each place only the first k are kept: the answer
never needs more.

Cost: a tree of m points in d dimensions takes O(m log m), a query O(log m) while d is small. Beyond
`TREE_DIMENSIONS` a tree visits nearly everything (measured, uniform points, n = m = 20 000, k = 16:
0.4 s at d = 8, 1.8 s at d = 12, 3.9 s at d = 16), and tiles of matrix products win.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from sparse_ot.backends.agnostic import spans
from sparse_ot.backends.base import Metric
from sparse_ot.backends.metric_formulas import evaluate, unit_vectors

__all__ = ["nearest", "pair_costs", "within"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

TREE_DIMENSIONS = 10
"""Most coordinates, an appended one included, for which a tree is asked."""

_TREE_WIDENINGS = 2
"""How often an undecided query is repeated with four times the neighbours, before tiles."""

_BLOCK_NUMBERS = 4 * 1024 * 1024
"""Float64 numbers in one block of temporaries (32 MB); a few such blocks live at once."""

_BLAS_DIMENSIONS = 16
"""From here on a matrix product and its rounding bound beat `cdist`, which sums differences."""


class _Norm(NamedTuple):
    """How a metric looks to a tree or a tile: a p-norm `t`, and the cost as a function of it."""

    p: float
    cost: Callable[[Floats], Floats]
    distance: Callable[[float], float]
    embed: Callable[[Floats], Floats] | None


_NORMS: dict[str, _Norm] = {
    "sqeuclidean": _Norm(2, np.square, np.sqrt, np.sqrt),
    "euclidean": _Norm(2, np.positive, float, None),
    "cityblock": _Norm(1, np.positive, float, np.positive),
    "chebyshev": _Norm(np.inf, np.positive, float, None),
    "cosine": _Norm(2, lambda t: t * t / 2, lambda c: (2 * c) ** 0.5, lambda o: np.sqrt(2 * o)),
}


def nearest(
    x: npt.NDArray[Any], y: npt.NDArray[Any], k: int, metric: Metric, offset: Any = None
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

    Returns
    -------
    indices : ndarray of int64, (n, k)
        Smallest first, ties by smaller index.
    costs : ndarray of float64, (n, k)
        Without the offset.

    Examples
    --------
    >>> import numpy as np
    >>> nearest(np.asarray([[0.0]]), np.asarray([[3.0], [-1.0], [1.0]]), 2, "sqeuclidean")
    (array([[1, 2]]), array([[1., 1.]]))
    """
    x, y = _as_doubles(x), _as_doubles(y)
    search = _Search(x, y, k, metric, None if offset is None else _as_doubles(offset))
    n = x.shape[0]
    indices, costs = np.empty((n, k), np.int64), np.empty((n, k))
    pending = np.arange(n)
    if not callable(metric) and x.shape[1] + (offset is not None) <= TREE_DIMENSIONS:
        pending = _by_tree(search, _NORMS[metric], indices, costs)
    _by_tiles(search, pending, indices, costs)
    return indices, costs


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
    search = _Search(x, y, 1, metric, None)
    if not callable(metric) and x.shape[1] <= TREE_DIMENSIONS:
        norm = _NORMS[metric]
        xe, ye = search.embedded(norm)
        # A hair wider than asked: the exact costs decide below.
        reach = norm.distance(radius) * (1 + search.slack)
        found = cKDTree(xe).sparse_distance_matrix(
            cKDTree(ye), reach, p=norm.p, output_type="ndarray"
        )
        candidates = [(found["i"], found["j"])]
    else:
        candidates = []
        for block in _blocks(x.shape[0], search.tile_width):
            rows, cols = search.candidates(np.arange(block.start, block.stop), radius)
            candidates.append((block.start + rows, cols))
    rows = np.concatenate([pair[0] for pair in candidates]).astype(np.int64)
    cols = np.concatenate([pair[1] for pair in candidates]).astype(np.int64)
    costs = pair_costs(x, y, rows, cols, metric)
    inside = costs <= radius
    rows, cols, costs = rows[inside], cols[inside], costs[inside]
    order = np.lexsort((cols, rows))
    return rows[order], cols[order], costs[order]


class _Search:
    """The data of one search, and the three computations both methods share."""

    def __init__(self, x: Floats, y: Floats, k: int, metric: Metric, offset: Floats | None) -> None:
        self.x, self.y, self.k, self.metric, self.offset = x, y, k, metric, offset
        self.lowest = 0.0 if offset is None else float(offset.min())
        # Relative rounding error of a distance computed from d + 1 differences, with margin.
        self.slack = 8 * (x.shape[1] + 3) * np.finfo(np.float64).eps
        if not callable(metric):
            self._prepare_tiles()

    @property
    def tile_width(self) -> int:
        """Numbers in one row of a tile, temporaries of a callable metric included."""
        m, d = self.y.shape
        return int(2 * m * d if callable(self.metric) else m)

    def exact(self, rows: Integers, cols: Integers) -> tuple[Floats, Floats]:
        """Costs of pairs, and the numbers they are ranked by."""
        costs = pair_costs(self.x, self.y, rows, cols, self.metric)
        return costs, costs if self.offset is None else costs + self.offset[cols]

    def embedded(self, norm: _Norm) -> tuple[Floats, Floats]:
        """Points whose p-norm distance gives cost + offset, or bounds it from below."""
        x, y = self._metric_points()
        if self.offset is None or norm.embed is None:
            return x, y
        return (
            np.column_stack([x, np.zeros(x.shape[0])]),
            np.column_stack([y, norm.embed(self.offset - self.lowest)]),
        )

    def candidates(
        self, rows: Integers, threshold: float | None = None
    ) -> tuple[Integers, Integers]:
        """Pairs (position in `rows`, target) that surely include the answer.

        The answer being the `k` best, or all pairs with cost at most `threshold`.
        """
        costs, error = self._tile(rows)
        if self.offset is not None:
            costs += self.offset
            error = error + 4 * np.finfo(np.float64).eps * np.abs(self.offset).max()
        limit = _kth_smallest_at_most(costs, self.k) if threshold is None else threshold
        near = np.flatnonzero(costs <= np.asarray(limit + 2 * error)[:, None])
        positions, cols = np.divmod(near, costs.shape[1])
        return positions, cols

    def _metric_points(self) -> tuple[Floats, Floats]:
        """Points whose p-norm distance gives the cost without the offset."""
        if self.metric == "cosine":
            return unit_vectors(self.x, np), unit_vectors(self.y, np)
        return self.x, self.y

    def _prepare_tiles(self) -> None:
        x, y = self._metric_points()
        center = y.mean(axis=0)
        self._xt, self._yt = x - center, y - center
        self._x_squares = np.einsum("ij,ij->i", self._xt, self._xt)
        self._y_squares = np.einsum("ij,ij->i", self._yt, self._yt)

    def _tile(self, rows: Integers) -> tuple[Floats, Floats]:
        """Costs of `rows` against all targets, and a bound on each row's rounding error."""
        metric = self.metric
        if callable(metric):
            tile = evaluate(self.x[rows][:, None, :], self.y[None, :, :], metric, np)
            return np.asarray(tile, np.float64), np.zeros(len(rows))
        norm = _NORMS[metric]
        x, d = self._xt[rows], self.x.shape[1]
        # Of coordinates: |x| + |y| bounds any p-norm distance up to the factor d (p = 1).
        reach = np.sqrt(self._x_squares[rows]) + np.sqrt(self._y_squares.max())
        if norm.p != 2 or d < _BLAS_DIMENSIONS:
            name: Any = {1.0: "cityblock", 2.0: "euclidean", np.inf: "chebyshev"}[norm.p]
            tile = norm.cost(cdist(x, self._yt, name))
            # Centring moved every coordinate by a rounding error, hence the reach once more.
            return tile, norm.cost(reach) * self.slack * d
        squares = x @ self._yt.T
        squares *= -2
        squares += self._x_squares[rows, None]
        squares += self._y_squares
        np.maximum(squares, 0, out=squares)
        error = reach * reach * self.slack
        if metric == "euclidean":
            # |√s − √t| ≤ √|s − t|, tight near zero, which is where neighbours are.
            return np.sqrt(squares, out=squares), np.sqrt(error)
        return (squares, error) if metric == "sqeuclidean" else (squares / 2, error / 2)


def _by_tree(search: _Search, norm: _Norm, indices: Integers, costs: Floats) -> Integers:
    """Fill in the rows a k-d tree can decide; return the others."""
    n, k = indices.shape
    xe, ye = search.embedded(norm)
    places = ye if search.offset is None else np.column_stack([ye, search.offset])
    kept = _first_of_each_place(places, k)
    tree, m = cKDTree(ye[kept]), kept.size
    pending, width = np.arange(n), min(k + 1, m)
    for _ in range(_TREE_WIDENINGS + 1):
        undecided = []
        for block in _blocks(pending.size, width * (search.x.shape[1] + 2)):
            rows = pending[block]
            t, found = tree.query(xe[rows], k=width, p=norm.p, workers=-1)
            t, found = np.reshape(t, (-1, width)), kept[np.reshape(found, (-1, width))]
            ranks_costs, ranks = search.exact(np.repeat(rows, width), found.reshape(-1))
            ranks_costs, ranks = ranks_costs.reshape(-1, width), ranks.reshape(-1, width)
            order = np.lexsort((found, ranks), axis=-1)[:, :k]
            indices[rows] = np.take_along_axis(found, order, axis=1)
            costs[rows] = np.take_along_axis(ranks_costs, order, axis=1)
            if width < m:
                kth = np.take_along_axis(ranks, order[:, -1:], axis=1)[:, 0]
                undecided.append(rows[~_surely_worse(search, norm, t[:, -1], kth)])
        pending = np.concatenate(undecided) if undecided else pending[:0]
        if pending.size == 0:
            break
        width = min(4 * width, m)
    return pending


def _surely_worse(search: _Search, norm: _Norm, t: Floats, kth: Floats) -> npt.NDArray[np.bool_]:
    """Whether everything at tree distance `t` or more ranks after `kth`, rounding included."""
    ranks = norm.cost(t) * (1 - search.slack) + search.lowest
    rounding = 4 * np.finfo(np.float64).eps * (np.abs(kth) + abs(search.lowest))
    return np.asarray(ranks > kth + rounding)


def _first_of_each_place(places: Floats, k: int) -> Integers:
    """Indices of targets, ascending, with at most the first `k` of those in the same place."""
    m = places.shape[0]
    order = np.lexsort(places.T)
    moved = (places[order[1:]] != places[order[:-1]]).any(axis=1)
    if m - 1 - np.count_nonzero(moved) < k:
        return np.arange(m)
    starts = np.flatnonzero(np.concatenate([[True], moved]))
    rank = np.arange(m) - np.repeat(starts, np.diff(np.append(starts, m)))
    return np.sort(order[rank < k])


def _by_tiles(search: _Search, pending: Integers, indices: Integers, costs: Floats) -> None:
    """Fill in `pending` rows from tiles of all targets."""
    k = indices.shape[1]
    for block in _blocks(pending.size, search.tile_width):
        rows = pending[block]
        positions, cols = search.candidates(rows)
        found_costs, ranks = search.exact(rows[positions], cols)
        order = np.lexsort((cols, ranks, positions))
        starts = np.searchsorted(positions, np.arange(rows.size))
        best = order[starts[:, None] + np.arange(k)]
        indices[rows], costs[rows] = cols[best], found_costs[best]


def _kth_smallest_at_most(costs: Floats, k: int) -> Floats:
    """A number at least the k-th smallest of each row, and not by much.

    Columns are dealt into groups, like cards, and the k-th smallest of the groups' minima is taken:
    one pass that vectorises, where a partition of the row takes many times longer. Dealing keeps
    neighbours in the listing, which tend to be neighbours in space, apart.
    """
    rows, m = costs.shape
    groups = 16 * k
    if m < 2 * groups:
        return np.partition(costs, k - 1, axis=1)[:, k - 1]
    dealt = costs[:, : m - m % groups].reshape(rows, -1, groups).min(axis=1)
    return np.partition(dealt, k - 1, axis=1)[:, k - 1]


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows, a slice times `width` within the block size; none for no rows."""
    return spans(count, max(1, _BLOCK_NUMBERS // max(1, width))) if count else iter(())


def _as_doubles(x: Any) -> Floats:
    return np.ascontiguousarray(x, np.float64)
