"""array-api-strict: the strictest library there is, to hold the generic code to its word."""

from __future__ import annotations

import numpy as np

from sparse_ot._typing import Array, HostArray
from sparse_ot.backends.generic.array_api import ArrayApiBackend

__all__ = ["StrictBackend"]


class StrictBackend(ArrayApiBackend):
    """array-api-strict, whose only use is to show that nothing here needs more than the standard.

    Its devices are make-believe, and it refuses to convert an array that is not on its CPU, as a
    GPU library would.
    """

    def __init__(self) -> None:
        import array_api_strict

        super().__init__("array_api_strict", array_api_strict, type(array_api_strict.zeros(1)))

    def host_view(self, x: Array) -> HostArray | None:
        """`x` where it is on the CPU: the make-believe devices share its memory, and DLPack tells.

        The tests take them for devices.
        """
        return np.from_dlpack(x) if x.device == self._xp.Device("CPU_DEVICE") else None

    def _to_host(self, x: Array) -> HostArray:
        return np.asarray(x.to_device(self._xp.Device("CPU_DEVICE")))
