"""Where arrays of JAX are, and what the host sees of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from sparse_ot.backends.registry import load_backend  # noqa: E402
from sparse_ot.costs.points import PointCloudCost  # noqa: E402
from sparse_ot.errors import NonFiniteError  # noqa: E402


def test_an_array_that_was_put_somewhere_has_that_device() -> None:
    backend, device = load_backend("jax"), jax.devices("cpu")[0]
    assert backend.device_of(jax.device_put(np.zeros(2), device)) == device
    assert backend.device_of(jax.numpy.zeros(2)) is None  # it follows others


def test_a_traced_array_has_neither_a_device_nor_values() -> None:
    backend = load_backend("jax")
    seen: list[object] = []

    def look(x: Any) -> Any:
        seen.extend((backend.device_of(x), backend.host_view(x)))
        return x.sum()

    jax.jit(look)(jax.numpy.ones(2))
    jax.grad(look)(jax.numpy.ones(2))
    assert seen == [None] * 4


def test_the_host_sees_an_array_of_the_cpu_platform_without_a_copy() -> None:
    x = jax.device_put(np.arange(1000.0, dtype=np.float32), jax.devices("cpu")[0])
    view = load_backend("jax").host_view(x)
    assert view is not None
    assert view.__array_interface__["data"][0] == x.unsafe_buffer_pointer()


def test_a_bad_coordinate_is_named_as_one() -> None:
    x = jax.numpy.asarray([[0.0], [np.nan]])
    with pytest.raises(NonFiniteError, match=r"X\[1\] is \[nan\]"):
        PointCloudCost(x, x)
