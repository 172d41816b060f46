"""Vectors without a direction under cosine and correlation: cost 1 to every vector, everywhere.

What is expected is written out here, or comes from SciPy for vectors that have a direction.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import numpy as np
import pytest
from conformance.libraries import Library, jax_doubles
from scipy.spatial.distance import cdist
from support.certify import certify

import sparse_ot
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.metrics import as_metric, evaluate
from sparse_ot.solvers.starts import multiscale

DIRECTIONS = ("cosine", "correlation")


def costs_of(x: Any, y: Any, metric: Any) -> Any:
    """Costs of all pairs: SciPy's, and 1 for vectors without a direction."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    lost_x, lost_y = (
        (p == (p[:, :1] if metric == "correlation" else 0)).all(axis=1) for p in (x, y)
    )
    costs = np.ones((len(x), len(y)))
    costs[np.ix_(~lost_x, ~lost_y)] = cdist(x[~lost_x], y[~lost_y], metric)
    return costs


def clouds(rng: Any, n: int = 14, m: int = 11, d: int = 3) -> tuple[Any, Any]:
    """Vectors of which some are zero, and some have equal coordinates."""
    x, y = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    x[[0, 3]], y[[1, 2, 7]], x[5], y[4] = 0.0, 0.0, 0.1, -3.7
    return x, y


def put(library: Library, *points: Any) -> Any:
    dtype = np.float64 if library.doubles else np.float32
    return tuple(library.put(p.astype(dtype)) for p in points)


def close(library: Library) -> Any:
    return {"rtol": 0, "atol": 1e-14 if library.doubles else 1e-6}


def solved(library: Library, X: Any, Y: Any, metric: str) -> Any:
    """The optimum over all pairs: on a matrix where only that can be compiled."""
    if not library.compiled:
        return sparse_ot.solve_sample(X, Y, metric=metric)
    return library.run(lambda X, Y: sparse_ot.solve(PointCloudCost(X, Y, metric).matrix()), X, Y)


def test_the_cosines_by_hand() -> None:
    x = np.asarray([[0.0, 0.0], [3.0, 4.0], [0.0, -2.0]])
    y = np.asarray([[0.0, 0.0], [3.0, 4.0], [-4.0, 3.0], [-3.0, -4.0]])
    wanted = [[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 2.0], [1.0, 1.8, 1.6, 0.2]]
    found = evaluate(x[:, None], y[None], "cosine", xp)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-15)
    assert sparse_ot.knn_cost(x, y, 4, "cosine").toarray() == pytest.approx(found, abs=1e-15)


def test_the_correlations_by_hand() -> None:
    x = np.asarray([[7.0, 7.0, 7.0], [1.0, 2.0, 3.0]])
    y = np.asarray([[0.1, 0.1, 0.1], [0.0, 0.0, 0.0], [6.0, 4.0, 2.0], [0.0, 1.0, 0.0]])
    wanted = [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 1.0]]
    found = evaluate(x[:, None], y[None], "correlation", xp)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-15)


