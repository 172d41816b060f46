"""A cost matrix that stays on its device.

Only a few arcs cross: the cheapest entries of each row and column first, then those that pricing
finds. The scan for them runs on the matrix's own device, a slab of rows at a time.
"""

from __future__ import annotations

from typing import Any

from sparse_ot._messages import kind_of, named
from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import (
    MEMORY_BUDGET,
    device_of,
    dtype_name,
    index_dtype,
    scattered,
    spans,
)
from sparse_ot.backends.generic.tiled_search import select_negative
from sparse_ot.backends.protocol import Backend, Neighbours, Pricing
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.arc_lists import Arcs, join_directions
from sparse_ot.costs.large_integers import COSTS, Offsets, digits_of, hold_matrix
from sparse_ot.costs.model import CostModel, Listed
from sparse_ot.costs.number_lists import numbers_of
from sparse_ot.errors import HallViolation, ShapeError, UnsupportedArrayError

__all__ = ["DenseCost"]

PRICED_ENTRIES = 2**20
"""A matrix with fewer entries is copied from its device at once: rounds would take longer."""


class DenseCost(CostModel):
    """Costs of all pairs, as a matrix.

    Parameters
    ----------
    M : array or nested list, (n, m)
        Costs; +inf forbids a pair.
    backend : Backend, optional
        The library of `M`, where it is known already.
    may_offset : bool
        Whether integers that floats do not hold may be kept less `offsets`. They are of no concern
        to `solve`, which adds them to the answer; a model that wraps this one would have to.

    Attributes
    ----------
    matrix : array of float32 or float64, (n, m)
        Integers become the library's default float.
    offsets : Offsets or None
        What is missing from `matrix`.
    shape : tuple of int
    backend : Backend
    scope : str
        "dense": bounds and certificates cover all pairs.

    Raises
    ------
    ShapeError
        `M` does not have two dimensions.
    InputError
        An integer that floats do not hold; or, with `may_offset`, that offsets do not help.
    UnsupportedArrayError
        `M` is None, sparse, or not of real numbers.

    Examples
    --------
    >>> cost = DenseCost([[0, 2], [1, 3]])
    >>> cost.matrix
    array([[0., 2.],
           [1., 3.]])
    """

    scope = "dense"

    def __init__(self, M: Any, *, backend: Backend | None = None, may_offset: bool = False) -> None:
        if backend is None:
            backend = get_backend(M, names=("M",))
        if M is None:
            msg = (
                "M is None: the costs are missing. Expected a matrix (n, m), a sparse container or "
                "a cost model. For two clouds of points there is solve_sample(X, Y)."
            )
            raise UnsupportedArrayError(msg)
        if backend.is_sparse(M):
            msg = (
                f"M is {kind_of(M)}. Expected a dense matrix. Use SparseCost, or pass M as "
                "it is: a missing entry is forbidden, which a dense zero would not be."
            )
            raise UnsupportedArrayError(msg)
        self.backend = backend
        self.matrix, self.offsets = _held(M, backend, may_offset)
        self.shape = (int(self.matrix.shape[0]), int(self.matrix.shape[1]))

    @property
    def like(self) -> Array:
        """An array of the library, dtype and device that results are to have."""
        return self.matrix

    def arc_at(self, index: int) -> tuple[int, int]:
        """Source and target of an entry, counted row by row."""
        return divmod(index, self.shape[1])

    def candidate_arcs(self, per_point: int, potentials: tuple[Array, Array] | None = None) -> Arcs:
        """The cheapest entries of each row and of each column.

        Parameters
        ----------
        per_point : int
            How many of each, at most; fewer where there are fewer.
        potentials : (u, v), optional
            Take the entries with the smallest reduced costs instead.

        Returns
        -------
        Arcs
            No pair twice; where shapes are fixed, the repetition of a pair costs +inf.
        """
        xp = self.backend.xp
        n, m = self.shape
        u, v = potentials if potentials is not None else (None, None)
        of_rows = _smallest(self.matrix, min(per_point, m), v, xp)
        of_cols = _smallest(self.matrix.T, min(per_point, n), u, xp)
        return join_directions(of_rows.indices, of_cols.indices, self.arc_costs, xp)

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, (p,)."""
        return self.matrix[rows, cols]

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Up to `per_point` pairs per source with negative reduced cost, and exact row minima.

        Parameters
        ----------
        u : array, (n,)
        v : array, (m,)
        per_point : int
        """
        xp = self.backend.xp
        found = _smallest(self.matrix, min(per_point, self.shape[1]), v, xp)
        prices = xp.reshape(xp.take(v, xp.reshape(found.indices, (-1,))), found.indices.shape)
        return select_negative(found, found.costs - prices, u, xp)

    def listed(self, *, must: bool = False) -> Listed | None:
        """The matrix; None for a large one on a device, since few of its entries need to cross."""
        large = self.shape[0] * self.shape[1] >= PRICED_ENTRIES
        if large and not must and self.backend.host_view(self.matrix) is None:
            return None
        return Listed(self.matrix)

    def detached(self) -> DenseCost:
        """The matrix without derivatives, in its own dtype.

        Entries stay as given, in float32 too; potentials are in `working_dtype`.
        """
        return DenseCost(self.backend.detach(self.matrix), backend=self.backend)

    def arrays(self) -> tuple[Array, ...]:
        """The matrix."""
        return (self.matrix,)

    def plan(self, flow: Array) -> Array:
        """Flow (n m,) along all pairs, counted row by row, as a matrix (n, m)."""
        return self.backend.xp.reshape(flow, self.shape)

    def plan_on(self, rows: Array, cols: Array, flow: Array) -> Array:
        """Flow on a few pairs as a matrix (n, m)."""
        return scattered(rows, cols, flow, self.shape, self.backend.xp)

    def no_plan(self) -> Array:
        """A matrix (n, m) of NaN."""
        return self.backend.xp.full_like(self.matrix, float("nan"))

    def search_bytes(self) -> float:
        """Memory of one slab of rows, its differences from the prices, and its sorting order."""
        return MEMORY_BUDGET

    def advice(self, violation: HallViolation) -> str:
        """Advice for a matrix, where every pair has an entry."""
        return "Allow these sources more pairs: an entry of +inf in M forbids one."


