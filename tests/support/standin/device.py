"""Devices, streams, page-locked memory, and the log of what crossed: the stand-in's `cupy.cuda`.

Copies that CuPy makes asynchronously are made late here: they wait in their stream, and what they
will overwrite holds junk, until somebody synchronises the stream or works on it. Code that forgets
to wait reads the junk.
"""

from __future__ import annotations

import threading
import types
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

DEVICES = 2
JUNK = 0xA5


class Copy(NamedTuple):
    """One copy of an array between host and device."""

    direction: str  # "to host" or "to device"
    nbytes: int
    device: int
    stream: Stream
    pinned: bool


class Log:
    """What crossed since it was cleared."""

    def __init__(self) -> None:
        self.copies: list[Copy] = []
        self.waits = 0  # scalars looked at, and counts that CuPy needs to know a result's shape

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    def count(self, direction: str) -> int:
        return sum(copy.direction == direction for copy in self.copies)

    def nbytes(self, direction: str) -> int:
        return sum(copy.nbytes for copy in self.copies if copy.direction == direction)


log = Log()


class _Current(threading.local):
    def __init__(self) -> None:
        self.device = 0
        self.streams: dict[int, Stream] = {}
        self.left: list[Any] = []  # devices and streams to go back to


_current = _Current()


class Device:
    """A device number; a context that makes it current."""

    def __init__(self, device: Any = None) -> None:
        self.id = _current.device if device is None else int(getattr(device, "id", device))
        if not 0 <= self.id < DEVICES:
            msg = "cudaErrorInvalidDevice: invalid device ordinal"
            raise RuntimeError(msg)

    def __enter__(self) -> Device:
        _current.left.append(_current.device)
        _current.device = self.id
        return self

    def __exit__(self, *_: object) -> None:
        _current.device = _current.left.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<stand-in for CUDA Device {self.id}>"

    def synchronize(self) -> None:
        get_current_stream(self.id).synchronize()

    @property
    def attributes(self) -> dict[str, int]:
        return {"MultiProcessorCount": 3}  # few, so that tests meet several slices, and odd


class Stream:
    """A queue of copies that have not happened yet; a context that makes it current."""

    null: Stream

    def __init__(self, non_blocking: bool = False) -> None:
        self.device_id = _current.device
        self._pending: list[Callable[[], None]] = []

    def __enter__(self) -> Stream:
        _current.left.append(get_current_stream())
        _current.streams[_current.device] = self
        return self

    def __exit__(self, *_: object) -> None:
        _current.streams[_current.device] = _current.left.pop()

    def enqueue(self, work: Callable[[], None]) -> None:
        self._pending.append(work)

    def synchronize(self) -> None:
        pending, self._pending = self._pending, []
        for work in pending:
            work()


Stream.null = Stream()
_null_streams = {0: Stream.null, **{i: Stream() for i in range(1, DEVICES)}}


def get_current_stream(device_id: int | None = None) -> Stream:
    device_id = _current.device if device_id is None else device_id
    return _current.streams.get(device_id, _null_streams[device_id])


def current_device() -> int:
    return _current.device


# -- page-locked memory -----------------------------------------------------------------------

_pinned: dict[int, int] = {}


def empty_pinned(shape: Any, dtype: Any = float, order: str = "C") -> Any:
    """Page-locked memory with junk in it."""
    x: Any = np.empty(shape, dtype, order)  # type: ignore[call-overload]
    x.reshape(-1).view(np.uint8)[...] = JUNK
    start = x.ctypes.data
    _pinned[start] = start + x.nbytes
    weakref.finalize(x, _pinned.pop, start, None)
    return x


def is_pinned(x: Any) -> bool:
    start = x.ctypes.data
    return any(low <= start and start + x.nbytes <= high for low, high in _pinned.items())


# -- the module --------------------------------------------------------------------------------


def cuda_module() -> Any:
    module: Any = types.ModuleType("cupy.cuda")
    runtime: Any = types.ModuleType("cupy.cuda.runtime")
    runtime.getDeviceCount = lambda: DEVICES
    runtime.getDevice = current_device
    runtime.runtimeGetVersion = lambda: 13000
    runtime.getDeviceProperties = lambda i: {"name": b"stand-in, not a GPU", "major": 9, "minor": 0}
    module.Device, module.Stream, module.runtime = Device, Stream, runtime
    module.device = types.ModuleType("cupy.cuda.device")
    module.device.Device = Device
    module.get_current_stream = get_current_stream
    module.is_available = lambda: True
    return module
