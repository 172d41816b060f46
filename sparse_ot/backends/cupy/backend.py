"""CuPy: arrays on a CUDA device, one door to the host, kernels of its own.

The door copies once in each direction. The arrays are packed into one buffer on their side, copied
through page-locked memory on the current stream of their device, and unpacked as views of the
buffer. So a host call waits for the device twice, whatever the number of arrays.

The searches run as fused kernels (`kernels`), or tile by tile (`generic.tiled_search`) where the
kernels do not apply: for metrics that are functions, and for more than 64 neighbours.

Devices: work happens on the device of the arguments, whichever is current, and on the stream that
is current there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import array_api_compat.cupy as compat
import cupy as cp
import cupyx
import cupyx.scipy.sparse as cupy_sparse
import numpy as np

from sparse_ot._typing import Array, HostArray, Metric, Sparse
from sparse_ot.backends.cupy import kernels as cupy_kernels
from sparse_ot.backends.generic.array_api import ArrayApiBackend
from sparse_ot.backends.generic.tiled_search import TiledSearch
from sparse_ot.backends.protocol import ArraySpec, CooParts, HostFunction, Neighbours, Pricing
from sparse_ot.errors import BackendError, ShapeError, UnsupportedArrayError
from sparse_ot.metrics import GroundMetric, as_metric
from sparse_ot.result.ledger import TransferLedger

__all__ = ["CupyBackend"]

_ALIGNMENT = 256  # bytes; the alignment of the device's own allocations


class CupyBackend(ArrayApiBackend):
    """Implements `Backend` for cupy arrays and cupyx.scipy.sparse: COO, CSR and CSC."""

    def __init__(self) -> None:
        super().__init__("cupy", _Namespace(), cp.ndarray)

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a cupyx.scipy.sparse container, or `CooParts` of CuPy arrays."""
        return bool(cupy_sparse.issparse(x)) or super().is_sparse(x)

    def host_view(self, x: Array) -> HostArray | None:
        """None, always: the memory belongs to a device."""
        return None

    def on_device_of(self, x: Array) -> AbstractContextManager[Any]:
        """A context in which the device of `x` is the current one, as CuPy requires."""
        device: AbstractContextManager[Any] = x.device
        return device

    def for_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` on the device and stream that are current now in this thread."""
        device, stream = cp.cuda.Device(), cp.cuda.get_current_stream()

        def there(*arguments: Any) -> Any:
            with device, stream:
                return function(*arguments)

        return there

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries, zeros and duplicates included, in the container's own order.

        Raises
        ------
        ShapeError
            Not two-dimensional, or arrays that do not fit together.
        UnsupportedArrayError
            A format other than COO, CSR and CSC.
        """
        if isinstance(M, CooParts):
            return M
        if len(M.shape) != 2:
            msg = (
                f"Found a sparse array of shape {M.shape}. Expected two dimensions: sources and "
                "targets."
            )
            raise ShapeError(msg)
        if M.format not in ("coo", "csr", "csc"):
            msg = (
                f"Found a {type(M).__name__}. Expected COO, CSR or CSC. Convert it with "
                "`.tocsr()`, which may drop stored zeros; those are arcs."
            )
            raise UnsupportedArrayError(msg)
        values, shape = self._real(M.data), (int(M.shape[0]), int(M.shape[1]))
        if M.format == "coo":
            return CooParts(M.row, M.col, values, shape)
        with _device_of(values):
            expanded = _expand_pointers(M, shape[0] if M.format == "csr" else shape[1])
        rows, cols = (expanded, M.indices) if M.format == "csr" else (M.indices, expanded)
        return CooParts(rows, cols, values, shape)

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """A container of the kind and format of `like`, without zero entries.

        `like=None` gives a CSR matrix; `CooParts` give `CooParts`.
        """
        with _device_of(parts.values):
            kept = cp.flatnonzero(parts.values)
            rows, cols, values = (x[kept] for x in (parts.rows, parts.cols, parts.values))
            if isinstance(like, CooParts):
                return CooParts(rows, cols, values, parts.shape)
            if like is None or like.data.shape != parts.values.shape:
                plan = cupy_sparse.coo_matrix((values, (rows, cols)), shape=parts.shape)
                return plan.asformat("csr" if like is None else like.format)
            if like.format == "coo":
                return type(like)((values, (rows, cols)), shape=parts.shape)
            # The entries are those of `like`, in its order, so the kept ones need no sorting.
            pointers = cp.searchsorted(kept, like.indptr).astype(like.indptr.dtype)
            indices = cols if like.format == "csr" else rows
            return type(like)((values, indices, pointers), shape=parts.shape)

    def cost_container(self, parts: CooParts) -> Sparse:
        """A CSR matrix with sorted columns. Zeros stay; `parts` must not hold a pair twice."""
        entries = (parts.values, (parts.rows, parts.cols))
        with _device_of(parts.values):
            return cupy_sparse.coo_matrix(entries, shape=parts.shape).tocsr()

    def host_call(
        self,
        solve: HostFunction,
        *arrays: Array,
        out: Sequence[ArraySpec],
        ledger: TransferLedger,
        like: Array | None = None,
    ) -> tuple[Array, ...]:
        """Run `solve` on the host: one crossing in, one crossing back, to the same device.

        Both are on the current stream of the arrays' device, after the work queued there.
        """
        with _device_of(*(arrays if like is None else (*arrays, like))):
            hosts = _to_host(arrays, ledger)
            results = [
                np.asarray(result, dtype=spec.dtype)
                for result, spec in zip(solve(*hosts), out, strict=True)
            ]
            going_back = [r for r, spec in zip(results, out, strict=True) if not spec.on_host]
            back = iter(_to_device(going_back, ledger))
            return tuple(
                result if spec.on_host else next(back)
                for result, spec in zip(results, out, strict=True)
            )

    def search(self, x: Array, y: Array, metric: Metric) -> CupySearch:
        """A search by the fused kernels where they apply; points are prepared once."""
        return CupySearch(self, x, y, as_metric(metric))

    def knn(
        self, x: Array, y: Array, k: int, metric: Metric, offset: Array | None = None
    ) -> Neighbours:
        """The `k` cheapest targets of every source: the fused kernel, or `tiled_search.knn`."""
        with _device_of(x, y):
            if not cupy_kernels.suits(x, y, metric, k):
                return super().knn(x, y, k, metric, offset)
            return cupy_kernels.nearest(x, y, k, metric, offset)

    def arc_costs(self, x: Array, y: Array, rows: Array, cols: Array, metric: Metric) -> Array:
        """Costs of the listed pairs: the kernel, or `tiled_search.arc_costs`."""
        with _device_of(x, y, rows, cols):
            if not cupy_kernels.suits(x, y, metric):
                return super().arc_costs(x, y, rows, cols, metric)
            return cupy_kernels.arc_costs(x, y, rows, cols, metric)

    def price(self, x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost: kernel, or `tiled_search.price`."""
        with _device_of(x, y, u, v):
            if not cupy_kernels.suits(x, y, metric, k):
                return super().price(x, y, u, v, metric, k)
            return cupy_kernels.price(x, y, u, v, metric, k)

    def within(
        self, x: Array, y: Array, radius: float, metric: Metric
    ) -> tuple[Array, Array, Array]:
        """All pairs whose cost is at most `radius`; see `tiled_search.within`."""
        with _device_of(x, y):
            return super().within(x, y, radius, metric)


class CupySearch:
    """Implements `Search`: by the kernels, or as `TiledSearch` where those do not apply."""

    def __init__(self, backend: CupyBackend, x: Array, y: Array, metric: GroundMetric) -> None:
        self._backend, self._given = backend, TiledSearch(backend, x, y, metric)
        self._fused: cupy_kernels.FusedSearch | None = None

    def nearest(self, k: int, offset: Array | None = None) -> Neighbours:
        """The `k` cheapest targets of every source."""
        given = self._given
        with _device_of(given.x, given.y):
            return self._that_reaches(k).nearest(k, offset)

    def price(self, u: Array, v: Array, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost, and exact row minima."""
        given = self._given
        with _device_of(given.x, given.y, u, v):
            return self._that_reaches(k).price(u, v, k)

    def reverse(self) -> CupySearch:
        """The search from the targets; nothing is prepared again."""
        back = self._given.reverse()
        other = CupySearch(self._backend, back.x, back.y, back.metric)
        other._fused = None if self._fused is None else self._fused.reverse()
        return other

    def _that_reaches(self, k: int) -> cupy_kernels.FusedSearch | TiledSearch:
        given = self._given
        if not cupy_kernels.suits(given.x, given.y, given.metric, k):
            return given
        if self._fused is None:
            self._fused = cupy_kernels.FusedSearch(given.x, given.y, given.metric)
        return self._fused


class _Namespace:
    """array_api_compat.cupy, with creation functions that make arrays on the given `device`."""

    __name__ = "array_api_compat.cupy"

    def __getattr__(self, name: str) -> Any:
        function = getattr(compat, name)
        if name not in ("arange", "empty", "eye", "full", "linspace", "ones", "zeros"):
            return function

        def on_device(*arguments: Any, device: Any = None, **options: Any) -> Array:
            with cp.cuda.Device(device):
                return function(*arguments, **options)

        return on_device


def _device_of(*arrays: Array) -> Any:
    """The device that all arrays share."""
    devices = {x.device.id: x.device for x in arrays}
    if len(devices) != 1:
        msg = (
            f"Found arrays on devices {sorted(devices)} in one call. Expected one device. Copy "
            "them to the one where you want the result: `with device: x = cupy.asarray(x)`."
        )
        raise BackendError(msg)
    return next(iter(devices.values()))


def _expand_pointers(M: Any, count: int) -> Array:
    """The line of every entry, by bisection, since `cupy.repeat` takes no counts on the device.

    Pointers that are none make it −1 everywhere: a place that `SparseCost` or the solve refuses. To
    look at their values here would wait for the device.
    """
    pointers, size = M.indptr, M.indices.shape[0]
    if pointers.shape != (count + 1,) or M.data.shape != M.indices.shape:
        msg = (
            f"The {M.format.upper()} matrix of shape {M.shape} has {pointers.shape[0]} pointers, "
            f"{size} indices and {M.data.shape[0]} values. Expected {count + 1} pointers, and an "
            "index for each value. Build it again from its entries."
        )
        raise ShapeError(msg)
    entries = cp.arange(size, dtype=pointers.dtype)
    lines = cp.searchsorted(pointers[1:], entries, side="right").astype(M.indices.dtype, copy=False)
    falls = (pointers[1:] < pointers[:-1]).any()
    broken = falls | (pointers[0] != 0) | (pointers[-1] != size)
    return cp.where(broken, lines.dtype.type(-1), lines)


def _places(sizes: Sequence[int]) -> tuple[list[int], int]:
    """The place of each part in one buffer, and the length of the buffer."""
    places, total = [], 0
    for size in sizes:
        places.append(total)
        total += -(-size // _ALIGNMENT) * _ALIGNMENT
    return places, total


def _part(buffer: Any, place: int, dtype: Any, shape: tuple[int, ...]) -> Any:
    """One part of a buffer of bytes, as a view with its dtype and shape."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return buffer[place : place + size].view(dtype).reshape(shape)


def _to_host(arrays: Sequence[Array], ledger: TransferLedger) -> list[Any]:
    """NumPy arrays of the values, in page-locked memory: one copy, after all work queued before."""
    if not arrays:
        return []
    places, total = _places([x.nbytes for x in arrays])
    stream = cp.cuda.get_current_stream()
    packed = cp.empty((total,), dtype=cp.uint8)
    for x, place in zip(arrays, places, strict=True):
        _part(packed, place, x.dtype, x.shape)[...] = x
    landed = cupyx.empty_pinned((total,), dtype=np.uint8)
    packed.get(stream=stream, out=landed, blocking=False)
    stream.synchronize()
    ledger.record_to_host(total)
    return [_part(landed, place, x.dtype, x.shape) for x, place in zip(arrays, places, strict=True)]


def _to_device(arrays: Sequence[Any], ledger: TransferLedger) -> list[Array]:
    """CuPy arrays of the values: one copy."""
    if not arrays:
        return []
    places, total = _places([x.nbytes for x in arrays])
    stream = cp.cuda.get_current_stream()
    packed = cupyx.empty_pinned((total,), dtype=np.uint8)
    for x, place in zip(arrays, places, strict=True):
        _part(packed, place, x.dtype, x.shape)[...] = x
    landed = cp.empty((total,), dtype=cp.uint8)
    landed.set(packed, stream=stream)
    stream.synchronize()  # page-locked memory is reused as soon as it is free
    ledger.record_to_device(total)
    # Copies, so that the potentials do not keep the memory of the flow alive.
    return [
        _part(landed, place, x.dtype, x.shape).copy()
        for x, place in zip(arrays, places, strict=True)
    ]
