"""Neighbours, arc costs and prices against brute force: every backend, metric and kind of cloud."""

from __future__ import annotations

import array_api_compat.numpy as xp
import array_api_strict
import numpy as np
import pytest
from support.brute_force import cost_matrix, costs_on_numpy, cubed_cityblock, nearest, one_sided
from support.metrics import EVERY_METRIC

from sparse_ot.backends.generic import tiled_search as agnostic
from sparse_ot.backends.numpy import search as numpy_search
from sparse_ot.backends.registry import load_backend
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.metrics import as_metric, evaluate

DEVICE = array_api_strict.Device("device1")
METRICS = [*EVERY_METRIC, cubed_cityblock]


def to_numpy(x):
    return np.asarray(x.to_device(array_api_strict.Device("CPU_DEVICE")))


class OnNumpy:
    """Runs a search on NumPy arrays."""

    backend = load_backend("numpy")
    metric = staticmethod(lambda metric: metric)
    put = staticmethod(np.asarray)
    get = staticmethod(np.asarray)
    costs = staticmethod(costs_on_numpy)


class OnStrict:
    """Runs a search on a device whose arrays refuse to become NumPy arrays."""

    backend = load_backend("array_api_strict")
    put = staticmethod(lambda x: array_api_strict.asarray(x, device=DEVICE))
    get = staticmethod(to_numpy)
    costs = staticmethod(lambda x, y, metric: evaluate(x[:, None], y[None], metric, np))

    @staticmethod
    def metric(metric):
        if not callable(metric):
            return metric
        return lambda x, y: array_api_strict.sum(array_api_strict.abs(x - y), axis=-1) ** 3


SIDES = pytest.mark.parametrize("side", [OnNumpy, OnStrict])


def cloud(rng, kind, n, m, d):
    x, y = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    if kind == "grid":  # ties everywhere
        x, y = np.round(x), np.round(y)
    elif kind == "one place":
        y[:] = y[0]
    return x, y


@SIDES
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["normal", "grid", "one place"])
@pytest.mark.parametrize("d", [1, 3, 12, 20])
def test_neighbours_are_those_of_brute_force(rng, side, metric, kind, d):
    x, y = cloud(rng, kind, 23, 170, d)
    found = side.backend.knn(side.put(x), side.put(y), 4, side.metric(metric))
    costs = side.costs(x, y, metric)
    expected = nearest(costs, 4)
    indices = side.get(found.indices)
    assert np.issubdtype(indices.dtype, np.integer)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(
        side.get(found.costs), np.take_along_axis(costs, expected, axis=1)
    )


@SIDES
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("spread", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("d", [2, 18])
def test_offsets_change_the_order_but_not_the_costs(rng, side, metric, spread, d):
    x, y = cloud(rng, "normal", 31, 150, d)
    offset = spread * rng.standard_normal(150)
    found = side.backend.knn(side.put(x), side.put(y), 3, side.metric(metric), side.put(offset))
    costs = side.costs(x, y, metric)
    expected = nearest(costs, 3, offset)
    np.testing.assert_array_equal(side.get(found.indices), expected)
    np.testing.assert_array_equal(
        side.get(found.costs), np.take_along_axis(costs, expected, axis=1)
    )


@pytest.mark.parametrize("metric", METRICS)
def test_tied_offsets_prefer_the_smaller_index(rng, metric):
    x, y = np.round(rng.random((40, 2)) * 3), np.round(rng.random((300, 2)) * 3)
    offset = np.round(rng.random(300) * 2)
    indices, _ = numpy_search.nearest(x, y, 5, metric, offset)
    costs = costs_on_numpy(x, y, metric)
    expected = nearest(costs, 5, offset)
    np.testing.assert_array_equal(indices, expected)
    # A backend may take values for tied that only rounding tells apart.
    found = OnNumpy.backend.knn(x, y, 5, metric, offset)
    np.testing.assert_allclose(
        found.costs + offset[found.indices],
        np.take_along_axis(costs + offset, expected, axis=1),
        rtol=1e-14,
        atol=1e-14,
    )


@SIDES
@pytest.mark.parametrize("metric", METRICS)
def test_formulas_agree_with_scipy(rng, side, metric):
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((9, 5))
    rows, cols = np.arange(54) // 9, np.arange(54) % 9
    costs = side.backend.arc_costs(
        side.put(x), side.put(y), side.put(rows), side.put(cols), side.metric(metric)
    )
    np.testing.assert_allclose(
        side.get(costs).reshape(6, 9), cost_matrix(x, y, metric), rtol=1e-12, atol=1e-15
    )


@SIDES
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [2, 18])
def test_prices_are_exact_row_minima_and_the_most_negative_arcs(rng, side, metric, d):
    x, y = cloud(rng, "normal", 25, 140, d)
    costs = side.costs(x, y, metric)
    v = costs.mean() * rng.random(140)
    u = (costs - v).min(axis=1) + 0.2 * costs.std() * rng.random(25)
    u[:5] = (costs - v).min(axis=1)[:5]  # rows where nothing improves
    pricing = side.backend.price(
        side.put(x), side.put(y), side.put(u), side.put(v), side.metric(metric), 3
    )
    np.testing.assert_array_equal(side.get(pricing.row_minima), (costs - v).min(axis=1))
    rows, cols = side.get(pricing.rows), side.get(pricing.cols)
    best = nearest(costs, 3, -v)
    reduced = np.take_along_axis(costs - v, best, axis=1) - u[:, None]
    i, rank = np.nonzero(reduced < 0)
    np.testing.assert_array_equal(rows, i)
    np.testing.assert_array_equal(cols, best[i, rank])
    np.testing.assert_array_equal(side.get(pricing.costs), costs[rows, cols])


