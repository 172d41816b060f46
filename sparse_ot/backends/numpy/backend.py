"""NumPy and scipy.sparse: the library where the host is the device.

No array crosses here, so `host_call` is a plain call. Containers are read in `containers`, and
searches are in `search`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import array_api_compat.numpy as xp
import numpy as np
import scipy.sparse

from sparse_ot._typing import Array, HostArray, Metric, Sparse
from sparse_ot.backends.generic.array_api import ArrayApiBackend
from sparse_ot.backends.numpy import search as numpy_search
from sparse_ot.backends.numpy.containers import entries_of
from sparse_ot.backends.numpy.conversion import as_ndarray
from sparse_ot.backends.numpy.search import NumpySearch
from sparse_ot.backends.protocol import ArraySpec, CooParts, HostFunction, Neighbours, Pricing
from sparse_ot.errors import ShapeError
from sparse_ot.result.ledger import TransferLedger

__all__ = ["NumpyBackend"]


_DOUBLE = np.dtype(np.float64)


class NumpyBackend(ArrayApiBackend):
    """Implements `Backend` for NumPy arrays and every scipy.sparse format, array or matrix.

    Examples
    --------
    >>> import scipy.sparse
    >>> M = scipy.sparse.csr_array([[0.0, 2.0], [3.0, 0.0]])
    >>> NumpyBackend().coo_parts(M).cols
    array([1, 0], dtype=int32)
    """

    def __init__(self) -> None:
        super().__init__("numpy", xp, np.ndarray)

    def asarray(self, x: Any, like: Array | None = None) -> Array:
        """An array of `x`, sharing its memory if `x` is one; see `conversion` for what may be."""
        if type(x) is np.ndarray and x.dtype == _DOUBLE:
            return x  # as most are, at once
        return np.asarray(super().asarray(as_ndarray(x), like))

    def device_of(self, x: Array) -> Any:
        """The CPU, as the array API calls it."""
        return "cpu"

    def host_view(self, x: Array) -> HostArray | None:
        """`x`: the host is the device."""
        host: HostArray = x
        return host

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a scipy.sparse container, or `CooParts` of NumPy arrays."""
        return bool(scipy.sparse.issparse(x)) or super().is_sparse(x)

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries, zeros and duplicates included, in the container's own order.

        Raises
        ------
        ShapeError, UnsupportedArrayError, InputError
            Not two-dimensional; or as `containers.entries_of`.
        """
        if isinstance(M, CooParts):
            return M
        if len(M.shape) != 2:
            msg = (
                f"Found a sparse array of shape {M.shape}. Expected two dimensions: sources and "
                "targets."
            )
            raise ShapeError(msg)
        rows, cols, values = entries_of(M)
        return CooParts(rows, cols, self._real(values), (int(M.shape[0]), int(M.shape[1])))

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """A container of the kind and format of `like`, without zero entries.

        `like=None` gives a COO array; `CooParts` give `CooParts`.
        """
        if isinstance(like, CooParts):
            return super().sparse(parts, like)
        kept = parts.values != 0
        entries = (parts.values[kept], (parts.rows[kept], parts.cols[kept]))
        is_matrix = isinstance(like, scipy.sparse.spmatrix)
        container: Any = scipy.sparse.coo_matrix if is_matrix else scipy.sparse.coo_array
        plan = container(entries, shape=parts.shape)
        return plan if like is None else plan.asformat(like.format)

    def cost_container(self, parts: CooParts) -> Sparse:
        """A CSR array with sorted columns. Zeros stay; `parts` must not hold a pair twice."""
        entries = (parts.values, (parts.rows, parts.cols))
        return scipy.sparse.coo_array(entries, shape=parts.shape).tocsr()

    def host_call(
        self,
        solve: HostFunction,
        *arrays: Array,
        out: Sequence[ArraySpec],
        ledger: TransferLedger,
        like: Array | None = None,
    ) -> tuple[Array, ...]:
        """Call `solve`. No array crosses, so nothing is recorded.

        Arrays are passed as they are, and results are returned as they are unless `out` specifies
        another dtype. A single number becomes a NumPy scalar, which nobody can change.
        """
        results = zip(solve(*arrays), out, strict=True)
        held = [np.asarray(result, dtype=spec.dtype) for result, spec in results]
        return tuple(x[()] if x.ndim == 0 else x for x in held)

    def search(self, x: Array, y: Array, metric: Metric) -> NumpySearch:
        """The compiled search, on all cores, which keeps what it prepares."""
        return NumpySearch.of(x, y, metric)

    def knn(
        self, x: Array, y: Array, k: int, metric: Metric, offset: Array | None = None
    ) -> Neighbours:
        """The `k` cheapest targets of every source; see `NumpySearch.nearest`."""
        return self.search(x, y, metric).nearest(k, offset)

    def arc_costs(self, x: Array, y: Array, rows: Array, cols: Array, metric: Metric) -> Array:
        """Costs of the listed pairs, computed in float64 and rounded to the points' dtype."""
        costs = numpy_search.pair_costs(x, y, rows, cols, metric)
        return costs.astype(np.result_type(x, y), copy=False)

    def price(self, x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost; see `NumpySearch.price`."""
        return self.search(x, y, metric).price(u, v, k)

    def within(
        self, x: Array, y: Array, radius: float, metric: Metric
    ) -> tuple[Array, Array, Array]:
        """All pairs whose cost is at most `radius`, by a k-d tree in low dimension."""
        rows, cols, costs = numpy_search.within(x, y, radius, metric)
        return rows, cols, costs.astype(np.result_type(x, y), copy=False)
