"""Containers of numbers that are no plain NumPy arrays, by name; each is made from an array."""

from __future__ import annotations

import array
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest


class Duck:
    """An object that turns itself into an array, like those of libraries nobody listed."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.x, dtype)


class Interface:
    """An object that shows its memory."""

    def __init__(self, x: Any) -> None:
        self.kept, self.__array_interface__ = x, x.__array_interface__


class Subclass(np.ndarray):
    """An array with a name of its own."""


def with_negative_strides(x: Any) -> Any:
    return np.flip(np.flip(x).copy())


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


def strided(x: Any) -> Any:
    return np.repeat(x, 2, axis=0)[::2]


PLAIN: dict[str, Callable[[Any], Any]] = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "numpy scalars": lambda x: list(x),
    "fractions": lambda x: _each(Fraction, x),
    "decimals": lambda x: _each(Decimal, x),
    "memoryview": lambda x: memoryview(x),
    "list of arrays": lambda x: [row if row.ndim == 0 else array.array("d", row) for row in x],
    "duck": Duck,
    "list of ducks": lambda x: [Duck(row) for row in x],
    "interface": Interface,
    "subclass": lambda x: x.view(Subclass),
    "nothing masked": np.ma.masked_array,
    "big endian": lambda x: x.astype(">f8"),
    "long double": lambda x: x.astype(np.longdouble),
    "Fortran": np.asfortranarray,
    "negative strides": with_negative_strides,
    "read-only": read_only,
    "strided": strided,
}


def _each(make: Any, x: Any) -> Any:
    return [_each(make, item) if np.ndim(item) else make(float(item)) for item in x]


def _pandas() -> Any:
    return pytest.importorskip("pandas")


def _frame(x: Any, dtype: Any = None) -> Any:
    pandas = _pandas()
    made = pandas.Series(x) if x.ndim == 1 else pandas.DataFrame(x)
    return made if dtype is None else made.astype(dtype)


def _labelled(x: Any) -> Any:
    """A table whose labels run backwards: entries are taken in their order."""
    made = _frame(x)
    made.index = made.index[::-1]
    return made


def _two_types(x: Any) -> Any:
    """A table with columns of NumPy's and of pandas' own types."""
    made = _frame(x)
    return made if x.ndim == 1 else made.astype({0: "Float64"})


TABLES: dict[str, Callable[[Any], Any]] = {
    "pandas": _frame,
    "pandas nullable": lambda x: _frame(x, "Float64"),
    "pandas labels": _labelled,
    "pandas two types": _two_types,
    "rows of pandas": lambda x: [_frame(row, "Float64") if row.ndim else row for row in x],
    "xarray": lambda x: pytest.importorskip("xarray").DataArray(x, attrs={"units": "kg"}),
}
CONTAINERS = PLAIN | TABLES
