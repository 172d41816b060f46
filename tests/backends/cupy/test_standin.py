"""The stand-in refuses what CuPy refuses; otherwise a green test would mean nothing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from support.standin import fakecupy
from support.standin.array import PerformanceWarning

import sparse_ot
from sparse_ot.backends.registry import load_backend


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        np.array,
        lambda x: np.concatenate([x, np.ones(2)]),
        memoryview,
        np.from_dlpack,
        lambda x: x + np.ones(2),
        lambda x: np.ones(2) * x,
        lambda x: np.add(np.ones(2), x),
        lambda x: x.get(out=np.empty(2, np.float32)),
    ],
)
def test_no_array_becomes_numpy_by_accident(cupy, convert):
    x = cupy.asarray([1.0, 2.0])
    with pytest.raises((TypeError, ValueError, AttributeError)):
        convert(x)


def test_scalars_of_numpy_and_python_are_operands(cupy):
    x = cupy.asarray([1.0, 2.0])
    for y in (2 * x, np.float64(2.0) * x, x * np.float64(2.0)):
        assert isinstance(y, cupy.ndarray)
        np.testing.assert_array_equal(y.get(), [2.0, 4.0])


def test_copies_are_counted_and_looks_too(cupy):
    x = cupy.asarray(np.ones(4))
    x.get()
    assert [copy.direction for copy in fakecupy.log.copies] == ["to device", "to host"]
    assert fakecupy.log.nbytes("to host") == 32
    assert float(x.sum()) == 4.0
    assert bool((x > 0).all())
    assert fakecupy.log.waits == 2


def test_a_copy_that_nobody_awaits_is_junk(cupy):
    import cupyx

    x = cupy.asarray(np.ones(4))
    landed = cupyx.empty_pinned((4,))
    x.get(out=landed, blocking=False)
    assert (landed != 1.0).all()
    cupy.cuda.get_current_stream().synchronize()
    assert (landed == 1.0).all()


def test_work_on_another_device_is_told(cupy):
    with cupy.cuda.Device(1):
        x = cupy.asarray([1.0, 2.0])
    assert x.device.id == 1
    assert x[:1].reshape(1, 1).device.id == 1, "looking at an array takes no work"
    with pytest.warns(PerformanceWarning):
        x + x


def test_containers_refuse_numpy(cupy):
    import cupyx.scipy.sparse as cupy_sparse

    entries = np.ones(1), (np.zeros(1, int), np.zeros(1, int))
    with pytest.raises(TypeError):
        cupy_sparse.coo_matrix(entries, shape=(2, 2))
    M = cupy_sparse.csr_matrix(sp.csr_matrix(np.eye(2)))
    with pytest.raises(TypeError):
        np.asarray(M)
    with pytest.raises(ValueError, match="float32, float64"):
        M = cupy_sparse.csr_matrix(sp.csr_matrix(np.eye(2, dtype=int)))


def test_kernels_refuse_arguments_of_another_type(cupy, kernels):
    kernel = kernels._kernel("arc_costs.cu", "arc_costs", cupy.zeros(1), "euclidean", "double")
    x, i = cupy.zeros((1, 1)), cupy.zeros(1, dtype=np.int64)
    good = (x, x, i, i, np.int64(1), np.int32(1), cupy.zeros(1))
    kernel((1,), (128,), good)
    for place, wrong in ((0, x.astype(np.float32)), (2, i.astype(np.int32)), (4, 1), (6, i)):
        with pytest.raises(TypeError):
            kernel((1,), (128,), (*good[:place], wrong, *good[place + 1 :]))
    with pytest.raises(RuntimeError, match="Configuration"):
        kernel((0,), (128,), good)


def test_it_leaves_no_trace():
    before = load_backend("numpy")
    with fakecupy.installed():
        assert load_backend("cupy").name == "cupy"
        assert load_backend("numpy") is not None
    assert "cupy" not in sys.modules or "standin" not in sys.modules["cupy"].__version__
    assert "sparse_ot.backends.cupy.backend" not in sys.modules
    assert type(load_backend("numpy")) is type(before)
    assert sparse_ot.emd2([], [], [[0.0]]) == 0.0
