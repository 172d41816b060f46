"""knn_cost, radius_cost and union: which arcs, at what cost, in which container."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp
from support.brute_force import cost_matrix, cubed_cityblock, nearest, one_sided
from support.metrics import EVERY_METRIC

from sparse_ot.backends.protocol import CooParts
from sparse_ot.costs.graphs import knn_cost, radius_cost, union
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


def arcs_of(M):
    """{(row, col): cost}, from a scipy container or parts on a device."""
    if isinstance(M, CooParts):
        rows, cols, costs = map(to_numpy, (M.rows, M.cols, M.values))
    else:
        coo = M.tocoo()
        rows, cols, costs = coo.row, coo.col, coo.data
    pairs = list(zip(rows.tolist(), cols.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs), "a pair is stored twice"
    return dict(zip(pairs, costs.tolist(), strict=True))


BOTH = pytest.mark.parametrize("put", [np.asarray, strict], ids=["numpy", "strict"])


@pytest.mark.parametrize("metric", [*EVERY_METRIC, cubed_cityblock, one_sided])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("k", [1, 4])
def test_knn_cost_has_the_nearest_of_each_point_and_nothing_else(rng, metric, symmetric, k):
    x, y = rng.standard_normal((17, 3)), rng.standard_normal((23, 3))
    costs = cost_matrix(x, y, metric)
    expected = {(i, int(j)) for i, row in enumerate(nearest(costs, k)) for j in row}
    if symmetric:
        expected |= {(int(i), j) for j, col in enumerate(nearest(costs.T, k)) for i in col}
    M = knn_cost(x, y, k, metric, symmetric=symmetric)
    found = arcs_of(M)
    assert set(found) == expected
    for (i, j), cost in found.items():
        assert cost == pytest.approx(costs[i, j], rel=1e-12, abs=1e-15)
    assert type(M) is sp.csr_array
    assert M.has_sorted_indices


@BOTH
def test_knn_cost_runs_on_a_device_that_refuses_conversion(rng, put):
    x, y = rng.random((8, 2)), rng.random((9, 2))
    found, expected = arcs_of(knn_cost(put(x), put(y), 2)), arcs_of(knn_cost(x, y, 2))
    assert found == expected


def test_coinciding_points_have_stored_arcs_of_cost_zero(rng):
    x = rng.random((6, 2))
    M = knn_cost(x, x, 1)
    assert M.nnz == 6
    assert M.data.tolist() == [0.0] * 6


def test_more_neighbours_than_points_means_all(rng):
    assert knn_cost(rng.random((3, 2)), rng.random((5, 2)), 100).nnz == 15


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_costs_have_the_dtype_of_the_points(rng, dtype):
    x = rng.random((6, 2)).astype(dtype)
    for M in (knn_cost(x, x, 2), radius_cost(x, x, 1.0), union(knn_cost(x, x, 2))):
        assert M.dtype == dtype


@pytest.mark.parametrize("k", [0, -1, 2.5, "3", None])
def test_k_is_a_positive_integer(k):
    with pytest.raises(InputError, match="k must be a whole number of at least 1; found "):
        knn_cost([[0.0]], [[1.0]], k)


def test_a_numpy_integer_is_an_integer():
    assert knn_cost([[0.0]], [[1.0]], np.int32(1)).nnz == 1


@BOTH
@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_radius_cost_has_all_pairs_up_to_the_radius(rng, put, metric):
    x, y = rng.standard_normal((17, 3)), rng.standard_normal((23, 3))
    costs = cost_matrix(x, y, metric)
    middle = np.sort(costs, axis=None)[195:197]
    radius = float(middle.mean())  # between two costs: SciPy's may differ by a rounding
    assert middle[0] < radius < middle[1]
    found = arcs_of(radius_cost(put(x), put(y), radius, metric))
    assert set(found) == set(zip(*(i.tolist() for i in np.nonzero(costs <= radius)), strict=True))


def test_the_radius_is_inclusive_and_in_units_of_cost():
    assert radius_cost([0.0], [3.0], 9.0).nnz == 1
    assert radius_cost([0.0], [3.0], 8.99).nnz == 0
    assert radius_cost([0.0], [3.0], 3.0, "euclidean").nnz == 1


@pytest.mark.parametrize("d", [2, 20])
@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_an_infinite_radius_means_every_pair(rng, metric, d):
    assert radius_cost(rng.random((5, d)), rng.random((4, d)), np.inf, metric).nnz == 20


@pytest.mark.parametrize("radius", [-1.0, np.nan, "wide", None, [1.0, 2.0]])
def test_a_radius_that_is_no_cost_is_refused(radius):
    with pytest.raises(InputError, match="radius must be a cost of at least 0"):
        radius_cost([0.0], [1.0], radius)


def random_sparse(rng, fmt="coo", count=20):
    rows, cols = rng.integers(0, 6, count), rng.integers(0, 7, count)
    return sp.coo_array((np.round(rng.random(count), 1), (rows, cols)), shape=(6, 7)).asformat(fmt)


@pytest.mark.parametrize("fmt", ["coo", "csr", "csc"])
def test_a_union_keeps_the_cheapest_arc_of_each_pair(rng, fmt):
    costs = [random_sparse(rng, f) for f in (fmt, "coo", "csr")]
    expected: dict[tuple[int, int], float] = {}
    for M in costs:
        coo = M.tocoo()
        for i, j, cost in zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True):
            expected[i, j] = min(cost, expected.get((i, j), np.inf))
    assert arcs_of(union(*costs)) == expected


def test_a_union_runs_on_a_device_that_refuses_conversion(rng):
    costs = [random_sparse(rng) for _ in range(2)]
    parts = [CooParts(strict(M.row), strict(M.col), strict(M.data), M.shape) for M in costs]
    assert arcs_of(union(*parts)) == arcs_of(union(*costs))


def test_a_union_keeps_zeros_and_changes_nothing_it_was_given():
    M = sp.csr_array((np.array([0.0, 5.0]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    N = sp.csr_array(np.array([[3.0, 1.0]]))
    assert arcs_of(union(M, N)) == {(0, 0): 3.0, (0, 1): 0.0}
    assert M.indices.tolist() == [1, 0]
    assert M.data.tolist() == [0.0, 5.0]


def test_a_union_of_one_removes_parallel_arcs():
    M = sp.coo_array(([2.0, 1.0], ([0, 0], [0, 0])), shape=(1, 1))
    assert arcs_of(union(M)) == {(0, 0): 1.0}


def test_a_union_of_different_shapes_names_the_odd_one():
    with pytest.raises(ShapeError, match=r"M has shape \(2, 2\) and others\[1\] has \(2, 3\)"):
        union(sp.eye_array(2), sp.eye_array(2), sp.eye_array(2, 3))


def test_a_union_with_a_dense_matrix_is_refused():
    with pytest.raises(UnsupportedArrayError, match="Expected a sparse container"):
        union(sp.eye_array(2), np.eye(2))


def test_a_union_of_two_libraries_names_the_arguments():
    one = CooParts(strict([0]), strict([0]), strict([1.0]), (2, 2))
    with pytest.raises(MixedBackendsError, match=r"numpy: M; array_api_strict: others\[0\]"):
        union(sp.eye_array(2), one)


@pytest.mark.parametrize("build", [lambda x: knn_cost(x, x, 1), lambda x: radius_cost(x, x, 1.0)])
def test_points_are_checked(build):
    with pytest.raises(NonFiniteError, match=r"X\[1\]"):
        build(np.array([[0.0], [np.nan]]))


def test_a_crowd_shares_one_target_only_as_often_as_asked():
    # All sources nearest to one target: the other targets are reached by the symmetric half.
    x = np.zeros((50, 2))
    y = np.arange(20.0)[:, None] * [1.0, 0.0]
    M = knn_cost(x, y, 1)
    assert set(M.tocoo().col.tolist()) == set(range(20))
    assert M.nnz == 50 + 19
