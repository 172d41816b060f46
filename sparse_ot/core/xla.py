"""What XLA calls of the compiled core: foreign functions, and the host functions of Python.

A compiled program names a foreign function, and XLA finds it among the targets that are registered
with it. Host functions that exist in Python only are called through one of them, by their name in
`host_functions`, with the program's buffers as they lie.
"""

from __future__ import annotations

from sparse_ot._core import host_functions, xla_ffi_targets

__all__ = ["host_functions", "xla_ffi_targets"]
