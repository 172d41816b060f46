"""How much memory a call needs, above what the process had before it.

On Linux the kernel keeps the peak (VmHWM); writing 5 to /proc/self/clear_refs sets it back to the
present size, so the difference is exact up to pages. Freed memory that the allocator still holds
would hide part of the need; it is handed back first. Elsewhere, or where the peak cannot be set
back, the process's all-time peak (ru_maxrss) takes its place: the difference then misses whatever
fits under an earlier peak, and `method` says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import sys
from pathlib import Path
from typing import Any

CLEAR_REFS = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
MACHINE = Path("/proc/meminfo")


class MemoryMeter:
    """Starts at construction; `peak_bytes` reads it.

    Attributes
    ----------
    method : str
        ``"VmHWM"`` (exact), ``"ru_maxrss"`` (a lower estimate) or ``"none"``.
    """

    def __init__(self) -> None:
        gc.collect()
        _return_freed_memory()
        self.method = _method()
        self._before = self._present()

    def _present(self) -> int:
        return _status_bytes("VmRSS") if self.method == "VmHWM" else _peak_ever(self.method)

    def peak_bytes(self) -> int | None:
        """Bytes above the state at construction, at the worst moment since; None if unknown."""
        if self.method == "none":
            return None
        peak = _status_bytes("VmHWM") if self.method == "VmHWM" else _peak_ever(self.method)
        return max(0, peak - self._before)


def _method() -> str:
    with contextlib.suppress(OSError):
        CLEAR_REFS.write_text("5")
        return "VmHWM"
    return "none" if sys.platform == "win32" else "ru_maxrss"


def available_bytes() -> int | None:
    """Memory that this machine could give to a process now, without swapping; None if unknown."""
    with contextlib.suppress(OSError, RuntimeError):
        return _bytes_in(MACHINE, "MemAvailable")
    return None


def _status_bytes(field: str) -> int:
    return _bytes_in(STATUS, field)


def _bytes_in(table: Path, field: str) -> int:
    for line in table.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    msg = f"{table} has no {field}"
    raise RuntimeError(msg)


def _peak_ever(method: str) -> int:
    if method == "none":
        return 0
    resource: Any = importlib.import_module("resource")
    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else peak * 1024


def _return_freed_memory() -> None:
    """Call malloc_trim of glibc, where there is one."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
