"""Explicit arcs: the user's sparse matrix is the whole graph.

Conventions for the whole library:

- A stored entry is an arc, also if its cost is zero or negative; a missing entry is forbidden.
- An infinite cost forbids the arc. It keeps its place, so that a plan follows the pattern.
- Parallel arcs (a pair stored twice) are allowed; the cheapest carries the flow.
- ``reduced_cost = cost − u[row] − v[col]``. Potentials are feasible if no arc has a negative one,
  and optimal if, in addition, it is zero on every arc that carries flow.
"""

from __future__ import annotations

from math import inf
from typing import Any

from sparse_ot._messages import kind_of, named
from sparse_ot._typing import Array, HostArray, Sparse
from sparse_ot.backends.protocol import Backend, CooParts, Pricing
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.arc_lists import Arcs, look_up, price_arcs
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.large_integers import digits_of, hold_arcs
from sparse_ot.costs.model import CostModel, Listed
from sparse_ot.errors import HallViolation, InputError, ShapeError, UnsupportedArrayError

__all__ = ["SparseCost", "refuse_out_of_range"]


class SparseCost(CostModel):
    """Costs on listed arcs only; every other pair is forbidden.

    Parameters
    ----------
    M : sparse container, (n, m)
        scipy.sparse, cupyx.scipy.sparse or jax.experimental.sparse, in any format, or
        ``CooParts(rows, cols, values, shape)``. Read in stored order; never changed.
    backend : Backend, optional
        The library of `M`, where it is known already.
    may_offset : bool
        As for `DenseCost`.
    name : str
        What messages call `M`.

    Attributes
    ----------
    rows, cols : array of int, (p,)
        Sources and targets of the arcs.
    costs : array of float32 or float64, (p,)
        Integers become the library's default float.
    offsets : Offsets or None
        What is missing from `costs`.
    shape : tuple of int
        Numbers of sources and targets.
    container : sparse container
        `M` itself: the pattern that a plan follows.
    backend : Backend
    scope : str
        "arcs": bounds and certificates cover these arcs, not all pairs.

    Raises
    ------
    ShapeError
        Not two-dimensional, or arrays of different lengths, or an index outside the shape, or
        pointers that are none.
    InputError
        A zero in blocks of a BSR, or a diagonal of zeros, which may be an arc or no arc; or an
        integer that floats do not hold.
    UnsupportedArrayError
        Not a sparse container, or not of real numbers.

    Examples
    --------
    >>> import scipy.sparse
    >>> cost = SparseCost(scipy.sparse.coo_array(([3.0, 0.0], ([0, 1], [1, 1])), shape=(2, 2)))
    >>> cost.shape, cost.costs
    ((2, 2), array([3., 0.]))
    """

    scope = "arcs"

    def __init__(
        self,
        M: Sparse,
        *,
        backend: Backend | None = None,
        may_offset: bool = False,
        name: str = "M",
    ) -> None:
        if backend is None:
            backend = get_backend(M, names=(name,))
        if not backend.is_sparse(M):
            msg = (
                f"{name} is {kind_of(M)}. Expected a sparse container, whose stored entries are "
                "the arcs that exist. Use DenseCost for a matrix with the costs of all pairs."
            )
            raise UnsupportedArrayError(msg)
        with named(name):
            parts = backend.coo_parts(M)
            _check_parts(parts, backend)
        self.backend = backend
        self.container = M
        self.rows, self.cols = parts.rows, parts.cols
        self.shape = parts.shape
        self.costs, self.offsets = hold_arcs(
            parts, digits_of(backend, *parts[:3]), backend.xp, may_offset=may_offset
        )

    @classmethod
    def from_dense(cls, M: Any, keep: Any = None, *, backend: Backend | None = None) -> SparseCost:
        """Arcs where `keep` is true, with their costs in a matrix; costs of 0 stay arcs.

        Parameters
        ----------
        M : array or nested list, (n, m)
            Costs of all pairs.
        keep : array or nested list of bool, (n, m), or callable, optional
            Which pairs are arcs; a callable makes that array of `M`. Default: all whose cost is
            not +inf. (A NaN is kept, so that the solve can name it.)
        backend : Backend, optional
            The library of both, where it is known already.

        Returns
        -------
        SparseCost
            Its `container` holds the arcs row by row, in the library's own kind:
            `scipy.sparse.csr_array` for NumPy.

        Raises
        ------
        ShapeError
            `M` does not have two dimensions, or `keep` does not have its shape.
        InputError
            `M` has no values yet (a JAX trace), and the number of arcs depends on them; or an
            integer that floats do not hold.
        UnsupportedArrayError
            `M` is sparse or not of real numbers, or `keep` not of booleans.

        Examples
        --------
        >>> import numpy as np
        >>> M = np.array([[0.0, 2.0, 9.0], [np.inf, 0.0, 1.0]])
        >>> SparseCost.from_dense(M).costs
        array([0., 2., 9., 0., 1.])
        >>> SparseCost.from_dense(M, keep=lambda M: M < 5).container.nnz
        4
        """
        if backend is None:
            backend = get_backend(M, None if callable(keep) else keep, names=("M", "keep"))
        matrix = DenseCost(M, backend=backend).matrix
        seen = backend.detach(matrix)  # under `grad` alone, this has values
        if keep is None:
            kept = seen != inf
        else:
            kept = _mask(keep(seen) if callable(keep) else keep, matrix, backend)
        if backend.is_traced(kept):
            msg = (
                "from_dense was called under jit or vmap: how many arcs there are depends on "
                "values. Call it outside, or solve the matrix itself, with +inf where there is no "
                "arc: `xp.where(keep, M, inf)`."
            )
            raise InputError(msg)
        with backend.on_device_of(matrix):
            rows, cols = backend.xp.nonzero(kept)
            shape = (int(kept.shape[0]), int(kept.shape[1]))
            parts = CooParts(rows, cols, matrix[rows, cols], shape)
            return cls(backend.cost_container(parts), backend=backend)

    @property
    def like(self) -> Array:
        """An array of the library, dtype and device that results are to have."""
        return self.costs

    def arc_at(self, index: int) -> tuple[int, int]:
        """Source and target of one arc, for messages. Reads two numbers from the device."""
        return int(self.rows[index]), int(self.cols[index])

    def candidate_arcs(self, per_point: int, potentials: tuple[Array, Array] | None = None) -> Arcs:
        """All arcs, whatever `per_point` is."""
        return Arcs(self.rows, self.cols, self.costs)

    def listed(self, *, must: bool = False) -> Listed:
        """All arcs, whatever `must` is."""
        return Listed(self.costs, (self.rows, self.cols))

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, (p,): the cheapest arc between them, +inf if there is none."""
        arcs = Arcs(self.rows, self.cols, self.costs)
        return look_up(arcs, rows, cols, self.shape, self.backend.xp)

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Up to `per_point` arcs per source with negative reduced cost, and exact row minima.

        Parameters
        ----------
        u : array, (n,)
        v : array, (m,)
        per_point : int

        Returns
        -------
        Pricing
            `row_minima` is +inf for a source without arcs.
        """
        arcs = Arcs(self.rows, self.cols, self.costs)
        return price_arcs(arcs, u, v, per_point, self.backend.xp)

    def arrays(self) -> tuple[Array, ...]:
        """The three lists."""
        return self.rows, self.cols, self.costs

    def plan(self, flow: Array) -> Sparse:
        """Flow (p,) along the arcs as a container of the kind and format of `M`.

        Arcs without flow are dropped where the library's shapes may depend on values.
        """
        parts = CooParts(self.rows, self.cols, flow, self.shape)
        return self.backend.sparse(parts, self.container)

    def advice(self, violation: HallViolation) -> str:
        """Advice for any graph, and for those that functions of sparse_ot made."""
        return (
            "Add arcs from these sources to other targets, or lower their mass. A graph from "
            "knn_cost, radius_cost or union gets more arcs by a larger k or radius, or by "
            "feasible_for=(a, b)."
        )


