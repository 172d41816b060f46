"""Helpers for arrays of any library: device, element types, slices, and scattered values."""

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
    "scattered",
    "spans",
]

MEMORY_BUDGET = 256 * 1024 * 1024
"""Bytes that the temporaries of one tile may take together."""


def spans(count: int, step: int) -> Iterator[slice]:
    """Slices of at most `step` that cover `count`, all within bounds; one empty slice for 0.

    Examples
    --------
    >>> [(part.start, part.stop) for part in spans(5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, max(count, 1), step):
        yield slice(start, min(start + step, count))


def device_of(x: Array) -> Any:
    """The device of `x` for new arrays, as `Backend.device_of` of its library gives it.

    Examples
    --------
    >>> import numpy as np
    >>> device_of(np.zeros(2))
    'cpu'
    """
    return get_backend(x).device_of(x)


def index_dtype(xp: Any, device: Any = None) -> Any:
    """The default dtype of indices in this library: int64, or int32 (JAX without x64)."""
    return xp.__array_namespace_info__().default_dtypes(device=device)["indexing"]


def data_dependent_shapes(xp: Any) -> bool:
    """Whether the shape of a result may depend on values; it may not in libraries that compile."""
    return bool(xp.__array_namespace_info__().capabilities()["data-dependent shapes"])


def scattered(rows: Array, cols: Array, values: Array, shape: tuple[int, int], xp: Any) -> Array:
    """A matrix with `values` (p,) at the places (rows, cols), no place twice, and 0 elsewhere.

    One pass over the matrix, without a table of its places.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> scattered(xp.asarray([1]), xp.asarray([0]), xp.asarray([3.0]), (2, 2), xp)
    array([[0., 0.],
           [3., 0.]])
    """
    matrix = xp.zeros(shape, dtype=values.dtype, device=device_of(values))
    if hasattr(matrix, "at"):  # JAX, whose arrays never change
        return matrix.at[rows, cols].set(values)
    try:
        matrix[rows, cols] = values
    except IndexError:  # the standard has no assignment at listed places
        return _between_zeros(rows, cols, values, shape, xp)
    return matrix


def _between_zeros(
    rows: Array, cols: Array, values: Array, shape: tuple[int, int], xp: Any
) -> Array:
    """The same with functions of the standard: a run of zeros, a value, a run of zeros, etc."""
    dtype, device = index_dtype(xp, device_of(values)), device_of(values)
    places = xp.astype(rows, dtype) * shape[1] + xp.astype(cols, dtype)
    order = xp.argsort(places)
    places, values = xp.take(places, order), xp.take(values, order)
    ends = xp.asarray([shape[0] * shape[1]], dtype=dtype, device=device)
    stops = xp.concat([places, ends])
    starts = xp.concat([xp.zeros((1,), dtype=dtype, device=device), places + 1])
    ones = xp.ones(places.shape, dtype=dtype, device=device)
    runs = xp.reshape(xp.stack([(stops - starts)[:-1], ones], axis=1), (-1,))
    runs = xp.concat([runs, (stops - starts)[-1:]])
    entries = xp.reshape(xp.stack([xp.zeros_like(values), values], axis=1), (-1,))
    entries = xp.concat([entries, xp.zeros((1,), dtype=values.dtype, device=device)])
    return xp.reshape(xp.repeat(entries, runs), shape)


def dtype_name(dtype: Any) -> str:
    """Name of an element type in any library: "float32" for `numpy.dtype('float32')` and others.

    Examples
    --------
    >>> import numpy as np
    >>> dtype_name(np.dtype("float32"))
    'float32'
    """
    kind: Any = type(dtype)  # separates equal types of two libraries in the cache
    return _dtype_name(kind, dtype)


@cache  # the name of a NumPy type takes five microseconds
def _dtype_name(kind: Any, dtype: Any) -> str:  # noqa: ARG001 (a key of the cache)
    name: str = getattr(dtype, "name", None) or str(dtype).rsplit(".", 1)[-1]
    return name