@pytest.mark.parametrize("metric", DIRECTIONS)
@pytest.mark.parametrize("d", [2, 3, 9, 40])
def test_every_way_to_a_cost_gives_the_same(
    library: Library, rng: np.random.Generator, metric: str, d: int
) -> None:
    if library.compiled and d > 3:
        pytest.skip("the same program")
    x, y = clouds(rng, d=d)
    X, Y = put(library, x, y)
    wanted = costs_of(library.get(X), library.get(Y), metric)
    n, m = wanted.shape

    matrix = library.run(lambda X, Y: PointCloudCost(X, Y, metric).matrix(), X, Y)
    np.testing.assert_allclose(library.get(matrix), wanted, **close(library))

    def both_directions(X: Any, Y: Any) -> Any:
        search = get_backend(X, Y).search(X, Y, as_metric(metric))
        return *search.nearest(m), *search.reverse().nearest(n)

    found = [library.get(x) for x in library.run(both_directions, X, Y)]
    rows, cols = np.arange(n)[:, None], np.arange(m)[:, None]
    np.testing.assert_allclose(found[1], wanted[rows, found[0]], **close(library))
    np.testing.assert_allclose(found[3], wanted.T[cols, found[2]], **close(library))

    v = put(library, rng.standard_normal(m))[0]
    priced = library.run(
        lambda X, Y, v: get_backend(X).price(X, Y, 0 * X[:, 0], v, metric, m).row_minima, X, Y, v
    )
    minima = (wanted - library.get(v)).min(axis=1)
    np.testing.assert_allclose(library.get(priced), minima, **close(library))


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_graphs(library: Library, rng: np.random.Generator, metric: str) -> None:
    x, y = clouds(rng)
    X, Y = put(library, x, y)
    wanted = costs_of(library.get(X), library.get(Y), metric)
    n, m = wanted.shape
    for k in (2, n):
        near = library.run(lambda X, Y, k=k: sparse_ot.knn_cost(X, Y, k, metric), X, Y)
        M = library.on_host(near)
        listed = M.data < np.inf
        np.testing.assert_allclose(
            M.data[listed], wanted[M.row[listed], M.col[listed]], **close(library)
        )
        assert listed.sum() == n * m or k == 2
    if library.compiled:
        return
    for radius in (0.999, 1.001):
        M = library.on_host(sparse_ot.radius_cost(X, Y, radius, metric))
        assert M.nnz == np.count_nonzero(wanted <= radius)
        np.testing.assert_allclose(M.data, wanted[M.row, M.col], **close(library))
    whole = sparse_ot.union(
        sparse_ot.knn_cost(X, Y, 1, metric),
        feasible_for=(None, None),
        points=(X, Y),
        metric=metric,
    )
    M = library.on_host(whole)
    listed = M.data < np.inf
    np.testing.assert_allclose(
        M.data[listed], wanted[M.row[listed], M.col[listed]], **close(library)
    )


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_solves_are_those_of_the_matrix(
    library: Library, rng: np.random.Generator, metric: str
) -> None:
    x, y = clouds(rng)
    X, Y = put(library, x, y)
    wanted = costs_of(library.get(X), library.get(Y), metric)
    exact = float(sparse_ot.solve(wanted).value)
    tolerance = 1e-12 if library.doubles else 1e-5
    solution = solved(library, X, Y, metric)
    assert float(library.get(solution.value)) == pytest.approx(exact, rel=tolerance)
    u, v = (library.get(p) for p in solution.potentials)
    certify(None, None, wanted, (library.on_host(solution.plan), u, v), noise=tolerance)
    if library.compiled:
        return
    graph = sparse_ot.knn_cost(X, Y, 2, metric, feasible_for=(None, None))
    gap = sparse_ot.dense_gap(sparse_ot.solve(graph), X, Y, metric, tol=0.0)
    assert gap.lower_bound == pytest.approx(exact, rel=tolerance)
    assert gap.lower_bound <= gap.value * (1 + tolerance)


@pytest.mark.parametrize("metric", DIRECTIONS)
@pytest.mark.parametrize("d", [2, 12])
def test_large_clouds_and_their_coarse_start(rng: np.random.Generator, metric: str, d: int) -> None:
    x, y = rng.standard_normal((700, d)), rng.standard_normal((650, d))
    x[rng.random(700) < 0.2], y[rng.random(650) < 0.1] = 0.0, 0.0
    a, b = rng.random(700), rng.random(650)
    b *= a.sum() / b.sum()
    costs = costs_of(x, y, metric)
    solution = sparse_ot.solve_sample(x, y, a, b, metric=metric)
    exact = float(sparse_ot.solve(costs, a, b).value)
    assert float(solution.value) == pytest.approx(exact, rel=1e-12)
    certify(a, b, costs, solution)
    start = multiscale.start(x, y, a, b, metric)
    assert start.flow @ costs[start.rows, start.cols] / start.flow.sum() < 1.05 * exact / a.sum()
    bound = a @ (costs - start.v).min(axis=1) + b @ start.v
    assert bound > 0.9 * exact, "the potentials are those of the same costs"


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_lengths_do_not_count_however_small_or_large(
    library: Library, rng: np.random.Generator, metric: str
) -> None:
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((5, 3))
    wanted = costs_of(x, y, metric)
    info = np.finfo(np.float64 if library.doubles else np.float32)
    largest = float(np.abs(x).max())
    for scale in (
        2.0**20 * info.smallest_normal,
        info.smallest_normal**0.6,
        info.max / (2 * largest),
    ):
        X, Y = put(library, x * scale, y)
        matrix = library.run(lambda X, Y: PointCloudCost(X, Y, metric).matrix(), X, Y)
        np.testing.assert_allclose(library.get(matrix), wanted, rtol=0, atol=32 * info.eps)
        value = library.get(solved(library, X, Y, metric).value)
        exact = float(sparse_ot.solve(wanted).value)
        assert float(value) == pytest.approx(exact, abs=32 * float(info.eps))


def test_multiples_of_a_vector_have_the_same_direction_to_the_last_bit(rng: Any) -> None:
    """So parallel vectors cost 0, and ties stay ties."""
    lengths = np.concatenate([rng.integers(1, 1000, 50), 2.0 ** rng.integers(-1000, 1000, 50)])
    x = lengths[:, None] * np.asarray([[1.0, 2.0, -4.0]])
    assert not evaluate(x[:, None], x[None], "cosine", xp).any()