def _mask(keep: Any, matrix: Array, backend: Backend) -> Array:
    """`keep` as an array of booleans of the matrix's shape."""
    mask = backend.asarray(keep, like=matrix)
    if not backend.xp.isdtype(mask.dtype, "bool"):
        msg = f"keep is an array of {mask.dtype}. Expected booleans, such as `M < 5`."
        raise UnsupportedArrayError(msg)
    if mask.shape != matrix.shape:
        msg = f"keep has shape {tuple(mask.shape)}. Expected {tuple(matrix.shape)}, that of M."
        raise ShapeError(msg)
    return mask


def _check_parts(parts: CooParts, backend: Backend) -> None:
    rows, cols, values, shape = parts
    if len(shape) != 2 or not (rows.shape == cols.shape == values.shape and values.ndim == 1):
        msg = (
            f"Found rows {tuple(rows.shape)}, cols {tuple(cols.shape)} and values "
            f"{tuple(values.shape)} for a cost of shape {tuple(shape)}. Expected three vectors of "
            "one length and the shape (n, m)."
        )
        raise ShapeError(msg)
    xp = backend.xp
    if not (xp.isdtype(rows.dtype, "integral") and xp.isdtype(cols.dtype, "integral")):
        msg = f"Found indices of dtype {rows.dtype} and {cols.dtype}. Expected integers."
        raise UnsupportedArrayError(msg)
    # On a device the check would be a crossing; there the solve makes it.
    views = backend.host_view(rows), backend.host_view(cols)
    if views[0] is not None and views[1] is not None:
        refuse_out_of_range(views[0], views[1], (int(shape[0]), int(shape[1])))


def refuse_out_of_range(rows: HostArray, cols: HostArray, shape: tuple[int, int]) -> None:
    """Refuse indices outside the shape.

    Raises
    ------
    ShapeError
        Names the index.

    Examples
    --------
    >>> import numpy as np
    >>> refuse_out_of_range(np.array([0, 1]), np.array([2, 0]), (2, 3))
    """
    for name, indices, size in (("row", rows, shape[0]), ("column", cols, shape[1])):
        low, high = int(indices.min(initial=0)), int(indices.max(initial=0))
        if low < 0 or high >= max(size, 1):
            msg = (
                f"Found {name} index {low if low < 0 else high} in a cost of shape {shape}. "
                f"Expected 0 to {size - 1}. Build the container again from its entries: a pointer "
                "or an index of it is wrong."
            )
            raise ShapeError(msg)
