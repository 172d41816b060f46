"""A compiled solve is the plain one: the same algorithm, and the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

import sparse_ot  # noqa: E402
from sparse_ot.solvers.starts import matrix_plan  # noqa: E402

N, M = 600, 500


def matrix(kind: str, rng: np.random.Generator) -> Any:
    if kind == "random":
        return rng.random((N, M))
    X, Y = rng.random((N, 2)), rng.random((M, 2))
    return ((X[:, None] - Y) ** 2).sum(-1)


@pytest.mark.parametrize("kind", ["points", "random"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_large_matrix_has_one_answer_compiled_or_not(
    kind: str, dtype: str, rng: np.random.Generator, x64: None
) -> None:
    C, a, b = matrix(kind, rng), rng.random(N) + 0.1, rng.random(M) + 0.1
    C, a, b = (jnp.asarray(x, dtype) for x in (C, a / a.sum(), b / b.sum()))
    has_points = matrix_plan.start_behind(np.asarray(C), np.asarray(a), np.asarray(b)) is not None
    assert has_points == (kind == "points" and dtype == "float64"), "the start that may apply"
    plain, compiled = sparse_ot.solve(C, a, b), jax.jit(sparse_ot.solve)(C, a, b)
    assert int(compiled.status) == plain.status.code
    np.testing.assert_array_equal(compiled.plan, plain.plan)
    np.testing.assert_array_equal(compiled.value, plain.value)
    for traced, eager in zip(compiled.potentials, plain.potentials, strict=True):
        np.testing.assert_array_equal(traced, eager)
    assert int(compiled.stats.pivots) == plain.stats.pivots
    assert int(compiled.stats.arcs) == plain.stats.arcs
    assert float(compiled.certificate.rounding) == plain.certificate.rounding


def test_a_batch_of_large_matrices_is_solved_one_by_one(
    rng: np.random.Generator, x64: None
) -> None:
    C = jnp.asarray(np.stack([matrix("points", rng) for _ in range(3)]))
    values = jax.jit(jax.vmap(lambda c: sparse_ot.emd2(None, None, c)))(C)
    np.testing.assert_array_equal(values, [sparse_ot.emd2(None, None, c) for c in C])


def test_a_violation_takes_no_crossing_of_its_own(x64: None) -> None:
    M = jnp.asarray([[0.0, jnp.inf], [1.0, jnp.inf]])
    with sparse_ot.transfers() as crossed, pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.solve(M)
    assert (crossed.to_host, crossed.to_device) == (1, 1)
    violation = caught.value.violation
    assert violation is not None
    assert (violation.sources.tolist(), violation.targets.tolist()) == ([0, 1], [0])
    assert (violation.supply, violation.demand) == (1.0, 0.5)
