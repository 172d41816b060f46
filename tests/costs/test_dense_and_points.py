"""DenseCost and PointCloudCost: every pair is an arc."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp
from support.brute_force import cost_matrix, nearest, one_sided

from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import (
    InputError,
    MixedBackendsError,
    NonFiniteError,
    ShapeError,
    UnsupportedArrayError,
)

DEVICE = array_api_strict.Device("device1")


def strict(x):
    return array_api_strict.asarray(x, device=DEVICE)


def to_numpy(x):
    return np.asarray(x.to_device(array_api_strict.Device("CPU_DEVICE")))


BOTH = pytest.mark.parametrize(
    ("put", "get"), [(np.asarray, np.asarray), (strict, to_numpy)], ids=["numpy", "strict"]
)
MODELS = pytest.mark.parametrize("model", ["dense", "points"])


def build(rng, model, put):
    """A cost model and the matrix of its costs."""
    x, y = rng.random((11, 3)), rng.random((14, 3))
    costs = cost_matrix(x, y, "sqeuclidean")
    if model == "dense":
        return DenseCost(put(costs)), costs
    return PointCloudCost(put(x), put(y)), costs


@BOTH
@MODELS
@pytest.mark.parametrize("per_point", [1, 3, 50])
@pytest.mark.parametrize("priced", [False, True])
def test_candidates_are_the_cheapest_of_each_row_and_column(
    rng, put, get, model, per_point, priced
):
    cost, costs = build(rng, model, put)
    u, v = (rng.random(11), rng.random(14)) if priced else (np.zeros(11), np.zeros(14))
    arcs = cost.candidate_arcs(per_point, (put(u), put(v)) if priced else None)
    rows, cols = get(arcs.rows), get(arcs.cols)
    expected = {(i, j) for i, row in enumerate(nearest(costs, min(per_point, 14), -v)) for j in row}
    expected |= {
        (i, j) for j, col in enumerate(nearest(costs.T, min(per_point, 11), -u)) for i in col
    }
    assert set(zip(rows.tolist(), cols.tolist(), strict=True)) == expected
    assert len(rows) == len(expected), "no pair twice"
    np.testing.assert_allclose(get(arcs.costs), costs[rows, cols], rtol=1e-14)


@BOTH
@MODELS
def test_prices_are_exact_row_minima_and_the_most_negative_arcs(rng, put, get, model):
    cost, costs = build(rng, model, put)
    u, v = rng.random(11) * 0.3, rng.random(14)
    pricing = cost.price(put(u), put(v), 2)
    np.testing.assert_allclose(
        get(pricing.row_minima), (costs - v).min(axis=1), rtol=1e-13, atol=1e-15
    )
    reduced = costs - u[:, None] - v
    expected = {(i, j) for i, row in enumerate(nearest(costs, 2, -v)) for j in row}
    expected = {(i, j) for i, j in expected if reduced[i, j] < 0}
    assert expected
    found = zip(get(pricing.rows).tolist(), get(pricing.cols).tolist(), strict=True)
    assert set(found) == expected


@BOTH
@MODELS
def test_costs_of_listed_pairs(rng, put, get, model):
    cost, costs = build(rng, model, put)
    rows, cols = rng.integers(0, 11, 30), rng.integers(0, 14, 30)
    np.testing.assert_allclose(
        get(cost.arc_costs(put(rows), put(cols))), costs[rows, cols], rtol=1e-14
    )
    assert cost.scope == "dense"
    assert cost.shape == (11, 14)
    assert cost.arc_at(15) == (1, 1)


def test_slabs_of_a_matrix_do_not_change_the_answer(rng, monkeypatch):
    from sparse_ot.costs import dense

    costs = rng.random((40, 30))
    whole = DenseCost(costs).candidate_arcs(3)
    monkeypatch.setattr(dense, "MEMORY_BUDGET", 2000)
    for found, expected in zip(DenseCost(costs).candidate_arcs(3), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_forbidden_pair_is_never_worth_adding():
    pricing = DenseCost([[np.inf, 1.0]]).price(np.array([5.0]), np.zeros(2), 2)
    assert pricing.cols.tolist() == [1]


def test_a_dense_plan_is_a_matrix():
    cost = DenseCost(np.zeros((2, 3), np.float32))
    assert cost.plan(np.arange(6.0)).tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert cost.matrix.dtype == np.float32


def test_a_matrix_of_floats_is_not_copied():
    M = np.zeros((2, 3))
    assert DenseCost(M).matrix is M


@BOTH
def test_the_matrix_of_two_clouds(rng, put, get):
    cost, costs = build(rng, "points", put)
    np.testing.assert_allclose(get(cost.matrix()), costs, rtol=1e-14)


def test_candidates_of_a_one_sided_cost_keep_its_direction(rng):
    x, y = rng.random((9, 2)), rng.random((8, 2))
    costs = cost_matrix(x, y, one_sided)
    arcs = PointCloudCost(x, y, one_sided).candidate_arcs(2)
    np.testing.assert_array_equal(arcs.costs, costs[arcs.rows, arcs.cols])
    columns = {(i, j) for j, col in enumerate(nearest(costs.T, 2)) for i in col}
    assert columns <= set(zip(arcs.rows.tolist(), arcs.cols.tolist(), strict=True))


def test_a_vector_means_points_on_a_line():
    cost = PointCloudCost([0.0, 1.0], np.array([3.0]))
    assert cost.x.shape == (2, 1)
    assert cost.matrix().tolist() == [[9.0], [4.0]]


def test_points_take_their_common_dtype():
    x32, x64 = np.zeros((2, 2), np.float32), np.zeros((2, 2))
    assert PointCloudCost(x32, x32).candidate_arcs(1).costs.dtype == np.float32
    assert PointCloudCost(x32, x64).candidate_arcs(1).costs.dtype == np.float64
    assert PointCloudCost([[0, 1]], [[1, 2]]).x.dtype == np.float64


def test_a_list_joins_the_library_and_device_of_the_other_cloud():
    for X, Y in (([[1.0]], strict([[2.0]])), (strict([[1.0]]), [[2.0]])):
        cost = PointCloudCost(X, Y)
        assert cost.backend.name == "array_api_strict"
        assert cost.x.device == cost.y.device == DEVICE


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_coordinate_that_is_not_finite_is_named(value):
    Y = np.zeros((4, 2))
    Y[2, 1] = value
    with pytest.raises(NonFiniteError, match=rf"Y\[2\] is \[0.0, {value}\].*Drop the point"):
        PointCloudCost(np.zeros((3, 2)), Y)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 3)), "X has 2 coordinates a point and Y has 3"),
        (np.zeros((3, 2, 1)), np.zeros((3, 2)), r"X has shape \(3, 2, 1\)"),
        (np.zeros((0, 2)), np.zeros((3, 2)), r"X has shape \(0, 2\)"),
        (np.zeros((3, 2)), np.zeros((3, 0)), r"Y has shape \(3, 0\)"),
        (np.zeros((3, 2)), 5.0, r"Y has shape \(\)"),
        ([[0.0], [1.0, 2.0]], [[0.0]], "rows of equal length"),
    ],
)
def test_what_are_not_points_is_refused(X, Y, message):
    with pytest.raises(ShapeError, match=message):
        PointCloudCost(X, Y)


def test_complex_points_are_refused():
    with pytest.raises(UnsupportedArrayError, match="complex128"):
        PointCloudCost(np.zeros((2, 2), complex), np.zeros((2, 2)))


def test_two_libraries_are_refused_by_name():
    with pytest.raises(MixedBackendsError, match="numpy: X; array_api_strict: Y"):
        PointCloudCost(np.zeros((2, 2)), strict(np.zeros((2, 2))))


def test_an_unknown_metric_is_refused():
    with pytest.raises(InputError, match="Did you mean 'euclidean'"):
        PointCloudCost([[0.0]], [[0.0]], "euclid")


@pytest.mark.parametrize("M", [np.zeros(3), np.zeros((2, 2, 2)), 1.0])
def test_a_matrix_has_two_dimensions(M):
    with pytest.raises(ShapeError, match=r"Expected \(n, m\)"):
        DenseCost(M)


def test_a_sparse_matrix_is_not_quietly_made_dense():
    with pytest.raises(UnsupportedArrayError, match="Use SparseCost"):
        DenseCost(sp.eye_array(3))


def test_a_matrix_of_words_is_refused():
    with pytest.raises(UnsupportedArrayError, match=r"an item of M is '[ab]'\. Expected numbers"):
        DenseCost([["a", "b"]])
