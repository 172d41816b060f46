"""SparseCost: stored entries are arcs, nothing else is."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot.backends.protocol import CooParts
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import ShapeError, UnsupportedArrayError

DEVICE = array_api_strict.Device("device1")


def strict(x):
    return array_api_strict.asarray(x, device=DEVICE)


def to_numpy(x):
    return np.asarray(x.to_device(array_api_strict.Device("CPU_DEVICE")))


def messy(rng, n=6, m=5, count=40):
    """Repeated pairs, zeros, infinities; row 2 without arcs."""
    rows, cols = rng.integers(0, n, count), rng.integers(0, m, count)
    rows[rows == 2] = 3
    costs = np.round(rng.standard_normal(count), 1)
    costs[:3] = 0.0, np.inf, 0.0
    return rows, cols, costs, (n, m)


def dense_minimum(rows, cols, costs, shape):
    table = np.full(shape, np.inf)
    np.minimum.at(table, (rows, cols), costs)
    return table


BOTH = pytest.mark.parametrize(
    ("put", "get"), [(np.asarray, np.asarray), (strict, to_numpy)], ids=["numpy", "strict"]
)


def test_zeros_infinities_and_parallel_arcs_are_arcs():
    M = sp.coo_array(([0.0, np.inf, 2.0, 2.0], ([0, 0, 1, 1], [0, 1, 1, 1])), shape=(2, 2))
    cost = SparseCost(M)
    assert cost.costs.tolist() == [0.0, np.inf, 2.0, 2.0]
    assert cost.scope == "arcs"
    assert cost.shape == (2, 2)
    assert cost.arc_at(1) == (0, 1)


def test_costs_are_the_containers_own_memory():
    M = sp.csr_array(np.eye(3))
    assert np.shares_memory(SparseCost(M).costs, M.data)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int32, np.float64),
        (np.bool_, np.float64),
        (np.longdouble, np.float64),
    ],
)
def test_costs_are_float32_or_float64(given, kept):
    assert SparseCost(sp.coo_array(np.eye(2).astype(given))).costs.dtype == kept


@pytest.mark.parametrize("cls", [sp.coo_array, sp.csr_matrix, sp.csc_array, sp.lil_matrix])
def test_a_plan_comes_in_the_callers_container(cls):
    M = cls(np.array([[1.0, 2.0], [0.0, 3.0]]))
    cost = SparseCost(M)
    plan = cost.plan(np.array([0.5, 0.0, 0.5]))
    assert type(plan) is type(M)
    assert plan.nnz == 2
    assert plan.sum() == 1.0


@BOTH
def test_candidates_are_all_arcs(rng, put, get):
    rows, cols, costs, shape = messy(rng)
    cost = SparseCost(CooParts(put(rows), put(cols), put(costs), shape))
    arcs = cost.candidate_arcs(1)
    for found, given in zip(arcs, (rows, cols, costs), strict=True):
        np.testing.assert_array_equal(get(found), given)


@BOTH
def test_looking_up_pairs_finds_the_cheapest_arc_or_infinity(rng, put, get):
    rows, cols, costs, shape = messy(rng)
    cost = SparseCost(CooParts(put(rows), put(cols), put(costs), shape))
    asked = rng.integers(0, shape[0], 90), rng.integers(0, shape[1], 90)
    found = get(cost.arc_costs(put(asked[0]), put(asked[1])))
    np.testing.assert_array_equal(found, dense_minimum(rows, cols, costs, shape)[asked])


def test_looking_up_works_where_pairs_cannot_be_numbered(rng):
    rows = np.array([0, 2**32, 2**32])
    cols = np.array([2**33, 0, 5])
    cost = SparseCost(CooParts(rows, cols, np.array([1.0, 2.0, 3.0]), (2**33, 2**34)))
    found = cost.arc_costs(np.array([2**32, 0, 0]), np.array([5, 2**33, 0]))
    assert found.tolist() == [3.0, 1.0, np.inf]


@BOTH
@pytest.mark.parametrize("per_point", [1, 2, 100])
def test_prices_are_exact(rng, put, get, per_point):
    rows, cols, costs, shape = messy(rng)
    u, v = 0.3 * rng.standard_normal(shape[0]), 0.3 * rng.standard_normal(shape[1])
    cost = SparseCost(CooParts(put(rows), put(cols), put(costs), shape))
    pricing = cost.price(put(u), put(v), per_point)
    expected = np.full(shape[0], np.inf)
    np.minimum.at(expected, rows, costs - v[cols])
    np.testing.assert_array_equal(get(pricing.row_minima), expected)
    assert expected[2] == np.inf
    found_rows = get(pricing.rows)
    found = get(pricing.costs) - v[get(pricing.cols)] - u[found_rows]
    reduced = costs - v[cols] - u[rows]
    for i in range(shape[0]):
        ours = found[found_rows == i]
        wanted = np.sort(reduced[(rows == i) & (reduced < 0)])[:per_point]
        np.testing.assert_allclose(ours, wanted, atol=1e-15)


def test_a_graph_without_arcs_can_be_priced():
    pricing = SparseCost(sp.coo_array((2, 3))).price(np.zeros(2), np.zeros(3), 4)
    assert pricing.rows.size == 0
    assert pricing.row_minima.tolist() == [np.inf, np.inf]


def test_a_dense_array_is_refused():
    with pytest.raises(UnsupportedArrayError, match="Use DenseCost"):
        SparseCost(np.eye(2))


def test_complex_costs_are_refused():
    with pytest.raises(UnsupportedArrayError, match="complex128"):
        SparseCost(sp.coo_array(np.eye(2) * 1j))


def test_parts_of_different_lengths_are_refused():
    with pytest.raises(ShapeError, match="three vectors of one length"):
        SparseCost(CooParts(np.zeros(2, int), np.zeros(3, int), np.ones(3), (2, 2)))


def test_fractional_indices_are_refused():
    with pytest.raises(UnsupportedArrayError, match="Expected integers"):
        SparseCost(CooParts(np.zeros(2), np.zeros(2), np.ones(2), (2, 2)))


@pytest.mark.parametrize(("row", "col", "found"), [(2, 0, "row index 2"), (0, -1, "column index")])
def test_an_index_outside_the_shape_is_refused_before_it_reaches_compiled_code(row, col, found):
    with pytest.raises(ShapeError, match=found):
        SparseCost(CooParts(np.array([row]), np.array([col]), np.ones(1), (2, 2)))


def test_a_corrupt_csr_container_is_refused():
    M = sp.csr_array(np.eye(3))
    M.indices[1] = 7
    with pytest.raises(ShapeError, match=r"column index 7 .* Expected 0 to 2"):
        SparseCost(M)
