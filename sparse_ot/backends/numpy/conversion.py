"""What NumPy's arrays are made from: tables, labelled and masked arrays, buffers, lists of these.

The package of an object's class says how it is read, and no package is imported for it. Labels are
not compared: entries are taken in their order. What has no reader of its own is read by NumPy,
which knows buffers and objects that turn themselves into arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from numbers import Number
from typing import Any

import numpy as np

from sparse_ot.backends.generic.numbers import read_items, require_real, unmasked
from sparse_ot.errors import UnsupportedArrayError

__all__ = ["as_ndarray"]


def as_ndarray(x: Any) -> Any:
    """`x` as an array, sharing its memory where that is possible; lists and numbers stay as such.

    Raises
    ------
    UnsupportedArrayError
        Not numbers, masked, or not in memory.

    Examples
    --------
    >>> from array import array
    >>> as_ndarray(array("d", [0.5, 0.5]))
    array([0.5, 0.5])
    """
    if isinstance(x, (list, tuple)):
        return read_items(x, as_ndarray)
    cls: Any = type(x)
    reader = _reader(cls)
    return x if reader is None else reader(x)


@cache
def _reader(cls: type) -> Callable[[Any], Any] | None:
    """The function that reads objects of a class; None for numbers."""
    for base in cls.__mro__:
        for package, reader in _READERS.items():
            if f"{base.__module__}.".startswith(f"{package}."):
                return reader
    return None if issubclass(cls, _NUMBERS) else _read_other


_NUMBERS = (Number, np.generic, range)


def _read_other(x: Any) -> Any:
    try:
        return np.asarray(x)
    except Exception as error:  # whatever an object's own conversion raises
        msg = (
            f"This {type(x).__name__} does not become a NumPy array: {error}. Convert it first, "
            "and pass the array."
        )
        raise UnsupportedArrayError(msg) from error


def _read_xarray(x: Any) -> Any:
    if not isinstance(x.data, np.ndarray):
        kind = type(x.data)
        msg = (
            f"Found an xarray {type(x).__name__} of {kind.__module__}.{kind.__qualname__}. "
            "Expected one of NumPy. Pass `x.compute()` if it is lazy, or `x.data` if it is of a "
            "library that has a backend."
        )
        raise UnsupportedArrayError(msg)
    return as_ndarray(x.data)


def _read_pandas(x: Any) -> Any:
    if x.ndim == 1:
        return _read_column(x, f"a {type(x).__name__}")
    for name, dtype in x.dtypes.items():
        require_real(_plain(dtype), f"a column {name!r}")
    if len(set(x.dtypes)) == 1 and isinstance(x.dtypes.iloc[0], np.dtype):
        return x.to_numpy()
    columns = [_read_column(x.iloc[:, i], "a column") for i in range(x.shape[1])]
    return np.stack(columns, axis=1) if columns else np.empty(x.shape)


def _read_column(x: Any, what: str) -> Any:
    """A series, index or pandas array; what is missing becomes NaN, for the checks to find."""
    dtype = _plain(x.dtype)
    require_real(dtype, what)
    if dtype is x.dtype or not x.isna().any():
        return x.to_numpy(dtype=dtype)
    return x.to_numpy(dtype=dtype if dtype.kind == "f" else np.float64, na_value=np.nan)


def _plain(dtype: Any) -> Any:
    """NumPy's type of the values of a nullable or an Arrow type; any other type itself."""
    return getattr(dtype, "numpy_dtype", dtype)


_READERS = {"numpy.ma": unmasked, "pandas": _read_pandas, "xarray": _read_xarray}