@pytest.mark.parametrize("metric", DIRECTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_at_the_ends_of_the_range_have_a_direction(metric: str, dtype: Any) -> None:
    info = np.finfo(dtype)
    edge = np.asarray([[1.0, 2.0, 3.0], [2.0, 0.0, 0.0]])
    for unit, rows in ((info.smallest_subnormal, edge), (info.max, edge / 3)):
        x = (rows * float(unit)).astype(dtype)
        found = evaluate(x[:, None], edge.astype(dtype)[None], metric, xp)
        np.testing.assert_allclose(found, costs_of(edge, edge, metric), rtol=0, atol=8 * info.eps)


@pytest.mark.parametrize("metric", DIRECTIONS)
@pytest.mark.parametrize("doubles", [True, False])
def test_subnormal_vectors_have_one_cost_under_jax(
    rng: np.random.Generator, metric: str, doubles: bool
) -> None:
    """XLA takes subnormal numbers for 0, and the compiled search must not know better."""
    jnp = pytest.importorskip("jax.numpy")
    with jax_doubles(doubles):
        dtype = np.float64 if doubles else np.float32
        tiny = float(np.finfo(dtype).smallest_normal) / 64
        X = jnp.asarray((tiny * rng.random((6, 3))).astype(dtype))
        Y = jnp.asarray(rng.random((6, 3)).astype(dtype))
        solution = sparse_ot.solve_sample(X, Y, metric=metric)
        assert float(solution.value) == pytest.approx(1.0, rel=1e-6)
        assert solution.certificate.holds(1e-6)


@pytest.mark.parametrize("metric", DIRECTIONS)
@pytest.mark.parametrize("doubles", [True, False])
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_derivatives_are_finite_and_zero_where_there_is_no_direction(
    rng: np.random.Generator, metric: str, doubles: bool, scale: float
) -> None:
    jax = pytest.importorskip("jax")
    x, y = clouds(rng)
    with jax_doubles(doubles):
        dtype = np.float64 if doubles else np.float32
        X, Y = (jax.numpy.asarray((scale * p).astype(dtype)) for p in (x, y))
        lost = [(p == (p[:, :1] if metric == "correlation" else 0)).all(axis=1) for p in (x, y)]

        def loss(X: Any, Y: Any) -> Any:
            return sparse_ot.solve_sample(X, Y, metric=metric).value

        def loss_of_graph(X: Any, Y: Any) -> Any:
            near = sparse_ot.knn_cost(X, Y, 4, metric, feasible_for=(None, None))
            return sparse_ot.solve(near).value

        for function in (loss, loss_of_graph, jax.jit(loss_of_graph)):
            slopes = jax.grad(function, (0, 1))(X, Y)
            for slope, none in zip(slopes, lost, strict=True):
                assert np.isfinite(slope).all()
                assert not np.asarray(slope)[none].any()
            assert np.abs(slopes[0]).max() > 0


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_a_derivative_is_the_quotient_of_small_differences(
    rng: np.random.Generator, metric: str
) -> None:
    jax = pytest.importorskip("jax")
    with jax_doubles(True):
        x, y = rng.standard_normal(4), rng.standard_normal(4)
        slope = jax.grad(lambda x: evaluate(x, y, metric, jax.numpy))(x)
        for i in range(4):
            step = 1e-6 * np.eye(4)[i]
            up, down = (evaluate(x + s, y, metric, xp) for s in (step, -step))
            assert slope[i] == pytest.approx((up - down) / 2e-6, abs=1e-8)


def test_points_on_a_line_have_no_correlation(library: Library) -> None:
    X, Y = put(library, np.asarray([[1.0], [2.0], [0.0]]), np.asarray([[1.0], [-5.0]]))
    solution = solved(library, X, Y, "correlation")
    assert float(library.get(solution.value)) == pytest.approx(1.0, rel=1e-6)
    signs = library.run(lambda X, Y: PointCloudCost(X, Y, "cosine").matrix(), X, Y)
    np.testing.assert_allclose(library.get(signs), [[0, 2], [0, 2], [1, 1]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_points_without_coordinates_are_refused(library: Library, metric: str) -> None:
    X, Y = put(library, np.zeros((3, 0)), np.zeros((2, 0)))
    for function in (
        lambda: sparse_ot.solve_sample(X, Y, metric=metric),
        lambda: sparse_ot.knn_cost(X, Y, 1, metric),
        lambda: sparse_ot.radius_cost(X, Y, 1.0, metric),
    ):
        with pytest.raises(sparse_ot.ShapeError, match="both at least 1"):
            function()


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_numpy_searches_no_more_coordinates_than_it_needs(
    rng: np.random.Generator, metric: str
) -> None:
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((6, 3))
    prepare = as_metric(metric).prepare
    assert [p.shape[1] for p in prepare(x, y, xp)] == [3, 3]
    x[2] = 0.0
    assert [p.shape[1] for p in prepare(x, y, xp)] == [5, 5]
    assert [p.shape[1] for p in prepare(y, x, xp)] == [5, 5]
