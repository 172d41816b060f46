"""feasible_for: the graph really carries the masses, as exact flows and as the solver see them."""

from __future__ import annotations

import itertools

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import maximum_flow
from support.problems import integer_masses, random_masses, wide_masses

from sparse_ot.backends.protocol import CooParts
from sparse_ot.core import LiveBasis
from sparse_ot.costs.feasible_arcs import hilbert_order
from sparse_ot.costs.graphs import knn_cost, radius_cost, union
from sparse_ot.errors import InputError, MassError, NonFiniteError, ShapeError

DEVICE = array_api_strict.Device("device1")


def carries_whole_masses(M, a, b):
    """Whether a maximum flow on the arcs moves all of the integer masses."""
    n, m = M.shape
    coo = M.tocoo()
    source, sink = n + m, n + m + 1
    tails = np.concatenate([coo.row, np.full(n, source), n + np.arange(m)])
    heads = np.concatenate([n + coo.col, np.arange(n), np.full(m, sink)])
    capacities = np.concatenate([np.full(coo.nnz, a.sum()), a, b]).astype(np.int32)
    network = sp.csr_array((capacities, (tails, heads)), shape=(n + m + 2, n + m + 2))
    return maximum_flow(network, source, sink).flow_value == a.sum()


def solver_accepts(M, a, b):
    """Whether the solver, with masses as it rounds them, finds a plan on the arcs."""
    coo = M.tocoo()
    basis = LiveBasis(np.asarray(a), np.asarray(b), 1e-6)
    basis.add(coo.row, coo.col, coo.data)
    assert basis.fault is None
    return basis.start()


def far_crowds(rng, n, m, d=2):
    """Two crowds in each cloud, of different sizes: neighbours alone cannot carry the masses."""
    x, y = 0.1 * rng.standard_normal((n, d)), 0.1 * rng.standard_normal((m, d))
    x[: n // 4] += 10
    y[: 2 * m // 3] += 10
    return x, y


def nothing(x, y):
    """A graph without arcs, so that the backbone stands alone."""
    return sp.coo_array((len(x), len(y)))


def backbone(x, y, a, b, metric="sqeuclidean"):
    return union(nothing(x, y), feasible_for=(a, b), points=(x, y), metric=metric)


@pytest.mark.parametrize("d", [1, 2, 3, 7])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (30, 30), (30, 41), (64, 16)])
def test_the_backbone_carries_integer_masses_with_few_arcs(rng, n, m, d):
    x, y = far_crowds(rng, n, m, d)
    a, b = integer_masses(rng, n, m)
    M = backbone(x, y, a, b)
    assert M.nnz <= n + m - 1
    assert carries_whole_masses(M, a.astype(int), b.astype(int))
    assert solver_accepts(M, a, b)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (48, 36), (47, 35), (10, 1000)])
def test_uniform_masses_need_the_fewest_arcs(rng, n, m):
    x, y = far_crowds(rng, n, m)
    M = backbone(x, y, None, None)
    assert M.nnz == n + m - np.gcd(n, m)
    assert solver_accepts(M, np.full(n, 1 / n), np.full(m, 1 / m))


def test_a_knn_graph_that_is_infeasible_becomes_feasible(rng):
    x, y = far_crowds(rng, 60, 50)
    a, b = integer_masses(rng, 60, 50)
    without, with_backbone = knn_cost(x, y, 3), knn_cost(x, y, 3, feasible_for=(a, b))
    assert not carries_whole_masses(without, a.astype(int), b.astype(int))
    assert carries_whole_masses(with_backbone, a.astype(int), b.astype(int))
    assert with_backbone.nnz <= without.nnz + 60 + 50 - 1


def test_a_radius_graph_that_is_infeasible_becomes_feasible(rng):
    x, y = far_crowds(rng, 60, 50)
    a, b = integer_masses(rng, 60, 50)
    without, with_backbone = radius_cost(x, y, 0.2), radius_cost(x, y, 0.2, feasible_for=(a, b))
    assert not solver_accepts(without, a, b)
    assert solver_accepts(with_backbone, a, b)


def test_a_union_that_is_infeasible_becomes_feasible(rng):
    x, y = far_crowds(rng, 60, 50)
    a, b = integer_masses(rng, 60, 50)
    near, wide = knn_cost(x, y, 2, "cityblock"), radius_cost(x, y, 0.1, "cityblock")
    M = union(near, wide, feasible_for=(a, b), points=(x, y), metric="cityblock")
    assert not solver_accepts(union(near, wide), a, b)
    assert solver_accepts(M, a, b)
    coo = M.tocoo()
    np.testing.assert_allclose(coo.data, np.abs(x[coo.row] - y[coo.col]).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("masses", [random_masses, wide_masses])
def test_the_solver_accepts_masses_that_it_must_round(seed, masses):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 60, 2)
    x, y = rng.random((n, 2)), rng.random((m, 2))
    a, b = masses(rng, n, m)
    assert solver_accepts(backbone(x, y, a, b), a, b)


@pytest.mark.parametrize("seed", range(40))
def test_sums_that_coincide_up_to_rounding_are_bridged(seed):
    # 0.1 + 0.2 against 0.3: which walk is ahead is a matter of rounding, all along the way.
    rng = np.random.default_rng(seed)
    b = rng.integers(1, 10, 30) / 7 + 0.1 * np.pi
    shares = rng.random((30, 3)) + 0.1
    a = (b[:, None] * shares / shares.sum(axis=1, keepdims=True)).ravel()
    a, b = a / a.sum(), b / b.sum()
    x, y = np.arange(90.0), 3 * np.arange(30.0) + 1
    M = backbone(x, y, a, b)
    assert solver_accepts(M, a, b)
    assert M.nnz <= (90 + 30 - 1) + 29, "one more arc for each coincidence"


