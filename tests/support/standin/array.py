"""The stand-in's array: NumPy inside, and not a word of it to the outside.

As CuPy's, it refuses to become a NumPy array unless asked by `.get()`, and refuses NumPy arrays as
operands. It has no buffer protocol, no `__array_interface__` and no DLPack. Work on an array whose
device is not current earns CuPy's warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from support.standin import device as dev

_METHODS = """all any argmax argmin argsort astype clip copy cumsum dot fill flatten max mean min
    nonzero prod ravel reshape round sort squeeze std sum swapaxes take trace transpose var
    view"""
_OPERATORS = """add sub mul truediv floordiv mod pow matmul and or xor lshift rshift
    radd rsub rmul rtruediv rfloordiv rmod rpow rmatmul rand ror rxor
    lt le gt ge eq ne neg pos abs invert"""
_WAITING = {"nonzero", "flatnonzero", "unique", "argwhere"}


class PerformanceWarning(RuntimeWarning):
    """As `cupy._util.PerformanceWarning`."""


class ndarray:
    """An array on a make-believe device."""

    __slots__ = ("__weakref__", "_on", "_values")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Any, on: int | None = None) -> None:
        self._values = values
        self._on = dev.current_device() if on is None else on

    # -- what it is ---------------------------------------------------------------------------
    shape = property(lambda self: self._values.shape)
    dtype = property(lambda self: self._values.dtype)
    ndim = property(lambda self: self._values.ndim)
    size = property(lambda self: self._values.size)
    nbytes = property(lambda self: self._values.nbytes)
    itemsize = property(lambda self: self._values.itemsize)
    strides = property(lambda self: self._values.strides)
    flags = property(lambda self: self._values.flags)
    device = property(lambda self: dev.Device(self._on))
    T = property(lambda self: ndarray(self._values.T, self._on))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"standin({self._values!r})"

    # -- what it refuses ----------------------------------------------------------------------
    def __array__(self, *_: object, **__: object) -> Any:
        msg = (
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )
        raise TypeError(msg)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        # A NumPy scalar on the left ends up here; a NumPy array is refused by `unwrap`.
        if method != "__call__":
            return NotImplemented
        return call(ufunc, *inputs, **options)

    # -- crossings ----------------------------------------------------------------------------
    def get(
        self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
    ) -> Any:
        stream = stream or dev.get_current_stream()
        result = np.empty_like(self._values, order="C") if out is None else out
        if type(result) is not np.ndarray:
            msg = "Only numpy.ndarray can be obtained from cupy.ndarray"
            raise TypeError(msg)
        if result.dtype != self.dtype or result.shape != self.shape:
            msg = f"{self.shape} {self.dtype} into {result.shape} {result.dtype}"
            raise ValueError(msg)
        pinned = dev.is_pinned(result)
        dev.log.copies.append(dev.Copy("to host", self.nbytes, self._on, stream, pinned))
        stream.enqueue(lambda: np.copyto(result, self._values))
        if blocking or not pinned:
            stream.synchronize()
        return result

    def set(self, values: Any, stream: Any = None) -> None:
        stream = stream or dev.get_current_stream()
        if type(values) is not np.ndarray:
            msg = "Only numpy.ndarray can be set to cupy.ndarray"
            raise TypeError(msg)
        if values.dtype != self.dtype or values.shape != self.shape:
            msg = f"{values.shape} {values.dtype} into {self.shape} {self.dtype}"
            raise ValueError(msg)
        pinned = dev.is_pinned(values)
        dev.log.copies.append(dev.Copy("to device", self.nbytes, self._on, stream, pinned))
        self._values.reshape(-1).view(np.uint8)[...] = dev.JUNK
        stream.enqueue(lambda: np.copyto(self._values, values))
        if not pinned:
            stream.synchronize()

    def _look(self, convert: Callable[[Any], Any]) -> Any:
        """One number goes to the host: allowed, as in CuPy, and counted."""
        dev.log.waits += 1
        dev.get_current_stream(self._on).synchronize()
        return convert(self._values)

    def __bool__(self) -> bool:
        return bool(self._look(bool))

    def __int__(self) -> int:
        return int(self._look(int))

    def __float__(self) -> float:
        return float(self._look(float))

    def __index__(self) -> int:
        return int(self._look(lambda x: x.__index__()))

    def item(self) -> Any:
        return self._look(lambda x: x.item())

    def tolist(self) -> Any:
        return self.get().tolist()

    # -- entries ------------------------------------------------------------------------------
    def __getitem__(self, key: Any) -> Any:
        if _is_basic(key):
            return ndarray(np.asarray(self._values[key]), self._on)
        if isinstance(key, ndarray) and key.dtype == bool:
            dev.log.waits += 1
        return call(lambda x, at: x[at], self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        call(lambda x, at, new: x.__setitem__(at, new), self, key, value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))


def _is_basic(key: Any) -> bool:
    """Whether indexing gives a view, which takes no work on the device."""
    keys = key if isinstance(key, tuple) else (key,)
    return all(k is None or k is ... or isinstance(k, (int, slice, np.integer)) for k in keys)


def unwrap(x: Any) -> Any:
    """NumPy's view of an operand; NumPy arrays are not operands."""
    if isinstance(x, ndarray):
        if x._on != dev.current_device():
            warnings.warn(
                f"The device where the array resides ({x._on}) is different from the current "
                f"device ({dev.current_device()}). Peer access has been activated automatically.",
                PerformanceWarning,
                stacklevel=2,
            )
        return x._values
    if isinstance(x, np.ndarray):
        msg = f"Unsupported type {type(x)}"
        raise TypeError(msg)
    if isinstance(x, (tuple, list)):
        return type(x)(unwrap(item) for item in x)
    return x


