"""CuPy, or what stands for it; and compilers for CUDA sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.standin import fakecupy, raw_module


@pytest.fixture
def cupy() -> Iterator[Any]:
    """The stand-in, installed as `cupy` for the length of a test, with an empty log."""
    with fakecupy.installed() as module:
        yield module


@pytest.fixture
def kernels(cupy: Any) -> Any:
    """The module that launches kernels; skips where no C++ compiler can run them on the CPU."""
    if raw_module.COMPILER is None:
        pytest.skip("no C++ compiler (g++): the kernels cannot run on the CPU")
    from sparse_ot.backends.cupy import kernels as cupy_kernels

    return cupy_kernels
