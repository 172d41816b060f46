"""The kernels on a device against NumPy: neighbours, arc costs, prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.metrics import EVERY_METRIC

from sparse_ot.backends.registry import load_backend
from sparse_ot.metrics import evaluate

METRICS = pytest.mark.parametrize("metric", EVERY_METRIC)
TYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def close(dtype: Any, d: int) -> dict[str, Any]:
    step = float(np.finfo(dtype).eps)
    return {"rtol": 4 * (d + 4) * step, "atol": (d + 4) * step}


def clouds(rng: Any, n: int, m: int, d: int, dtype: str) -> Any:
    return rng.standard_normal((n, d)).astype(dtype), rng.standard_normal((m, d)).astype(dtype)


def exact(x: Any, y: Any, rows: Any, cols: Any, metric: str) -> Any:
    """Costs of listed pairs in float64."""
    return evaluate(x[rows].astype(float), y[cols].astype(float), metric, np)


@METRICS
@TYPES
@pytest.mark.parametrize("d", [1, 3, 16, 17, 100, 1024])
@pytest.mark.parametrize("k", [1, 16, 64])
def test_neighbours_are_those_of_numpy(rng, cupy, size, metric, dtype, d, k):
    n, m = size(1500), max(k, size(3001))
    x, y = clouds(rng, n, m, d, dtype)
    found = load_backend("cupy").knn(cupy.asarray(x), cupy.asarray(y), k, metric)
    wanted = load_backend("numpy").knn(x.astype(float), y.astype(float), k, metric)
    indices, costs = found.indices.get(), found.costs.get()
    assert costs.dtype == dtype
    np.testing.assert_allclose(costs, wanted.costs, **close(dtype, d))
    rows = np.repeat(np.arange(n), k)
    np.testing.assert_allclose(
        costs.ravel(), exact(x, y, rows, indices.ravel(), metric), **close(dtype, d)
    )
    if dtype == "float64":
        assert (indices == wanted.indices).mean() > 0.999


@METRICS
@TYPES
def test_ties_go_to_the_smaller_index_on_every_run(rng, cupy, size, metric, dtype):
    x, y = (np.round(points) for points in clouds(rng, size(2000), max(9, size(20_000)), 2, dtype))
    x, y = cupy.asarray(x), cupy.asarray(y)
    backend = load_backend("cupy")
    first = backend.knn(x, y, 9, metric)
    again = backend.knn(x, y, 9, metric)
    np.testing.assert_array_equal(first.indices.get(), again.indices.get())
    np.testing.assert_array_equal(first.costs.get(), again.costs.get())
    costs, indices = first.costs.get(), first.indices.get()
    tied = costs[:, 1:] == costs[:, :-1]
    assert tied.any()
    assert (indices[:, 1:] > indices[:, :-1])[tied].all()


@METRICS
@TYPES
@pytest.mark.parametrize("d", [1, 37, 1024])
def test_costs_of_listed_pairs(rng, cupy, size, metric, dtype, d):
    count = size(100_001)
    x, y = clouds(rng, size(500), size(700), d, dtype)
    rows, cols = rng.integers(0, len(x), count), rng.integers(0, len(y), count)
    arguments = (cupy.asarray(array) for array in (x, y, rows, cols))
    costs = load_backend("cupy").arc_costs(*arguments, metric).get()  # type: ignore[call-arg]
    assert costs.dtype == dtype
    np.testing.assert_allclose(costs, exact(x, y, rows, cols, metric), **close(dtype, d))


@METRICS
@TYPES
@pytest.mark.parametrize("d", [2, 50])
def test_prices(rng, cupy, size, metric, dtype, d):
    n, m = size(1001), size(1999)
    x, y = clouds(rng, n, m, d, dtype)
    rows, cols = np.indices((n, m)).reshape(2, -1)
    backend = load_backend("cupy")
    points = cupy.asarray(x), cupy.asarray(y)
    costs = backend.arc_costs(*points, cupy.asarray(rows), cupy.asarray(cols), metric).get()
    costs = costs.reshape(n, m).astype(float)
    v = costs.mean() * rng.random(m)
    u = (costs - v).min(axis=1) + 0.3 * costs.std() * rng.random(n)
    priced = backend.price(*points, cupy.asarray(u), cupy.asarray(v), metric, 8)
    np.testing.assert_array_equal(priced.row_minima.get(), (costs - v).min(axis=1))
    i, j = priced.rows.get(), priced.cols.get()
    np.testing.assert_array_equal(priced.costs.get(), costs[i, j].astype(dtype))
    reduced = costs - v - u[:, None]
    assert (reduced[i, j] < 0).all()
    assert len(i) == np.minimum((reduced < 0).sum(axis=1), 8).sum()


def test_no_block_of_all_pairs_is_ever_made(rng, cupy, size):
    if not hasattr(cupy, "get_default_memory_pool"):
        pytest.skip("the stand-in has no memory pool")
    pool = cupy.get_default_memory_pool()
    x, y = (cupy.asarray(points) for points in clouds(rng, 100_000, 100_000, 3, "float32"))
    pool.free_all_blocks()
    before = pool.total_bytes()
    load_backend("cupy").knn(x, y, 16, "sqeuclidean")
    assert pool.total_bytes() - before < 300e6, "all pairs would take 40 GB"


def test_long_lists_go_through_tiles(rng, cupy, size):
    x, y = clouds(rng, size(300), 150, 3, "float64")
    found = load_backend("cupy").knn(cupy.asarray(x), cupy.asarray(y), 100, "euclidean")
    wanted = load_backend("numpy").knn(x, y, 100, "euclidean")
    np.testing.assert_allclose(found.costs.get(), wanted.costs, rtol=1e-12)