@SIDES
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [2, 18])
def test_within_finds_every_pair_up_to_the_radius_inclusive(rng, side, metric, d):
    x, y = cloud(rng, "grid", 25, 60, d)
    costs = side.costs(x, y, metric)
    radius = float(np.quantile(costs, 0.2, method="lower"))
    assert (costs == radius).any()
    rows, cols, found = side.backend.within(side.put(x), side.put(y), radius, side.metric(metric))
    pairs = set(zip(side.get(rows).tolist(), side.get(cols).tolist(), strict=True))
    assert pairs == set(zip(*(i.tolist() for i in np.nonzero(costs <= radius)), strict=True))
    assert len(pairs) == len(side.get(rows))
    np.testing.assert_array_equal(side.get(found), costs[side.get(rows), side.get(cols)])


@SIDES
def test_float32_points_have_float32_costs_without_cancellation(rng, side):
    # Far from the origin, |x|² + |y|² − 2 x·y would have no correct digit left.
    x = (1000 + rng.random((30, 3))).astype(np.float32)
    y = (1000 + rng.random((40, 3))).astype(np.float32)
    found = side.backend.knn(side.put(x), side.put(y), 2, "sqeuclidean")
    costs = side.get(found.costs)
    assert costs.dtype == np.float32
    exact = cost_matrix(x, y, "sqeuclidean")
    np.testing.assert_allclose(costs, np.sort(exact, axis=1)[:, :2], rtol=1e-6)


@pytest.mark.parametrize("d", [3, 40])
@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
def test_clouds_far_from_the_origin_lose_nothing(rng, d, metric):
    x, y = 1e7 + rng.random((30, d)), 1e7 + rng.random((200, d))
    costs = evaluate(x[:, None], y[None], metric, np)
    found = OnNumpy.backend.knn(x, y, 4, metric)
    np.testing.assert_array_equal(found.indices, nearest(costs, 4))


@SIDES
@pytest.mark.parametrize("budget", [1, 10_000, 10**6])
def test_tiles_do_not_change_the_answer(rng, side, budget):
    x, y = np.round(rng.random((37, 2)) * 4), np.round(rng.random((9000, 2)) * 4)
    costs = evaluate(x[:, None], y[None], "sqeuclidean", np)
    options = {"xp": side.backend.xp, "memory_budget": budget}
    points = side.put(x), side.put(y)
    found = agnostic.knn(*points, 6, "sqeuclidean", **options)
    np.testing.assert_array_equal(side.get(found.indices), nearest(costs, 6))
    rows, cols = rng.integers(0, 37, 500), rng.integers(0, 9000, 500)
    listed = agnostic.arc_costs(*points, side.put(rows), side.put(cols), "sqeuclidean", **options)
    np.testing.assert_array_equal(side.get(listed), costs[rows, cols])
    inside, _, _ = agnostic.within(*points, 1.0, "sqeuclidean", **options)
    assert inside.shape[0] == np.count_nonzero(costs <= 1.0)


