"""A backend for any array-API library: the base class of the others.

All numeric functions come from `tiled_search`. A plain array-API library has no sparse container,
so this backend takes and returns `CooParts`. Backends of libraries with containers, transfers or
kernels of their own derive from it and override what they do better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import array_api_compat
import numpy as np

from sparse_ot._typing import Array, HostArray, Metric, Sparse
from sparse_ot.backends.generic import tiled_search as agnostic
from sparse_ot.backends.generic.arrays import data_dependent_shapes
from sparse_ot.backends.generic.numbers import as_plain, require_real
from sparse_ot.backends.protocol import (
    ArraySpec,
    CooParts,
    HostFunction,
    Neighbours,
    Pricing,
    Search,
)
from sparse_ot.backends.registry import load_backend
from sparse_ot.errors import ShapeError, UnsupportedArrayError
from sparse_ot.metrics import as_metric
from sparse_ot.result.ledger import TransferLedger

__all__ = ["ArrayApiBackend"]

_HOST_MEMORY = (1, 3)  # kDLCPU and kDLCUDAHost of the DLPack standard


class ArrayApiBackend:
    """Implements `Backend` in terms of an array-API namespace; see the module docstring.

    Parameters
    ----------
    name : str
        Name of the library, for messages.
    xp : namespace
        Its array-API namespace.
    array_type : type
        Its array class.
    """

    def __init__(self, name: str, xp: Any, array_type: type) -> None:
        self._name = name
        self._xp = xp
        self._array_type = array_type

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by name, because a solution must be picklable and a module is not."""
        return load_backend, (self._name,)

    @property
    def name(self) -> str:
        """Name of the library, for messages only: code branches on capability."""
        return self._name

    @property
    def xp(self) -> Any:
        """The array-API namespace of the library."""
        return self._xp

    def owns(self, x: Any) -> bool:
        """Whether `x` is a dense array or a sparse container of this library."""
        return isinstance(x, self._array_type) or self.is_sparse(x)

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a sparse container of this library, or `CooParts` of its arrays."""
        return isinstance(x, CooParts) and isinstance(x.values, self._array_type)

    def is_traced(self, x: Any) -> bool:
        """False: only libraries that compile have arrays without values."""
        return False

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` itself: a plain array-API library does not compile."""
        return function

    @property
    def caveat(self) -> str | None:
        """None: nothing is known to work less well with the installed version."""
        return None

    def devices(self) -> list[Any]:
        """The devices that the array-API namespace lists."""
        listed = self._xp.__array_namespace_info__().devices()
        return [device for device in listed if device is not None]  # None means no device at all

    def device_of(self, x: Array) -> Any:
        """The device of `x`."""
        return array_api_compat.device(x)

    def host_view(self, x: Array) -> HostArray | None:
        """`x` through DLPack, if it reports that it is in host memory."""
        kind = getattr(x, "__dlpack_device__", None)
        if kind is None or int(kind()[0]) not in _HOST_MEMORY:
            return None
        try:
            return np.from_dlpack(x)
        except (BufferError, RuntimeError, TypeError, ValueError):  # a dtype that DLPack lacks
            return None

    def detach(self, x: Array) -> Array:
        """`x`: a plain array-API library does not differentiate."""
        return x

    def on_device_of(self, x: Array) -> AbstractContextManager[Any]:
        """A context that does nothing: in the array API, work happens where its arrays are."""
        return nullcontext()

    def for_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` itself: nothing in the array API belongs to a thread."""
        return function

    def asarray(self, x: Any, like: Array | None = None) -> Array:
        """An array of `x` on the device of `like`; an array is returned as it is.

        Raises
        ------
        ShapeError
            A ragged sequence.
        UnsupportedArrayError
            Not real numbers.
        """
        if isinstance(x, self._array_type):
            return self._real(x)
        try:
            device = None if like is None else self.device_of(like)
            return self._real(self._xp.asarray(as_plain(x), device=device))
        except OverflowError as error:
            msg = f"Cannot make an array of this {type(x).__name__}: {error}. Give it as floats."
            raise UnsupportedArrayError(msg) from error
        except (ValueError, TypeError) as error:
            if isinstance(error, UnsupportedArrayError):
                raise
            msg = (
                f"Cannot make an array of this {type(x).__name__}: {str(error).rstrip('.')}. "
                "Expected numbers, or rows of equal length."
            )
            raise ShapeError(msg) from error

    def _real(self, x: Array) -> Array:
        require_real(x.dtype)
        return x

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries of a container, in its own order, on its own device."""
        if not isinstance(M, CooParts):
            msg = (
                f"Found a {type(M).__name__}. Expected CooParts(rows, cols, values, shape): "
                f"{self._name} has no sparse container of its own."
            )
            raise UnsupportedArrayError(msg)
        return M

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """The parts without zero values, where shapes may depend on values; else all parts."""
        if not data_dependent_shapes(self._xp):
            return parts
        kept = parts.values != 0
        return CooParts(parts.rows[kept], parts.cols[kept], parts.values[kept], parts.shape)

    def cost_container(self, parts: CooParts) -> Sparse:
        """The container in which a new sparse cost is handed to the user; zeros stay arcs."""
        return parts

    def transpose(self, M: Array | Sparse) -> Array | Sparse:
        """`M` with rows and columns exchanged."""
        return M.T

    def host_call(
        self,
        solve: HostFunction,
        *arrays: Array,
        out: Sequence[ArraySpec],
        ledger: TransferLedger,
        like: Array | None = None,
    ) -> tuple[Array, ...]:
        """Run `solve` on the host: one crossing in, one crossing back, to the same device."""
        beside = like if like is not None else next(iter(arrays), None)
        device = None if beside is None else self.device_of(beside)
        host = [self._to_host(x) for x in arrays]
        if host:
            ledger.record_to_host(sum(x.nbytes for x in host))
        results = [
            np.asarray(result, dtype=spec.dtype)
            for result, spec in zip(solve(*host), out, strict=True)
        ]
        going_back = [r for r, spec in zip(results, out, strict=True) if not spec.on_host]
        if going_back:
            ledger.record_to_device(sum(r.nbytes for r in going_back))
        return tuple(
            r if spec.on_host else self._xp.asarray(r, device=device)
            for r, spec in zip(results, out, strict=True)
        )

    def _to_host(self, x: Array) -> HostArray:
        """The values of one array, on the host; backends override it if they copy otherwise."""
        view = self.host_view(x)
        return np.asarray(array_api_compat.to_device(x, "cpu")) if view is None else view

    def envelope(self, value: Array, *pairs: tuple[Array, Array]) -> Array:
        """`value`: a plain array-API library does not differentiate."""
        return value

    def search(self, x: Array, y: Array, metric: Metric) -> Search:
        """A search that calls `knn` and `price` for these points; nothing is prepared."""
        return agnostic.TiledSearch(self, x, y, as_metric(metric))

    def knn(
        self, x: Array, y: Array, k: int, metric: Metric, offset: Array | None = None
    ) -> Neighbours:
        """The `k` cheapest targets of every source; see `tiled_search.knn`."""
        return agnostic.knn(x, y, k, metric, offset, xp=self._xp)

    def arc_costs(self, x: Array, y: Array, rows: Array, cols: Array, metric: Metric) -> Array:
        """Costs of the listed pairs; see `tiled_search.arc_costs`."""
        return agnostic.arc_costs(x, y, rows, cols, metric, xp=self._xp)

    def price(self, x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost; see `tiled_search.price`."""
        return agnostic.price(x, y, u, v, metric, k, xp=self._xp)

    def within(
        self, x: Array, y: Array, radius: float, metric: Metric
    ) -> tuple[Array, Array, Array]:
        """All pairs whose cost is at most `radius`; see `tiled_search.within`."""
        return agnostic.within(x, y, radius, metric, xp=self._xp)