def look_at(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """A function that takes no work on the device: types, and views, which stay where they are."""
    values = tuple(x._values if isinstance(x, ndarray) else x for x in arguments)
    seen = function(*values, **options)
    if not isinstance(seen, np.ndarray):
        return seen
    if not np.shares_memory(seen, values[0]) and seen.size:
        return call(function, *arguments, **options)
    return ndarray(seen, arguments[0]._on)


def wrap(x: Any) -> Any:
    """A result on the current device; reductions give arrays without dimensions, as CuPy's do."""
    if isinstance(x, (np.ndarray, np.generic)):
        return ndarray(np.asarray(x))
    if isinstance(x, (tuple, list)) and not hasattr(x, "_fields"):
        return type(x)(wrap(item) for item in x)
    return x


def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """A NumPy function on the device: after all that waits in the stream, on unwrapped arrays."""
    dev.get_current_stream().synchronize()
    arguments = tuple(unwrap(x) for x in arguments)
    options = {name: unwrap(x) for name, x in options.items()}
    if getattr(function, "__name__", "") in _WAITING:
        dev.log.waits += 1
    return wrap(function(*arguments, **options))


def _view(name: str) -> Any:
    def method(self: ndarray, *arguments: Any, **options: Any) -> Any:
        return look_at(lambda x, *a, **o: getattr(x, name)(*a, **o), self, *arguments, **options)

    return method


def _forward(name: str) -> Any:
    def method(self: ndarray, *arguments: Any, **options: Any) -> Any:
        if name in _WAITING:
            dev.log.waits += 1
        return call(lambda x, *a, **o: getattr(x, name)(*a, **o), self, *arguments, **options)

    return method


for _name in _METHODS.split():
    setattr(ndarray, _name, _forward(_name))
for _name in ("astype", "reshape", "ravel", "squeeze", "swapaxes", "transpose", "view"):
    setattr(ndarray, _name, _view(_name))
for _name in _OPERATORS.split():
    setattr(ndarray, f"__{_name}__", _forward(f"__{_name}__"))
ndarray.__module__ = "cupy"
PerformanceWarning.__module__ = "cupy._util"
