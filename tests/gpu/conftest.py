"""Tests that need a CUDA device and CuPy; skipped, with the reason, where either is missing.

    python -m pytest tests/gpu

With SPARSE_OT_GPU_STAND_IN=1 they run on the stand-in of tests/support/standin. That shows that
the tests themselves are sound, and nothing about a GPU; pytest's header says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

STAND_IN = os.environ.get("SPARSE_OT_GPU_STAND_IN") == "1"


def pytest_report_header() -> str | None:
    return "tests/gpu: on the stand-in for CuPy, NOT on a GPU" if STAND_IN else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "gpu" in item.path.parts:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture
def cupy() -> Iterator[Any]:
    """CuPy, with a device that answers."""
    if STAND_IN:
        from support.standin import fakecupy

        with fakecupy.installed() as module:
            yield module
        return
    module = pytest.importorskip("cupy", exc_type=ImportError)
    if not module.is_available():
        pytest.skip("CuPy sees no CUDA device")
    yield module


@pytest.fixture
def on_device(cupy: Any) -> Any:
    """Copies a SciPy matrix, entry by entry, to a container of the kind that is named."""
    import cupyx.scipy.sparse as cupy_sparse

    def copy(M: Any, kind: str = "coo_matrix") -> Any:
        M = M.asformat(kind[:3])
        if kind.startswith("coo"):
            parts = cupy.asarray(M.data), (cupy.asarray(M.row), cupy.asarray(M.col))
        else:
            parts = tuple(cupy.asarray(x) for x in (M.data, M.indices, M.indptr))
        return getattr(cupy_sparse, kind)(parts, shape=M.shape)

    return copy


@pytest.fixture
def size() -> Any:
    """Scales a number of points: the stand-in is a thousand times slower than a GPU."""
    return lambda count: max(2, count // 100) if STAND_IN else count
