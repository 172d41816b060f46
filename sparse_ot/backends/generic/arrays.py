"""What can be asked of an array of any library: its device, its types, and slices of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sparse_ot._typing import Array
from sparse_ot.backends.registry import get_backend

__all__ = [
    "MEMORY_BUDGET",
    "data_dependent_shapes",
    "device_of",
    "dtype_name",
    "index_dtype",
    "spans",
]

MEMORY_BUDGET = 256 * 1024 * 1024
"""Bytes that one tile's temporaries may take together."""


def spans(count: int, step: int) -> Iterator[slice]:
    """Slices of at most `step` that cover `count`, none out of bounds; one empty slice for 0.

    Examples
    --------
    >>> [(part.start, part.stop) for part in spans(5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, max(count, 1), step):
        yield slice(start, min(start + step, count))


def device_of(x: Array) -> Any:
    """The device to make new arrays on, beside `x`, as `Backend.device_of` of its library says.

    Examples
    --------
    >>> import numpy as np
    >>> device_of(np.zeros(2))
    'cpu'
    """
    return get_backend(x).device_of(x)


def index_dtype(xp: Any, device: Any = None) -> Any:
    """The dtype of indices in this library: int64, or int32 where that is what it counts in."""
    return xp.__array_namespace_info__().default_dtypes(device=device)["indexing"]


def data_dependent_shapes(xp: Any) -> bool:
    """Whether the shape of a result may depend on values: not where programs are compiled."""
    return bool(xp.__array_namespace_info__().capabilities()["data-dependent shapes"])


def dtype_name(dtype: Any) -> str:
    """Name of an element type in any library: "float32" for `numpy.dtype('float32')` and others.

    Examples
    --------
    >>> import numpy as np
    >>> dtype_name(np.dtype("float32"))
    'float32'
    """
    kind: Any = type(dtype)  # keeps equal types of two libraries apart in the cache
    return _dtype_name(kind, dtype)


@cache  # a NumPy type takes five microseconds to say its name
def _dtype_name(kind: Any, dtype: Any) -> str:
    name: str = getattr(dtype, "name", None) or str(dtype).rsplit(".", 1)[-1]
    return name
