"""The functions that XLA calls: foreign functions of the core, and host functions of Python.

A compiled program names a foreign function, and XLA finds it among the targets registered with it.
Host functions that exist only in Python are called through one of them, by their name in
`host_functions`, with the program's buffers in place.
"""

from __future__ import annotations

from sparse_ot._core import host_functions, xla_ffi_targets

__all__ = ["host_functions", "xla_ffi_targets"]