def _held(M: Any, backend: Backend, may_offset: bool) -> tuple[Array, Offsets | None]:
    """The matrix in floats, and the offsets that are missing from it."""
    numbers, least = numbers_of(M, "M", backend, COSTS, may_offset=may_offset) or (M, 0)
    with named("M"):
        matrix = backend.asarray(numbers)
    if matrix.ndim != 2:
        msg = (
            f"M has shape {tuple(matrix.shape)}. Expected (n, m): a row for each source and a "
            "column for each target."
        )
        raise ShapeError(msg)
    if dtype_name(matrix.dtype) in ("float64", "float32") and least == 0:
        return matrix, None  # of the caller's own rounding
    digits, xp = digits_of(backend, matrix), backend.xp
    held, offsets = hold_matrix(matrix, digits, xp, may_offset=may_offset)
    if least != 0:
        offsets = offsets or Offsets(xp.zeros_like(held[:, 0]), xp.zeros_like(held[0, :]))
        offsets = offsets._replace(of_rows=offsets.of_rows + float(least))
    return held, offsets


def _smallest(matrix: Array, k: int, prices: Array | None, xp: Any) -> Neighbours:
    """The `k` columns of each row with the smallest ``matrix − prices``, smallest first."""
    n, m = matrix.shape
    itemsize = xp.finfo(matrix.dtype).bits // 8
    # Per entry: the cost, its difference from the price, and an index for sorting.
    height = max(1, MEMORY_BUDGET // (m * (2 * itemsize + 8)))
    slabs = []
    for span in spans(n, height):
        costs = matrix[span, :]
        adjusted = costs if prices is None else costs - prices[None, :]
        indices = _smallest_columns(adjusted, k, xp)
        slabs.append(Neighbours(indices, xp.take_along_axis(costs, indices, axis=1)))
    if len(slabs) == 1:
        return slabs[0]
    return Neighbours(*(xp.concat(list(column), axis=0) for column in zip(*slabs, strict=True)))


def _smallest_columns(tile: Array, k: int, xp: Any) -> Array:
    dtype = index_dtype(xp, device_of(tile))
    partition = getattr(xp, "argpartition", None)
    if partition is None or k >= tile.shape[1]:
        return xp.astype(xp.argsort(tile, axis=1, stable=True)[:, :k], dtype)
    # Not in the standard, but many times faster than sorting whole rows. Which of several equal
    # entries it picks at the edge depends on the library, and is the same on every run.
    few = partition(tile, k - 1, axis=1)[:, :k]
    order = xp.argsort(xp.take_along_axis(tile, few, axis=1), axis=1, stable=True)
    return xp.astype(xp.take_along_axis(few, order, axis=1), dtype)
