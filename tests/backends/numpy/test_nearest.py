"""The compiled search for nearest targets, against brute force and SciPy's k-d tree."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy.spatial import cKDTree
from support.brute_force import cost_matrix, costs_on_numpy
from support.brute_force import nearest as sorted_rows
from support.metrics import EVERY_METRIC, EXACT

from sparse_ot.backends.numpy.search import Clouds, nearest, nearest_and_minima
from sparse_ot.core import search as core_search
from sparse_ot.core.search import Metric
from sparse_ot.metrics import as_metric, evaluate


def expected_of(x, y, k, metric, offset=None):
    costs = costs_on_numpy(x, y, metric)
    indices = sorted_rows(costs, k, offset)
    return indices, np.take_along_axis(costs, indices, axis=1)


def assert_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_the_core_knows_every_metric(metric):
    assert as_metric(metric).core in set(Metric)


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [1, 2, 9, 64, 300])
def test_costs_of_listed_pairs_are_those_of_scipy_and_of_the_formulas(rng, metric, d):
    x, y = rng.standard_normal((40, d)), rng.standard_normal((30, d))
    rows, cols = rng.integers(0, 40, 9000), rng.integers(0, 30, 9000)
    costs = Clouds(x, y, metric).costs(rows, cols.astype(np.int32))
    if d > 1 or metric not in ("cosine", "correlation"):  # SciPy divides by zero
        wanted = cost_matrix(x, y, metric)[rows, cols]
        np.testing.assert_allclose(costs, wanted, rtol=1e-12, atol=1e-15)
    formula = evaluate(x[rows], y[cols], metric, np)
    if metric in EXACT:
        np.testing.assert_array_equal(costs, formula)
    else:
        np.testing.assert_allclose(costs, formula, rtol=1e-14)


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [1, 2, 7, 8, 9, 10, 11, 16, 31, 64, 128, 129, 300])
def test_costs_are_those_of_the_formulas_to_the_last_bit(rng, metric, d):
    x, y = rng.standard_normal((13, d)), rng.standard_normal((90, d))
    assert_same(nearest(x, y, 5, metric), expected_of(x, y, 5, metric))
    offset = rng.standard_normal(90)
    assert_same(nearest(x, y, 5, metric, offset), expected_of(x, y, 5, metric, offset))


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [2, 40])
@pytest.mark.parametrize("spread", [1e-12, 1e-6, 1.0, 1e6, 1e15])
def test_offsets_of_any_size_are_exact(rng, metric, d, spread):
    x, y = rng.random((20, d)), rng.random((200, d))
    offset = spread * rng.standard_normal(200)
    assert_same(nearest(x, y, 4, metric, offset), expected_of(x, y, 4, metric, offset))
    assert_same(nearest(x, y, 4, metric, offset + 1e9), expected_of(x, y, 4, metric, offset + 1e9))


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [3, 33])
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-25, 1e25, 1e140, 1e160])
@pytest.mark.filterwarnings("ignore:overflow")
def test_points_of_any_size_are_exact(rng, metric, d, scale):
    x, y = scale * rng.standard_normal((20, d)), scale * rng.standard_normal((120, d))
    assert_same(nearest(x, y, 4, metric), expected_of(x, y, 4, metric))


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [2, 24])
@pytest.mark.parametrize("center", [1e3, 1e8, 1e15])
def test_clouds_far_from_the_origin_or_from_each_other(rng, metric, d, center):
    x, y = center + rng.random((20, d)), center + rng.random((150, d))
    assert_same(nearest(x, y, 4, metric), expected_of(x, y, 4, metric))
    assert_same(nearest(x - center, y, 4, metric), expected_of(x - center, y, 4, metric))
    y[7] = -1e9 * center  # an outlier must not blur the others
    assert_same(nearest(x, y, 4, metric), expected_of(x, y, 4, metric))


@pytest.mark.parametrize("d", [1, 2, 3, 8, 20])
@pytest.mark.parametrize(
    ("metric", "p"), [("euclidean", 2), ("cityblock", 1), ("chebyshev", np.inf)]
)
def test_agrees_with_the_tree_of_scipy(rng, d, metric, p):
    x, y = rng.random((500, d)), rng.random((3000, d))
    distances, indices = cKDTree(y).query(x, 7, p=p)
    found = nearest(x, y, 7, metric)
    np.testing.assert_array_equal(found[0], indices)
    np.testing.assert_allclose(found[1], distances, rtol=1e-13)


@pytest.mark.parametrize("d", [2, 30])
def test_threads_and_calls_at_once_do_not_show(rng, d):
    x, y = np.round(20 * rng.random((3000, d))), np.round(20 * rng.random((3000, d)))
    offset = np.round(rng.random(3000))
    index = core_search.NearestIndex(y, Metric.cityblock, threads=2)
    assert (index.count, index.dimension) == (3000, d)
    alone = index.query(x, 3, offset, threads=1)
    answers = {}
    workers = [
        threading.Thread(
            target=lambda t=t: answers.update({t: index.query(x, 3, offset, threads=t)})
        )
        for t in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for answer in answers.values():
        assert_same(answer, alone)


def test_more_neighbours_than_targets_leaves_places_empty():
    indices, costs = core_search.nearest(np.zeros((1, 1)), np.ones((2, 1)), 4, Metric.sqeuclidean)
    assert indices.tolist() == [[0, 1, -1, -1]]
    assert costs.tolist() == [[1.0, 1.0, np.inf, np.inf]]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros((1, 2)), np.zeros((1, 3)), 1), {}, "same number of coordinates"),
        ((np.zeros((1, 2)), np.zeros((1, 2)), 0), {}, "k must be at least 1"),
        ((np.zeros((1, 2)), np.zeros((0, 2)), 1), {}, "targets"),
        ((np.zeros((1, 2)), np.zeros((1, 2)), 1), {"p": 0.5}, "p must be a finite number"),
        ((np.zeros((1, 2)), np.zeros((1, 2)), 1), {"p": np.nan}, "p must be a finite number"),
        ((np.zeros((1, 2)), np.zeros((1, 2)), 1), {"offset": np.zeros(2)}, "offset"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        core_search.nearest(*arguments, Metric.minkowski, **options)  # type: ignore[call-arg]


def test_a_metric_is_a_member_of_the_enum():
    with pytest.raises(TypeError):
        core_search.nearest(np.zeros((1, 2)), np.zeros((1, 2)), 1, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("pair", [(2, 0), (0, 1), (-1, 0)])
def test_pairs_out_of_range_have_no_cost(pair):
    rows, cols = np.asarray(pair[:1]), np.asarray(pair[1:])
    with pytest.raises(ValueError, match="within range"):
        core_search.pair_costs(np.zeros((2, 1)), np.zeros((1, 1)), rows, cols, Metric.euclidean)


def test_what_is_prepared_serves_many_searches_in_both_directions(rng):
    x, y = rng.random((50, 3)), rng.random((70, 3))
    clouds = Clouds(x, y, "cosine")
    for _ in range(2):
        for offset in (None, rng.random(70)):
            assert_same(clouds.nearest(4, offset), expected_of(x, y, 4, "cosine", offset))
        assert_same(clouds.reverse().nearest(4), expected_of(y, x, 4, "cosine"))
        assert clouds.reverse().reverse() is clouds
    assert clouds._index is clouds.reverse().reverse()._index


@pytest.mark.parametrize("d", [2, 30])
def test_vectors_without_a_direction_are_orthogonal_to_all_others(d):
    x, y = np.zeros((2, d)), np.zeros((3, d))
    x[1, 0], y[0, 0], y[2, 1] = 3, 1e200, -1e-200
    indices, costs = nearest(x, y, 3, "cosine")
    assert indices.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert costs.tolist() == [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    flat, bent = np.full((1, d), 0.1), np.arange(2.0 * d).reshape(2, d) ** 2
    np.testing.assert_allclose(nearest(flat, bent, 2, "correlation")[1], 1.0, rtol=1e-14)
    assert nearest(flat, 7 * flat, 1, "correlation")[1].tolist() == [[1.0]]


def test_many_sources_in_the_plane_take_seconds_and_little_memory():
    import time

    rng = np.random.default_rng(0)
    x, y = rng.random((50_000, 2)), rng.random((50_000, 2))
    begin = time.perf_counter()
    nearest(x, y, 6, "sqeuclidean", 0.1 * y[:, 0])
    assert time.perf_counter() - begin < 5, "a tree takes a tenth of a second; all pairs take 10"


def steep_problem(rng, metric, d, apart):
    """Sources, targets, and offsets as steep as the costs between clouds `apart`."""
    x, y = rng.random((400, d)), rng.random((6000, d)) + apart
    if metric == "sqeuclidean":
        return x, y, -(2 * apart * y).sum(axis=1)
    origin = np.full(d, -1.0)
    return x, y, -evaluate(origin[None], y, metric, np)


STEEP = pytest.mark.parametrize(
    ("metric", "d", "apart"),
    [
        ("euclidean", 1, 0.0),
        ("euclidean", 1, 10.0),
        ("euclidean", 2, 10.0),
        ("cityblock", 2, 10.0),
        ("chebyshev", 2, 10.0),
        ("sqeuclidean", 2, 100.0),
        ("sqeuclidean", 3, 1e4),
    ],
)


@STEEP
def test_minima_are_below_all_values_in_extended_precision(rng, metric, d, apart):
    x, y, offset = steep_problem(rng, metric, d, apart)
    _, _, minima = nearest_and_minima(x, y, 4, metric, offset)
    exact_x, exact_y = (np.asarray(p, np.longdouble) for p in (x[:, None], y[None]))
    costs = evaluate(exact_x, exact_y, metric, np)
    values = costs + offset
    # Computed costs are themselves a few ulps from true ones.
    rounding = (d + 4) * 2.0**-53 * (costs + abs(offset))
    assert (minima[:, None] <= values + rounding).all()
    assert (minima[:, None] <= evaluate(x[:, None], y[None], metric, np) + offset).all()
    # And lower by no more than ties are.
    least = values.argmin(axis=1)[:, None]
    largest = (costs + abs(offset)).max(axis=1)
    assert (np.take_along_axis(values, least, 1)[:, 0] - minima <= 16 * 2.0**-52 * largest).all()


@STEEP
def test_prices_as_steep_as_costs_take_few_visits(rng, metric, d, apart):
    x, y, offset = steep_problem(rng, metric, d, apart)
    kind = as_metric(metric).core
    assert kind is not None
    index = core_search.NearestIndex(y, kind)
    visits = [index.query(x, 6, o, loose=True)[3] / len(x) for o in (offset, None)]
    assert visits[0] < 100, "of 860 groups; nearly all of them if bounds forget the slope"
    assert visits[1] < 100
    assert_same(nearest(x, y, 6, metric, offset), expected_of(x, y, 6, metric, offset))


def test_minima_are_the_least_values_where_nothing_ties(rng):
    for metric in EVERY_METRIC:
        x, y, offset = rng.random((200, 2)), rng.random((3000, 2)), 0.1 * rng.random(3000)
        indices, costs, minima = nearest_and_minima(x, y, 3, metric, offset)
        assert_same((indices, costs), expected_of(x, y, 3, metric, offset))
        np.testing.assert_array_equal(minima, costs[:, 0] + offset[indices[:, 0]])
