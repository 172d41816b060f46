"""The stand-in for CuPy as one of the libraries; its second device is the current one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
from conformance.libraries import Entries, Library, coo_parts_of
from support.standin import fakecupy

from sparse_ot.backends.protocol import CooParts


@contextmanager
def setting() -> Iterator[Library]:
    with fakecupy.installed() as cupy, cupy.cuda.Device(1):
        import cupyx.scipy.sparse

        def container(kind: str) -> Callable[[Entries, tuple[int, int]], Any]:
            def make(entries: Entries, shape: tuple[int, int]) -> Any:
                rows, cols, values = entries
                made = sp.coo_matrix((values, (rows, cols)), shape=shape)
                # Built from arrays on the device: CuPy would sum duplicates if it converted.
                if kind.startswith("coo"):
                    parts = cupy.asarray(values), (cupy.asarray(rows), cupy.asarray(cols))
                else:
                    made = made.asformat(kind[:3])  # type: ignore[call-overload]
                    parts = tuple(cupy.asarray(getattr(made, name)) for name in _COMPRESSED)
                return getattr(cupyx.scipy.sparse, kind)(parts, shape=shape)

            return make

        kinds = ("coo_matrix", "csr_matrix", "csc_matrix", "csr_array")
        yield Library(
            name="cupy",
            array_type=cupy.ndarray,
            put=lambda x: cupy.asarray(np.asarray(x)),
            get=lambda x: x.get(),
            containers={kind: container(kind) for kind in kinds}
            | {"CooParts": coo_parts_of(cupy.asarray)},
            entries=_entries,
            device_of=lambda x: x.device,
        )


_COMPRESSED = ("data", "indices", "indptr")


def _entries(M: Any) -> Entries:
    if isinstance(M, CooParts):
        return tuple(x.get() for x in M[:3])
    coo = M.get().tocoo()
    return coo.row, coo.col, coo.data
