"""What a compiled call costs beyond the solve itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

import sparse_ot  # noqa: E402
from sparse_ot.solvers.one_shot import OneShot  # noqa: E402


def microseconds(call: Callable[[], Any], repeat: int = 200) -> float:
    begin = time.perf_counter()
    for _ in range(repeat):
        call()
    return (time.perf_counter() - begin) / repeat * 1e6


def test_a_compiled_call_costs_less_than_100_microseconds_over_the_bare_solve(
    rng: np.random.Generator, x64: None
) -> None:
    """At n = 20, in float64; the best of many turns, as the machine may be busy."""
    n = 20
    M, a = rng.random((n, n)), np.full(n, 1 / n)
    on_device = jnp.asarray(a), jnp.asarray(a), jnp.asarray(M)
    compiled = jax.jit(sparse_ot.emd2)
    compiled(*on_device).block_until_ready()
    solver = OneShot(dense=True)
    bare, whole = [], []
    for _ in range(20):
        bare.append(microseconds(lambda: solver(a, a, M)))
        whole.append(microseconds(lambda: compiled(*on_device).block_until_ready()))
    assert min(whole) - min(bare) < 100
