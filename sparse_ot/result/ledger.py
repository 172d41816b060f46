"""Counts the copies between device and host; a solution's statistics show the counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

__all__ = ["TransferLedger", "transfers"]


@dataclass
class TransferLedger:
    """Counts what crosses between device and host.

    Attributes
    ----------
    to_host, to_device : int
        Number of crossings in each direction.
    bytes_to_host, bytes_to_device : int
        Bytes moved in each direction.
    """

    to_host: int = 0
    to_device: int = 0
    bytes_to_host: int = 0
    bytes_to_device: int = 0

    def record_to_host(self, nbytes: int) -> None:
        """Count one packed copy from the device, here and in every open `transfers`."""
        with _lock:
            for ledger in (self, *_open):
                ledger.to_host += 1
                ledger.bytes_to_host += nbytes

    def record_to_device(self, nbytes: int) -> None:
        """Count one packed copy to the device, here and in every open `transfers`."""
        with _lock:
            for ledger in (self, *_open):
                ledger.to_device += 1
                ledger.bytes_to_device += nbytes


_lock = Lock()
_open: list[TransferLedger] = []


@contextmanager
def transfers() -> Iterator[TransferLedger]:
    """Count the copies between device and host while the context is open, of all solves together.

    Copies in all threads count. A compiled JAX program counts once, when it is traced.

    Yields
    ------
    TransferLedger
        Counts up as the copies happen. With NumPy there are none.

    Examples
    --------
    >>> import sparse_ot
    >>> with sparse_ot.transfers() as crossed:
    ...     value = sparse_ot.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    >>> crossed
    TransferLedger(to_host=0, to_device=0, bytes_to_host=0, bytes_to_device=0)
    """
    ledger = TransferLedger()
    with _lock:
        _open.append(ledger)
    try:
        yield ledger
    finally:
        with _lock:
            _open[:] = [other for other in _open if other is not ledger]
