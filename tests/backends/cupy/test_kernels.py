"""The CUDA kernels, run on the CPU from their real source, against brute force in NumPy.

The launching code is real as well; what stands in is CuPy, and the compiler.
"""

from __future__ import annotations

import numpy as np
import pytest
from support.brute_force import nearest
from support.metrics import EVERY_METRIC
from support.standin import fakecupy, raw_module

from sparse_ot.backends.registry import load_backend
from sparse_ot.metrics import evaluate

DTYPES = ["float32", "float64"]
METRICS = pytest.mark.parametrize("metric", EVERY_METRIC)
TYPES = pytest.mark.parametrize("dtype", DTYPES)

# n, m, d, k: tiles are 128 sources, 32 targets, 16 coordinates, slices at least 512 targets.
SHAPES = [(1, 1, 1, 1), (128, 32, 16, 32), (129, 33, 17, 3), (23, 1100, 2, 64), (3, 40, 1024, 5)]


def cloud(rng, n, m, d, dtype, ties=False):
    x, y = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    if ties:
        x, y = np.round(x), np.round(y)
    return x.astype(dtype), y.astype(dtype)


def reference(x, y, metric):
    """Costs of all pairs in float64."""
    return evaluate(x[:, None].astype(np.float64), y[None].astype(np.float64), metric, np)


def close(dtype, d):
    """Rounding of d additions in the dtype of the points."""
    return {"rtol": 4 * (d + 4) * np.finfo(dtype).eps, "atol": (d + 4) * np.finfo(dtype).eps}


@METRICS
@TYPES
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_neighbours_are_those_of_brute_force(rng, cupy, kernels, metric, dtype, shape):
    n, m, d, k = shape
    x, y = cloud(rng, n, m, d, dtype)
    found = kernels.nearest(cupy.asarray(x), cupy.asarray(y), k, metric, None)
    indices, costs = found.indices.get(), found.costs.get()
    assert indices.dtype == np.int64
    assert costs.dtype == dtype
    wanted = reference(x, y, metric)
    np.testing.assert_allclose(costs, np.sort(wanted, axis=1)[:, :k], **close(dtype, d))
    np.testing.assert_allclose(
        costs, np.take_along_axis(wanted, indices, axis=1), **close(dtype, d)
    )
    assert all(len(set(row)) == k for row in indices.tolist())


@METRICS
@TYPES
@pytest.mark.parametrize("offset", [False, True])
def test_ties_go_to_the_smaller_index(rng, cupy, kernels, metric, dtype, offset):
    # Few slices or many: the answer must be the same, so the order must be total.
    x, y = cloud(rng, 40, 1700, 2, dtype, ties=True)
    v = np.round(rng.random(1700)) if offset else None
    device_v = None if v is None else cupy.asarray(v)
    found = kernels.nearest(cupy.asarray(x), cupy.asarray(y), 9, metric, device_v)
    rows, cols = np.indices((40, 1700)).reshape(2, -1)
    costs = kernels.arc_costs(
        cupy.asarray(x), cupy.asarray(y), cupy.asarray(rows), cupy.asarray(cols), metric
    )
    costs = costs.get().reshape(40, 1700)
    wanted = nearest(costs, 9, v)
    np.testing.assert_array_equal(found.indices.get(), wanted)
    np.testing.assert_array_equal(found.costs.get(), np.take_along_axis(costs, wanted, axis=1))


@METRICS
@TYPES
@pytest.mark.parametrize("count", [0, 1, 127, 300])
def test_costs_of_listed_pairs(rng, cupy, kernels, metric, dtype, count):
    x, y = cloud(rng, 11, 13, 37, dtype)
    rows, cols = rng.integers(0, 11, count), rng.integers(0, 13, count)
    arguments = (cupy.asarray(array) for array in (x, y, rows.astype(np.int32), cols))
    costs = kernels.arc_costs(*arguments, metric).get()
    assert costs.dtype == dtype
    np.testing.assert_allclose(costs, reference(x, y, metric)[rows, cols], **close(dtype, 37))


@METRICS
@TYPES
@pytest.mark.parametrize("d", [1, 20])
def test_prices_are_row_minima_and_the_most_negative_pairs(rng, cupy, kernels, metric, dtype, d):
    x, y = cloud(rng, 150, 1030, d, dtype)
    rows, cols = np.indices((150, 1030)).reshape(2, -1)
    points = cupy.asarray(x), cupy.asarray(y)
    costs = kernels.arc_costs(*points, cupy.asarray(rows), cupy.asarray(cols), metric).get()
    costs = costs.reshape(150, 1030).astype(np.float64)
    v = costs.mean() * rng.random(1030)
    u = (costs - v).min(axis=1) + 0.3 * costs.std() * rng.random(150)
    u[:9] = (costs - v).min(axis=1)[:9]  # rows where nothing improves
    priced = kernels.price(*points, cupy.asarray(u), cupy.asarray(v), metric, 4)
    np.testing.assert_array_equal(priced.row_minima.get(), (costs - v).min(axis=1))
    best = nearest(costs, 4, -v)
    i, rank = np.nonzero(np.take_along_axis(costs - v, best, axis=1) - u[:, None] < 0)
    np.testing.assert_array_equal(priced.rows.get(), i)
    np.testing.assert_array_equal(priced.cols.get(), best[i, rank])
    np.testing.assert_array_equal(priced.costs.get(), costs[i, best[i, rank]])
    assert priced.costs.dtype == dtype


