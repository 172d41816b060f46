"""array-api-strict: the strictest library, to test that the generic code keeps to the standard."""

from __future__ import annotations

import numpy as np

from sparse_ot._typing import Array, HostArray
from sparse_ot.backends.generic.array_api import ArrayApiBackend

__all__ = ["StrictBackend"]


class StrictBackend(ArrayApiBackend):
    """Implements `Backend` for array-api-strict, which shows that the standard is enough.

    Its devices are simulated, and it refuses to convert an array that is not on its CPU, as a GPU
    library would.
    """

    def __init__(self) -> None:
        import array_api_strict

        super().__init__("array_api_strict", array_api_strict, type(array_api_strict.zeros(1)))

    def host_view(self, x: Array) -> HostArray | None:
        """`x` if it is on the library's CPU; None on its simulated devices.

        Those share the CPU's memory, and DLPack says so, but tests use them as devices.
        """
        return np.from_dlpack(x) if x.device == self._xp.Device("CPU_DEVICE") else None

    def _to_host(self, x: Array) -> HostArray:
        return np.asarray(x.to_device(self._xp.Device("CPU_DEVICE")))
