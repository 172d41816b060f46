"""Points and a metric: all pairs are arcs, and there is no matrix.

The cost of a pair is computed on demand. The solver asks for promising pairs (nearest neighbours)
and for missing ones (pricing, a nearest-neighbour search with the potentials as offsets). The
backend does both. Only `matrix`, for small clouds and JAX traces, computes all costs.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from sparse_ot._messages import named
from sparse_ot._typing import Array, HostArray, Metric
from sparse_ot.backends.generic.arrays import MEMORY_BUDGET, device_of, index_dtype
from sparse_ot.backends.protocol import Backend, Pricing, Search
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.arc_lists import Arcs, join_directions, working_dtype
from sparse_ot.costs.large_integers import COORDINATES, digits_of, hold_points
from sparse_ot.costs.model import CostModel, Listed, Points
from sparse_ot.costs.number_lists import numbers_of
from sparse_ot.errors import InputError, NonFiniteError, ShapeError, UnsupportedArrayError
from sparse_ot.metrics import GroundMetric, as_metric

__all__ = ["PointCloudCost"]

COORDINATE_BYTES = 100
"""Memory per coordinate: in copies of the points, in boxes of the search tree, in scans."""


class PointCloudCost(CostModel):
    """Costs between all pairs of two clouds, computed on demand.

    Parameters
    ----------
    X : array or nested list, (n, d) or (n,)
        Sources. A vector means points on a line.
    Y : array or nested list, (m, d) or (m,)
        Targets.
    metric : str, (str, float) or callable
        See `sparse_ot.metrics`.
    backend : Backend, optional
        The library of both, where it is known already.

    Attributes
    ----------
    x, y : array of float32 or float64, (n, d) and (m, d)
        In their common dtype, which the costs have too. Integers that floats do not hold are moved
        to an origin of their own, if the metric depends on differences alone.
    metric : str, (str, float) or callable
        As given.
    ground_metric : GroundMetric
        The record of that metric.
    shape : tuple of int
        ``(n, m)``.
    backend : Backend
    scope : str
        "dense": bounds and certificates cover all pairs.

    Raises
    ------
    ShapeError
        Not points, no points, or different numbers of coordinates.
    NonFiniteError
        A coordinate is NaN or infinite. This is checked here where the host sees the values. On a
        device, and under a trace, the check would be a crossing; there the solve raises the error.
    InputError
        Unknown metric; integers that floats do not hold, whatever the origin; or coordinates so far
        apart, or so close together, that their distances do not fit into floating point. Distances
        are checked only where the host sees the values: on a device such costs become infinite or
        0, that is, forbidden or free pairs. Choose the unit so that the squares of distances lie
        well within the range of the points' dtype.
    UnsupportedArrayError
        Not an array of real numbers.

    Examples
    --------
    >>> cost = PointCloudCost([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0]], metric="cityblock")
    >>> cost.shape, cost.candidate_arcs(1).costs
    ((2, 1), array([3., 4.]))
    """

    scope = "dense"

    def __init__(
        self, X: Any, Y: Any, metric: Metric = "sqeuclidean", *, backend: Backend | None = None
    ) -> None:
        if backend is None:
            backend = get_backend(X, Y, names=("X", "Y"))
        self.metric, self.ground_metric = metric, as_metric(metric)
        x = _points(X, "X", backend, like=Y if backend.owns(Y) else None)
        y = _points(Y, "Y", backend, like=x)
        if x.shape[1] != y.shape[1]:
            msg = (
                f"X has {x.shape[1]} coordinates a point and Y has {y.shape[1]}. Expected the same "
                f"number: X is {tuple(x.shape)}, Y is {tuple(y.shape)}, points are rows."
            )
            raise ShapeError(msg)
        any_origin = self.ground_metric.forms is not None
        digits = digits_of(backend, x, y)
        x, y = hold_points(x, y, digits, backend.xp, any_origin=any_origin)
        _refuse_non_finite(x, "X", backend)
        _refuse_non_finite(y, "Y", backend)
        dtype = backend.xp.result_type(x, y)
        self.backend = backend
        self.x = backend.xp.astype(x, dtype, copy=False)
        self.y = backend.xp.astype(y, dtype, copy=False)
        views = backend.host_view(self.x), backend.host_view(self.y)
        if views[0] is not None and views[1] is not None:
            _refuse_costs_out_of_range(views[0], views[1], self.ground_metric)
        self.shape = (int(x.shape[0]), int(y.shape[0]))
        self._search: Search | None = None

    def __getstate__(self) -> dict[str, Any]:
        """All attributes except the prepared search, which is large and can be made again."""
        return self.__dict__ | {"_search": None}

    @property
    def search(self) -> Search:
        """The prepared search of the backend, made on first use and kept as long as the cost."""
        if self._search is None:
            self._search = self.backend.search(self.x, self.y, self.ground_metric)
        return self._search

    @property
    def like(self) -> Array:
        """An array of the library, dtype and device that results are to have."""
        return self.x

    def arc_at(self, index: int) -> tuple[int, int]:
        """Source and target of a pair, all pairs counted row by row."""
        return divmod(index, self.shape[1])

    def candidate_arcs(
        self,
        per_point: int,
        potentials: tuple[Array, Array] | None = None,
        *,
        symmetric: bool = True,
    ) -> Arcs:
        """The nearest targets of each source, and the nearest sources of each target.

        Parameters
        ----------
        per_point : int
            How many of each, at most; fewer where there are fewer.
        potentials : (u, v), optional
            Take the pairs with the smallest reduced costs instead.
        symmetric : bool
            Whether to search from the targets, too. Otherwise a target that is no source's
            neighbour has no arc.

        Returns
        -------
        Arcs
            No pair twice; where shapes are fixed, the repetition of a pair costs +inf.
            Costs are differentiable in the points where the library differentiates.
        """
        n, m = self.shape
        u, v = potentials if potentials is not None else (None, None)
        of_rows = self.search.nearest(min(per_point, m), None if v is None else -v).indices
        of_cols = of_rows[:0, :0]
        if symmetric:
            back = self.search.reverse()
            of_cols = back.nearest(min(per_point, n), None if u is None else -u).indices
        return join_directions(of_rows, of_cols, self.arc_costs, self.backend.xp)

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, (p,); differentiable in `x` and `y`."""
        return self.backend.arc_costs(self.x, self.y, rows, cols, self.ground_metric)

    def matrix(self) -> Array:
        """Costs of all pairs, (n, m), on the device of the points: for small clouds."""
        xp, (n, m) = self.backend.xp, self.shape
        indices = {"dtype": index_dtype(xp, device_of(self.x)), "device": device_of(self.x)}
        rows = xp.broadcast_to(xp.arange(n, **indices)[:, None], (n, m))
        cols = xp.broadcast_to(xp.arange(m, **indices)[None, :], (n, m))
        costs = self.arc_costs(xp.reshape(rows, (-1,)), xp.reshape(cols, (-1,)))
        return xp.reshape(costs, (n, m))

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Up to `per_point` pairs per source with negative reduced cost, and exact row minima.

        Parameters
        ----------
        u : array, (n,)
        v : array, (m,)
        per_point : int
        """
        return self.search.price(u, v, min(per_point, self.shape[1]))

    def listed(self, *, must: bool = False) -> Listed | None:
        """None, unless it `must` be all pairs as a matrix: this model exists to avoid one."""
        return Listed(self.matrix()) if must else None

    def detached(self) -> PointCloudCost:
        """The points without derivatives, in float64 where the library has it."""
        xp = self.backend.xp
        dtype = getattr(xp, working_dtype(self.x, xp))
        x, y = (xp.astype(self.backend.detach(p), dtype, copy=False) for p in self.arrays())
        if x is self.x and y is self.y:
            return self
        other = copy.copy(self)  # not a new cost: these points have been checked
        other.x, other.y = x, y
        return other

    def points(self) -> Points:
        """The points themselves."""
        return Points(self.x, self.y, self.ground_metric)

    def arrays(self) -> tuple[Array, ...]:
        """Both clouds."""
        return self.x, self.y

    def plan(self, flow: Array) -> Array:
        """Flow (n m,) along all pairs, counted row by row, as a matrix (n, m)."""
        return self.backend.xp.reshape(flow, self.shape)

    def search_bytes(self) -> float:
        """Memory of the search for neighbours; on a device, with tiles of array code."""
        n, m = self.shape
        searches_compiled = self.backend.host_view(self.x) is self.x  # others go tile by tile
        tiles = 0 if searches_compiled else MEMORY_BUDGET
        return (n + m) * int(self.x.shape[1]) * COORDINATE_BYTES + tiles

    def bad_cost(self, row: int, col: int, found: str) -> str:
        """The message, in terms of the points."""
        return (
            f"The cost from X[{row}] to Y[{col}] is {found}. Expected a number, or +inf for a "
            f"forbidden pair. Look at the metric, and at the coordinates of these points."
        )


def _points(given: Any, name: str, backend: Any, like: Array | None) -> Array:
    """Points as rows; errors call them `name`."""
    if given is None or backend.is_sparse(given):
        found, remedy = "None", "Pass the points; masses are the arguments a and b."
        if given is not None:
            found = f"a sparse container ({type(given).__name__})"
            remedy = "Convert it with `.toarray()`; sparse costs go to solve."
        msg = (
            f"{name} is {found}. Expected the coordinates of points, a dense array (points, "
            f"coordinates). {remedy}"
        )
        raise UnsupportedArrayError(msg)
    numbers, _ = numbers_of(given, name, backend, COORDINATES, may_offset=False) or (given, 0)
    with named(name):
        x = backend.asarray(numbers, like=like)
    shape = tuple(x.shape)
    if x.ndim == 1:
        x = backend.xp.reshape(x, (-1, 1))
    if x.ndim != 2 or 0 in shape:
        msg = (
            f"{name} has shape {shape}. Expected (points, coordinates), both at least 1, "
            "or a vector of points on a line."
        )
        raise ShapeError(msg)
    return x


def _refuse_non_finite(x: Array, name: str, backend: Backend) -> None:
    """Refuse points that are not finite, where the host sees them."""
    view = backend.host_view(x)
    if view is None:
        return
    bad = np.flatnonzero(~np.isfinite(view).all(axis=1))
    if bad.size:
        point = int(bad[0])
        msg = (
            f"{name}[{point}] is {view[point].tolist()}. Expected finite coordinates. Drop the "
            f"point ({bad.size} such in {name}), or fill in what is missing."
        )
        raise NonFiniteError(msg)


def _refuse_costs_out_of_range(x: HostArray, y: HostArray, metric: GroundMetric) -> None:
    """Refuse coordinates whose distances, or their squares, do not fit into floating point.

    An overflow is infinite and would forbid the pair; an underflow loses digits silently. Only
    differences count: a few tiny coordinates among ordinary ones do no harm. So the largest
    possible distance, between corners of the box around all points, must be finite with room for
    sums of many; and eps times that distance, which is negligible next to it, must still have all
    its digits. Distances are computed in float64, but squares that are costs have the points'
    dtype. Metrics of directions divide points by their lengths first, and functions are the
    caller's own, so neither is checked.
    """
    if metric.forms is None:
        return
    squares, squared_costs = metric.forms == "squares", metric.power == 2
    with np.errstate(over="ignore"):
        low = np.minimum(x.min(axis=0), y.min(axis=0)).astype(np.float64)
        high = np.maximum(x.max(axis=0), y.max(axis=0)).astype(np.float64)
        spread = float((high - low).max())
    largest = x.shape[1] * spread * (spread if squares else 1.0)
    doubles = np.finfo(np.float64)
    held = np.finfo(x.dtype) if squared_costs else doubles
    most = min(float(held.max), float(doubles.max * doubles.eps))
    least = float(held.smallest_normal / held.eps)
    if spread == 0.0 or least <= largest <= most:
        return
    unit = min(spread, float(doubles.max))
    what = "squares of distances" if squares else "distances"
    msg = (
        f"The coordinates of X and Y spread over {spread:.3g}, so that {what} reach "
        f"{largest:.3g}. Expected {what} from {least:.3g} to {most:.3g}, which "
        f"{held.dtype} holds without losing digits. Rescale: divide X and Y by {unit:.1e}, and "
        f"multiply the value by {'the square of that' if squared_costs else 'that'}."
    )
    raise InputError(msg)