@METRICS
def test_what_is_not_a_number_comes_last_and_is_named(rng, cupy, kernels, metric):
    x, y = cloud(rng, 3, 6, 2, "float32")
    y[4, 1] = np.nan
    found = kernels.nearest(cupy.asarray(x), cupy.asarray(y), 6, metric, None)
    assert (found.indices.get()[:, -1] == 4).all()
    assert np.isnan(found.costs.get()[:, -1]).all()


def test_sources_taken_in_parts_give_the_same_answer(rng, cupy, kernels, monkeypatch):
    x, y = cloud(rng, 300, 90, 3, "float64")
    points = cupy.asarray(x), cupy.asarray(y)
    whole = kernels.nearest(*points, 5, "euclidean", None)
    monkeypatch.setattr(kernels, "LIST_BYTES", 1)
    parts = kernels.nearest(*points, 5, "euclidean", None)
    np.testing.assert_array_equal(whole.indices.get(), parts.indices.get())


def test_no_sources_no_launch(cupy, kernels):
    x, y = cupy.zeros((0, 3)), cupy.zeros((4, 3))
    assert kernels.nearest(x, y, 2, "euclidean", None).indices.shape == (0, 2)
    priced = kernels.price(x, y, cupy.zeros(0), cupy.zeros(4), "euclidean", 2)
    assert priced.row_minima.shape == priced.costs.shape == (0,)


def test_rows_with_strides_are_read_as_they_are_meant(rng, cupy, kernels):
    x, y = cloud(rng, 20, 30, 4, "float64")
    strided = cupy.asarray(np.repeat(x, 2, axis=1))[:, ::2]
    found = kernels.nearest(strided, cupy.asarray(y.T.copy()).T, 2, "cityblock", None)
    np.testing.assert_array_equal(found.indices.get(), nearest(reference(x, y, "cityblock"), 2))


def test_the_search_crosses_nothing(rng, cupy, kernels):
    x, y = (cupy.asarray(points) for points in cloud(rng, 20, 30, 4, "float32"))
    u, v = cupy.zeros(20), cupy.zeros(30)
    fakecupy.log.clear()
    kernels.nearest(x, y, 5, "cosine", v)
    kernels.arc_costs(x, y, cupy.arange(20), cupy.arange(20), "cosine")
    assert not fakecupy.log.copies
    assert fakecupy.log.waits == 0
    kernels.price(x, y, u, v, "cosine", 5)
    assert not fakecupy.log.copies
    assert fakecupy.log.waits == 1, "CuPy asks how many pairs there are"


@pytest.mark.parametrize("place", [0, 1])
def test_a_missing_barrier_would_be_noticed(rng, cupy, kernels, monkeypatch, place):
    """Delete one barrier of the search: the answer becomes wrong, so the tests above mean it."""
    text = kernels.source("knn.cu")
    barriers = text.split("__syncthreads();")
    assert len(barriers) == 3
    mutant = "__syncthreads();".join(barriers[: place + 1]) + "".join(barriers[place + 1 :][:1])
    mutant += "".join("__syncthreads();" + rest for rest in barriers[place + 2 :])
    monkeypatch.setattr(kernels, "source", lambda file: mutant)
    kernels._module.cache_clear()
    x, y = cloud(rng, 60, 90, 20, "float64")
    found = kernels.nearest(cupy.asarray(x), cupy.asarray(y), 5, "sqeuclidean", None)
    kernels._module.cache_clear()
    assert (found.indices.get() != nearest(reference(x, y, "sqeuclidean"), 5)).any()


def test_the_source_is_whole(kernels):
    for file in ("knn.cu", "pricing.cu", "arc_costs.cu"):
        assert '#include "' not in kernels.source(file)
    assert raw_module._KERNEL.findall(kernels.source("knn.cu")) == [
        "nearest_of_slice",
        "nearest_of_all",
    ]


@METRICS
def test_a_search_that_is_kept_prepares_its_points_once(rng, cupy, kernels, monkeypatch, metric):
    x, y = (cupy.asarray(points) for points in cloud(rng, 20, 30, 4, "float64"))
    u, v = cupy.asarray(rng.random(20)), cupy.asarray(rng.random(30))
    prepare, prepared = kernels._prepared, []

    def counted(*arguments):
        prepared.append(1)
        return prepare(*arguments)

    monkeypatch.setattr(kernels, "_prepared", counted)
    search = load_backend("cupy").search(x, y, metric)
    for _ in range(2):
        near, priced, back = (
            search.nearest(3, v),
            search.price(u, v, 2),
            search.reverse().nearest(2),
        )
    assert len(prepared) == 1
    for found, wanted in (
        (near, kernels.nearest(x, y, 3, metric, v)),
        (priced, kernels.price(x, y, u, v, metric, 2)),
        (back, kernels.nearest(y, x, 2, metric, None)),
    ):
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one.get(), other.get())