def test_float32_masses_are_carried(rng):
    a, b = random_masses(rng, 200, 300)
    a, b = a.astype(np.float32), b.astype(np.float32)
    x, y = rng.random((200, 2)), rng.random((300, 2))
    assert solver_accepts(backbone(x, y, a, b), a, b)


def test_points_without_mass_get_no_arc_and_do_no_harm(rng):
    a, b = integer_masses(rng, 30, 20)
    a, b = np.insert(a, [0, 7, 30], 0.0), np.insert(b, [0, 0, 20], 0.0)
    x, y = rng.random((33, 2)), rng.random((23, 2))
    M = backbone(x, y, a, b)
    assert solver_accepts(M, a, b)
    assert not set(M.tocoo().row.tolist()) & set(np.flatnonzero(a == 0).tolist())
    assert M.nnz <= 30 + 20 - 1


def test_masses_that_are_all_rounding_errors_do_not_make_a_dense_graph(rng):
    a, b = np.full(500, 1e-30), np.full(500, 1e-30)
    a[3] = b[400] = 1.0
    x, y = rng.random((500, 2)), rng.random((500, 2))
    a[5] *= 1.5  # not multiples of one another
    M = backbone(x, y, a, b)
    assert M.nnz <= 2 * (500 + 500)


def test_on_a_line_the_backbone_is_the_optimal_plan(rng):
    x, y = rng.random(40), rng.random(40)
    M = backbone(x, y, None, None)
    optimal = np.mean((np.sort(x) - np.sort(y)) ** 2)
    assert M.nnz == 40
    assert M.sum() / 40 == pytest.approx(optimal, rel=1e-12)


def test_the_backbone_of_points_in_space_is_much_cheaper_than_chance(rng):
    x, y = rng.random((2000, 2)), rng.random((2000, 2))
    along_curve = backbone(x, y, None, None).sum() / 2000
    assert along_curve < 0.1 * np.mean(np.sum((x - y) ** 2, axis=1))


def test_a_cosine_backbone_follows_directions(rng):
    angle = rng.random(300) * 6
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.lognormal(0, 3, (300, 1))
    y = np.stack([np.cos(angle), np.sin(angle)], axis=1)[rng.permutation(300)]
    M = backbone(x, y, None, None, "cosine")
    assert M.sum() < 1e-10


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_curve_visits_neighbouring_cells_one_after_the_other(d):
    side = 8
    cells = np.asarray(list(itertools.product(range(side), repeat=d)), float)
    # Cell centres, with the corners of the bounding cube present, so that cells line up.
    order = hilbert_order(np.floor(cells * (2**20 / side) + 2**19 / side))
    steps = np.abs(np.diff(cells[order], axis=0)).sum(axis=1)
    assert (steps == 1).all()


def test_the_backbone_is_the_same_every_time(rng):
    x, y = rng.random((50, 9)), rng.random((60, 9))
    a, b = random_masses(rng, 50, 60)
    first, again = backbone(x, y, a, b), backbone(x, y, a, b)
    np.testing.assert_array_equal(first.indices, again.indices)
    np.testing.assert_array_equal(first.data, again.data)


@pytest.mark.filterwarnings("ignore:You are comparing a array_api_strict dtype")
def test_arcs_on_a_device_stay_there(rng):
    def put(x):
        return array_api_strict.asarray(x, device=DEVICE)

    x, y = far_crowds(rng, 20, 30)
    a, b = integer_masses(rng, 20, 30)
    parts = knn_cost(put(x), put(y), 2, feasible_for=(put(a), put(b)))
    assert isinstance(parts, CooParts)
    assert parts.values.device == DEVICE
    host = [
        np.asarray(p.to_device(array_api_strict.Device("CPU_DEVICE")))
        for p in (parts.values, parts.rows, parts.cols)
    ]
    M = sp.coo_array((host[0], (host[1], host[2])), shape=parts.shape)
    assert carries_whole_masses(M, a.astype(int), b.astype(int))


def test_a_union_without_points_cannot_price_a_backbone():
    with pytest.raises(InputError, match=r"Pass points=\(X, Y\)"):
        union(sp.eye_array(2), feasible_for=(None, None))


def test_points_that_do_not_belong_to_the_union_are_refused():
    with pytest.raises(ShapeError, match="3 and 2 points"):
        union(sp.eye_array(2), feasible_for=(None, None), points=(np.zeros(3), np.zeros(2)))


@pytest.mark.parametrize(
    ("a", "error", "message"),
    [
        ([1.0, -1.0], MassError, r"a\[1\] is -1: masses must not be negative"),
        ([1.0, np.nan], NonFiniteError, r"a\[1\] is nan"),
        ([0.0, 0.0], MassError, "a sums to 0: the total must be positive"),
        ([1.0, 2.0, 3.0], ShapeError, r"a has shape \(3,\)"),
    ],
)
def test_masses_are_checked(a, error, message):
    with pytest.raises(error, match=message):
        knn_cost([0.0, 1.0], [0.0, 1.0], 1, feasible_for=(np.asarray(a), None))


@pytest.mark.parametrize("given", [np.ones(2), "both", True])
def test_feasible_for_takes_a_pair(given):
    with pytest.raises(InputError, match="Expected the two masses"):
        knn_cost([0.0, 1.0], [0.0, 1.0], 1, feasible_for=given)
