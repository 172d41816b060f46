"""JAX at its strictest for every test, and its 64-bit mode for those that ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def strict_promotion() -> Iterator[None]:
    """JAX refuses to mix dtypes and ranks, as it does for users who ask it to."""
    jax = pytest.importorskip("jax")
    wanted = {"jax_numpy_dtype_promotion": "strict", "jax_numpy_rank_promotion": "raise"}
    before = {name: getattr(jax.config, name) for name in wanted}
    for name, value in wanted.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX with float64, for one test."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)