@pytest.mark.parametrize("metric", METRICS)
def test_small_blocks_do_not_change_the_answer(rng, monkeypatch, metric):
    x, y = np.round(rng.random((300, 2)) * 20), np.round(rng.random((400, 2)) * 20)
    expected = numpy_search.nearest(x, y, 7, metric)
    monkeypatch.setattr(numpy_search, "_BLOCK_NUMBERS", 1000)
    monkeypatch.setattr(numpy_search, "_SLICE_ROWS", 37)
    for found, wanted in zip(numpy_search.nearest(x, y, 7, metric), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("metric", METRICS)
def test_tree_and_tiles_give_the_same_pairs(rng, monkeypatch, metric):
    x, y = rng.random((60, 3)), rng.random((500, 3))
    by_tree = numpy_search.within(x, y, 0.1, metric)
    monkeypatch.setattr(numpy_search, "TREE_DIMENSIONS", 0)
    for blas in (100, 1):
        monkeypatch.setattr(numpy_search, "_BLAS_DIMENSIONS", blas)
        by_tiles = numpy_search.within(x, y, 0.1, metric)
        for found, wanted in zip(by_tiles, by_tree, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_all_targets_can_be_asked_for(rng):
    x, y = rng.random((5, 2)), rng.random((9, 2))
    found = OnNumpy.backend.knn(x, y, 9, "sqeuclidean")
    np.testing.assert_array_equal(np.sort(found.indices, axis=1), np.tile(np.arange(9), (5, 1)))


def test_a_large_search_in_space_is_fast_and_lean():
    import time
    import tracemalloc

    rng = np.random.default_rng(0)
    x, y = rng.random((20_000, 3)), rng.random((20_000, 3))
    tracemalloc.start()
    begin = time.perf_counter()
    numpy_search.nearest(x, y, 16, "sqeuclidean")
    seconds, (_, peak) = time.perf_counter() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10, "a tree takes a fifth of a second; all pairs would take minutes"
    assert peak < 100e6, "all pairs would take 3.2 GB"


def test_the_cost_of_coinciding_points_is_zero_under_every_metric():
    x = np.asarray([[1.0, 2.0, 3.0]])
    for metric in EVERY_METRIC:
        assert evaluate(x, x, metric, np).tolist() == [0.0]


def test_cosine_neither_overflows_nor_divides_by_zero():
    x = np.asarray([[1e200, 1e200], [1e-200, 0.0], [0.0, 0.0]])
    y = np.asarray([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(evaluate(x, y, "cosine", xp), [0.0, 1.0, 1.0], atol=1e-15)


def test_a_callable_that_returns_the_wrong_shape_is_told_so():
    with pytest.raises(ShapeError, match=r"returned shape \(6, 2\) for 6 pairs.*\(6,\)"):
        evaluate(np.zeros((2, 1, 2)), np.zeros((1, 3, 2)), lambda x, y: x - y, np)


def test_an_unknown_metric_is_refused():
    with pytest.raises(InputError, match="Unknown metric 'manhattan'"):
        evaluate(np.zeros((1, 1)), np.zeros((1, 1)), "manhattan", np)


@SIDES
@pytest.mark.parametrize("metric", [*EVERY_METRIC, one_sided])
def test_a_prepared_search_answers_as_if_asked_anew(rng, side, metric):
    x, y = side.put(rng.random((30, 3))), side.put(rng.random((40, 3)))
    u, v = side.put(rng.random(30)), side.put(rng.random(40))
    metric = side.metric(metric)
    search, exchanged = side.backend.search(x, y, metric), as_metric(metric).swapped()
    for _ in range(2):
        for found, wanted in (
            (search.nearest(3), side.backend.knn(x, y, 3, metric)),
            (search.nearest(3, v), side.backend.knn(x, y, 3, metric, v)),
            (search.price(u, v, 2), side.backend.price(x, y, u, v, metric, 2)),
            (search.reverse().nearest(2), side.backend.knn(y, x, 2, exchanged)),
            (search.reverse().reverse().nearest(2, v), side.backend.knn(x, y, 2, metric, v)),
        ):
            for one, other in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(side.get(one), side.get(other))
