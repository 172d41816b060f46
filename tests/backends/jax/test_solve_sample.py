"""The optimum over all pairs in JAX: eager, and differentiable by the envelope theorem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import sparse_ot

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def problem() -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(3)
    a, b = rng.random(40) + 0.1, rng.random(35) + 0.1
    clouds = rng.random((40, 2)), rng.random((35, 2))
    x, y = (jnp.asarray(cloud) for cloud in clouds)
    return x, y, jnp.asarray(a / a.sum()), jnp.asarray(b / b.sum())


def value(metric: Any) -> Callable[..., Any]:
    return lambda X, Y, a, b: sparse_ot.solve_sample(X, Y, a, b, metric).value


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cosine"])
def test_gradients_are_those_of_finite_differences(metric: str) -> None:
    arrays = problem()
    gradients = jax.grad(value(metric), argnums=(0, 1, 2, 3))(*arrays)
    rng = np.random.default_rng(4)
    step = 1e-6
    for k, gradient in enumerate(gradients):
        direction = rng.normal(size=arrays[k].shape)
        if k >= 2:  # only changes that keep the total have a meaning
            direction = (direction - direction.mean()) * 0.01
        ends = []
        for sign in (1, -1):
            moved = list(arrays)
            moved[k] = moved[k] + sign * step * direction
            ends.append(float(value(metric)(*moved)))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_answer_is_in_jax_and_equal_to_that_in_numpy() -> None:
    arrays = problem()
    solution = sparse_ot.solve_sample(*arrays)
    x, y, a, b = (np.asarray(array) for array in arrays)
    expected = sparse_ot.solve_sample(x, y, a, b)
    assert isinstance(solution.value, jax.Array)
    assert type(solution.plan).__name__ == "BCOO"
    assert float(solution.value) == pytest.approx(float(expected.value), rel=1e-12)
    assert solution.certificate.holds()


def test_under_jit_it_says_what_to_do_instead() -> None:
    with pytest.raises(sparse_ot.InputError, match="under jit or vmap"):
        jax.jit(value("sqeuclidean"))(*problem())


def test_without_x64_the_certificate_carries_the_rounding_of_float32() -> None:
    arrays: Any = [np.asarray(x) for x in problem()]
    expected = float(sparse_ot.solve_sample(*arrays).value)
    jax.config.update("jax_enable_x64", False)
    singles: Any = [jnp.asarray(x, jnp.float32) for x in arrays]
    solution = sparse_ot.solve_sample(*singles)
    assert solution.value.dtype == jnp.float32
    assert float(solution.value) == pytest.approx(expected, rel=1e-5)
    assert solution.certificate.holds(1e-5)


@pytest.mark.parametrize("n", [20, 900])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_point_that_is_nowhere_is_named(n: int, wrong: float) -> None:
    X, Y = jnp.ones((n, 2)), jnp.zeros((n, 2)).at[3, 1].set(wrong)
    with pytest.raises(sparse_ot.NonFiniteError, match=r"Y\[3\] is \[0.0, (nan|inf)\]"):
        sparse_ot.solve_sample(X, Y)
