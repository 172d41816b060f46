"""The records of the metrics: what they say of themselves is true, and a new one is safe."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from support.brute_force import cost_matrix, one_sided
from support.metrics import EVERY_METRIC
from support.standin import fakecupy

import sparse_ot.metrics
from sparse_ot.backends.registry import load_backend
from sparse_ot.core.search import Metric
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.metrics import METRICS, GroundMetric, as_metric, evaluate


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_a_record_is_its_own_and_symmetric(metric):
    record = as_metric(metric)
    assert as_metric(record) is record
    assert record.swapped() is record
    assert as_metric(metric) == record
    assert hash(as_metric(metric)) == hash(record)


@pytest.mark.parametrize("metric", [*EVERY_METRIC, one_sided])
def test_records_can_be_copied_and_sent(metric):
    record = as_metric(metric)
    assert pickle.loads(pickle.dumps(record)) == copy.deepcopy(record) == record


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_a_record_says_the_same_in_every_process(metric):
    assert "0x" not in repr(as_metric(metric))


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_costs_follow_from_the_norm_as_the_record_says(rng, metric):
    record = as_metric(metric)
    x, y = record.prepare(rng.standard_normal((20, 6)), rng.standard_normal((30, 6)), np)
    p = record.p_norm
    assert p is not None
    options: Any = {} if p in (1, np.inf) else {"p": p}
    name: Any = {1: "cityblock", np.inf: "chebyshev"}.get(p, "minkowski")
    wanted = record.factor * cdist(x, y, name, **options) ** record.power
    found = record.formula(x[:, None], y[None], np)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_preparing_twice_is_preparing_once(rng, metric):
    record = as_metric(metric)
    once = record.prepare(rng.standard_normal((50, 4)), rng.standard_normal((40, 4)), np)
    for first, second in zip(once, record.prepare(*once, np), strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", METRICS)
def test_the_table_of_the_docstring_has_every_record_and_its_unit(name):
    written = f'("{name}", p)' if METRICS[name].of_p is not None else name
    rows = [
        row for row in sparse_ot.metrics.__doc__.splitlines() if row.startswith(f"| `{written}`")
    ]
    assert len(rows) == 1
    assert rows[0].rstrip(" |").endswith(METRICS[name].unit)


def test_every_metric_of_the_core_has_a_name():
    assert {as_metric(metric).core for metric in EVERY_METRIC} == set(Metric)


def test_exponents_that_have_a_name_are_that_metric():
    assert as_metric(("minkowski", 1)) is METRICS["cityblock"]
    assert as_metric(("minkowski", 2.0)) is METRICS["euclidean"]
    listed: Any = ["minkowski", 3]
    assert as_metric(listed) == as_metric(("minkowski", np.float32(3)))


def test_a_misspelt_metric_is_refused_with_the_name_probably_meant():
    with pytest.raises(InputError, match="Did you mean 'sqeuclidean'"):
        as_metric("SqEuclidian")
    with pytest.raises(InputError, match="Did you mean 'minkowski'"):
        as_metric(("Minkovski", 3))


@pytest.mark.parametrize("metric", ["", 3, None, ["euclidean"], (1, 2), ("euclidean", 2, 3)])
def test_anything_else_is_refused(metric):
    with pytest.raises(InputError, match="Expected one of sqeuclidean, euclidean"):
        as_metric(metric)


@pytest.mark.parametrize("p", [0.5, 0, -1, np.nan, -np.inf, "3", None, True, 1j, [3.0]])
def test_an_exponent_is_a_finite_number_of_at_least_one(p):
    with pytest.raises(InputError, match="Expected a finite number of at least 1"):
        as_metric(("minkowski", p))


def test_parameters_are_where_they_belong():
    with pytest.raises(InputError, match="limit for large p is 'chebyshev'"):
        as_metric(("minkowski", np.inf))
    with pytest.raises(InputError, match=r"needs a parameter.*\('minkowski', 3.0\)"):
        as_metric("minkowski")
    with pytest.raises(InputError, match="'euclidean' takes no parameter"):
        as_metric(("euclidean", 3))


def test_swapping_a_function_exchanges_its_arguments():
    x, y = np.asarray([[0.0]]), np.asarray([[2.0]])
    metric = as_metric(one_sided)
    assert evaluate(x, y, metric, np) != evaluate(y, x, metric, np)
    assert evaluate(y, x, metric.swapped(), np) == evaluate(x, y, metric, np)
    assert metric.swapped().swapped() == metric
    assert metric.swapped() == as_metric(one_sided).swapped(), "so that it compiles once"


def test_a_function_that_returns_the_wrong_shape_is_told_so():
    with pytest.raises(ShapeError, match=r"returned shape \(6, 2\) for 6 pairs.*\(6,\)"):
        evaluate(np.zeros((2, 1, 2)), np.zeros((1, 3, 2)), lambda x, y: x - y, np)


@pytest.mark.parametrize("p", [1.5, 3.0, 40.0, 1e6])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_powers_neither_overflow_nor_vanish(p, scale):
    x, y = np.zeros((1, 3)), scale * np.asarray([[3.0, 4.0, 4.0]])
    wanted = scale * 4.0 * (2 + 0.75**p) ** (1 / p)
    assert evaluate(x, y, ("minkowski", p), np)[0] == pytest.approx(wanted, rel=1e-14)
    assert evaluate(x, x, ("minkowski", p), np)[0] == 0.0


def test_correlation_is_that_of_numpy(rng):
    x, y = 1e6 + rng.standard_normal((4, 9)), 1e300 * rng.standard_normal((5, 9))
    wanted = 1 - np.corrcoef(x, y / 1e300)[:4, 4:]
    np.testing.assert_allclose(evaluate(x[:, None], y[None], "correlation", np), wanted, atol=1e-9)
    np.testing.assert_allclose(cost_matrix(x, y / 1e300, "correlation"), wanted, atol=1e-9)


TOY = GroundMetric(name="toy", formula=lambda x, y, xp: xp.sum(xp.abs(x - y) ** 3, axis=-1))
"""A cost that neither the core nor the kernels know."""


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(METRICS, "toy", TOY)
    return "toy"


def toy_costs(x, y):
    return (abs(x[:, None] - y[None]) ** 3).sum(axis=-1)


def test_a_record_is_all_that_a_new_metric_needs(rng, toy):
    x, y = rng.random((40, 3)), rng.random((50, 3))
    costs = toy_costs(x, y)
    near = sparse_ot.knn_cost(x, y, 2, toy, symmetric=False)
    np.testing.assert_allclose(np.sort(near.data.reshape(40, 2)), np.sort(costs)[:, :2], rtol=1e-14)
    within = sparse_ot.radius_cost(x, y, 0.05, toy)
    assert within.nnz == np.count_nonzero(costs <= 0.05)
    solution = sparse_ot.solve(sparse_ot.knn_cost(x, y, 5, toy, feasible_for=(None, None)))
    gap = sparse_ot.dense_gap(solution, x, y, metric=toy, tol=0.0)
    exact = sparse_ot.solve(costs)
    assert gap.lower_bound == pytest.approx(float(exact.value), rel=1e-9)


def test_a_new_metric_solves_large_clouds_by_tiles(rng, toy):
    x, y = rng.random((900, 2)), rng.random((1100, 2))
    solution = sparse_ot.solve_sample(x, y, metric=toy)
    assert solution.certificate.scope == "dense"
    exact = sparse_ot.solve(toy_costs(x, y))
    assert float(solution.value) == pytest.approx(float(exact.value), rel=1e-9)


@pytest.mark.parametrize("library", ["jax", "array_api_strict"])
def test_a_new_metric_works_in_every_library(rng, toy, library):
    arrays = pytest.importorskip("jax.numpy" if library == "jax" else library)
    x, y = (rng.random((n, 2)).astype(np.float32) for n in (60, 50))
    X, Y = arrays.asarray(x), arrays.asarray(y)
    found = load_backend(library).knn(X, Y, 3, toy)
    costs = toy_costs(x, y)
    np.testing.assert_allclose(np.asarray(found.costs), np.sort(costs)[:, :3], rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(found.indices), np.argsort(costs)[:, :3])
    exact = float(sparse_ot.solve(costs.astype(np.float64)).value)
    solution = sparse_ot.solve_sample(X, Y, metric=toy)
    assert float(solution.value) == pytest.approx(exact, rel=1e-5)


def test_a_new_metric_works_on_a_device(rng, toy):
    with fakecupy.installed() as cupy:
        x, y = rng.random((60, 2)), rng.random((50, 2))
        costs = toy_costs(x, y)
        found = load_backend("cupy").knn(cupy.asarray(x), cupy.asarray(y), 3, toy)
        np.testing.assert_array_equal(found.indices.get(), np.argsort(costs)[:, :3])
        solution = sparse_ot.solve_sample(cupy.asarray(x), cupy.asarray(y), metric=toy)
        exact = float(sparse_ot.solve(costs).value)
        assert float(solution.value) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [3, 12])
def test_large_clouds_are_solved_to_the_optimum_of_the_matrix(rng, metric, d):
    x, y = rng.standard_normal((800, d)), rng.standard_normal((750, d))
    a, b = rng.random(800), rng.random(750)
    b *= a.sum() / b.sum()
    solution = sparse_ot.solve_sample(x, y, a, b, metric=metric)
    exact = sparse_ot.solve(cost_matrix(x, y, metric), a, b)
    assert float(solution.value) == pytest.approx(float(exact.value), rel=1e-9)
    assert solution.certificate.holds()


@pytest.mark.parametrize("metric", ["correlation", ("minkowski", 3.0)])
def test_a_union_and_a_graph_that_is_made_feasible(rng, metric):
    x, y = rng.standard_normal((30, 4)), rng.standard_normal((25, 4))
    near = sparse_ot.knn_cost(x, y, 1, metric)
    both = sparse_ot.union(near, feasible_for=(None, None), points=(x, y), metric=metric)
    costs = cost_matrix(x, y, metric)
    rows, cols = both.tocoo().coords
    np.testing.assert_allclose(both.tocoo().data, costs[rows, cols], rtol=1e-12, atol=1e-15)
    assert sparse_ot.solve(both).status is sparse_ot.Status.OPTIMAL
