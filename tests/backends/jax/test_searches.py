"""Compiled searches: the neighbours NumPy finds, the same ties, one budget."""

from __future__ import annotations

import numpy as np
import pytest
from support.brute_force import nearest
from support.metrics import EVERY_METRIC

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

import sparse_ot  # noqa: E402
from sparse_ot.backends.jax import search as jax_search  # noqa: E402
from sparse_ot.backends.registry import load_backend  # noqa: E402
from sparse_ot.metrics import evaluate  # noqa: E402

SEARCHES = [jax_search.knn, jax_search.knn_by_tiles]
"""What the CPU platform does, and what every other one does."""


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_jax_and_numpy_agree_in_every_index(rng, request, metric, double, search):
    if double:
        request.getfixturevalue("x64")
    dtype = np.float64 if double else np.float32
    x, y = (rng.standard_normal((n, 3)).astype(dtype) for n in (400, 1500))
    found = search(jnp.asarray(x), jnp.asarray(y), 16, metric)
    expected = load_backend("numpy").knn(x, y, 16, metric)
    differ = np.asarray(found.indices) != expected.indices
    gaps = np.abs(np.asarray(found.costs) - expected.costs)[differ]
    # Where they differ two costs are equal in the points' precision.
    assert (gaps <= 8 * np.finfo(dtype).eps * expected.costs[differ]).all()
    assert differ.mean() <= (0.0 if double else 2e-3)


@pytest.mark.parametrize("budget", [1, 10_000, 100_000, 2**28])
@pytest.mark.parametrize("shape", [(1, 1, 1), (37, 53, 2), (64, 64, 17)])
def test_the_size_of_tiles_changes_nothing(rng, shape, budget):
    n, m, d = shape
    x, y = (np.round(rng.standard_normal((p, d))).astype(np.float32) for p in (n, m))  # ties
    offset = np.round(rng.standard_normal(m)).astype(np.float32)
    k = min(m, 5)
    costs = evaluate(x[:, None], y[None], "cityblock", np)
    for given in (None, offset):
        expected = nearest(costs, k, given)
        found = jax_search.knn_by_tiles(
            jnp.asarray(x),
            jnp.asarray(y),
            k,
            "cityblock",
            None if given is None else jnp.asarray(given),
            memory_budget=budget,
        )
        np.testing.assert_array_equal(found.indices, expected)
        np.testing.assert_array_equal(found.costs, np.take_along_axis(costs, expected, axis=1))


@pytest.mark.parametrize("budget", [1, 500, 2**28])
def test_arc_costs_in_slices_and_their_gradient(rng, budget):
    x, y = (jnp.asarray(rng.standard_normal((9, 2)), jnp.float32) for _ in range(2))
    rows, cols = (jnp.asarray(rng.integers(0, 9, 50)) for _ in range(2))

    def total(x, budget):
        return jnp.sum(jax_search.arc_costs(x, y, rows, cols, "sqeuclidean", memory_budget=budget))

    expected = np.sum((np.asarray(x)[rows] - np.asarray(y)[cols]) ** 2)
    assert float(total(x, budget)) == pytest.approx(float(expected), rel=1e-5)
    np.testing.assert_allclose(
        jax.grad(total)(x, budget), jax.grad(total)(x, 2**28), rtol=1e-5, atol=1e-5
    )


def test_prices_are_those_of_numpy(rng, x64):
    x, y = rng.standard_normal((20, 2)), rng.standard_normal((30, 2))
    u, v = rng.standard_normal(20), rng.standard_normal(30)
    on_jax = [jnp.asarray(part) for part in (x, y, u, v)]
    found = load_backend("jax").price(*on_jax, "sqeuclidean", 4)  # type: ignore[call-arg]
    expected = load_backend("numpy").price(x, y, u, v, "sqeuclidean", 4)
    there = np.isfinite(found.costs)
    np.testing.assert_array_equal(np.asarray(found.rows)[there], expected.rows)
    np.testing.assert_array_equal(np.asarray(found.cols)[there], expected.cols)
    np.testing.assert_allclose(np.asarray(found.costs)[there], expected.costs)
    np.testing.assert_allclose(found.row_minima, expected.row_minima)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_compiles_batches_and_has_no_derivative(rng, search):
    x = jnp.asarray(rng.standard_normal((2, 30, 2)), jnp.float32)
    batch = jax.jit(jax.vmap(lambda x: search(x, x[:7], 3, "euclidean")))(x)
    assert batch.indices.shape == batch.costs.shape == (2, 30, 3)
    for points, indices in zip(x, batch.indices, strict=True):
        np.testing.assert_array_equal(search(points, points[:7], 3, "euclidean").indices, indices)
    slope = jax.grad(lambda x: jnp.sum(search(x, x, 2, "sqeuclidean").costs))(x[0])
    assert not slope.any()


@pytest.mark.parametrize("side", ["X", "Y"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_point_that_is_no_number_is_found_out(rng, side, bad):
    points = {name: rng.standard_normal((12, 2)).astype(np.float32) for name in "XY"}
    points[side][5, 1] = bad
    x, y = jnp.asarray(points["X"]), jnp.asarray(points["Y"])

    def solve(x, y):
        return sparse_ot.solve(sparse_ot.knn_cost(x, y, 3, feasible_for=(None, None)))

    with pytest.raises((sparse_ot.NonFiniteError, sparse_ot.InfeasibleError)):
        solve(x, y)
    assert np.isnan(jax.jit(solve)(x, y).value)


def test_a_graph_crosses_nowhere(rng):
    x = jnp.asarray(rng.standard_normal((30, 2)), jnp.float32)
    with sparse_ot.transfers() as crossed:
        sparse_ot.knn_cost(x, x, 3)
        jax.jit(lambda x: sparse_ot.knn_cost(x, x, 3))(x)
    assert (crossed.to_host, crossed.to_device) == (0, 0)


def test_searches_run_in_a_compiled_program_of_fixed_shapes(rng):
    x = jnp.asarray(rng.standard_normal((30, 2)), jnp.float32)
    program = jax.jit(lambda x: load_backend("jax").knn(x, x, 3, "euclidean").indices)
    np.testing.assert_array_equal(program(x)[:, 0], np.arange(30))
