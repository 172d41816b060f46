"""Derivatives against finite differences, in float64; and what they are where they are not one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.metrics import EVERY_METRIC

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

from jax.experimental.sparse import BCOO, BCSR  # noqa: E402
from jax.experimental.sparse import grad as sparse_grad  # noqa: E402

import sparse_ot  # noqa: E402

pytestmark = pytest.mark.usefixtures("x64")
STEP = 1e-6


def slope_along(f: Callable[[Any], Any], x: Any, direction: Any) -> float:
    """Central difference quotient."""
    return float(f(x + STEP * direction) - f(x - STEP * direction)) / (2 * STEP)


@pytest.fixture
def problem(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Costs (6, 8) and masses, all in general position."""
    a, b = rng.random(6) + 0.1, rng.random(8) + 0.1
    return jnp.asarray(rng.random((6, 8))), jnp.asarray(a / a.sum()), jnp.asarray(b / b.sum())


def value(M: Any, a: Any = None, b: Any = None) -> Any:
    return sparse_ot.emd2(a, b, M)


@pytest.mark.parametrize("compiled", [False, True])
def test_in_the_costs_it_is_the_plan(
    problem: Any, rng: np.random.Generator, compiled: bool
) -> None:
    M, a, b = problem
    grad = jax.grad(value)
    slope = (jax.jit(grad) if compiled else grad)(M, a, b)
    np.testing.assert_array_equal(slope, sparse_ot.emd(a, b, M))
    direction = jnp.asarray(rng.standard_normal(M.shape))
    expected = slope_along(lambda x: value(x, a, b), M, direction)
    assert jnp.vdot(slope, direction) == pytest.approx(expected, rel=1e-6)
    assert jax.jvp(lambda x: value(x, a, b), (M,), (direction,))[1] == pytest.approx(expected)


@pytest.mark.parametrize("compiled", [False, True])
def test_in_the_masses_it_is_the_centred_potentials(
    problem: Any, rng: np.random.Generator, compiled: bool
) -> None:
    M, a, b = problem
    grad = jax.grad(value, argnums=(1, 2))
    u, v = (jax.jit(grad) if compiled else grad)(M, a, b)
    solution = sparse_ot.solve(M, a, b)
    np.testing.assert_allclose(u, solution.f, rtol=1e-12)
    np.testing.assert_allclose(v, solution.g, rtol=1e-12)
    assert float(u @ a) == pytest.approx(float(v @ b))
    # Directions that keep the totals equal: there the constant in u + c, v - c cancels.
    da, db = jnp.asarray(rng.standard_normal(6)), jnp.asarray(rng.standard_normal(8))
    da, db = da - da.mean() + 0.3 / 6, db - db.mean() + 0.3 / 8
    expected = slope_along(lambda t: value(M, a + t * da, b + t * db), 0.0, 1.0)
    assert float(u @ da + v @ db) == pytest.approx(expected, rel=1e-6)


def test_uncentred_potentials_are_what_was_asked_for(problem: Any) -> None:
    M, a, b = problem
    u = jax.grad(lambda a: sparse_ot.emd2(a, b, M, center_dual=False))(a)
    np.testing.assert_array_equal(u, sparse_ot.solve(M, a, b, center_dual=False).f)


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("compiled", [False, True])
def test_in_the_coordinates_through_a_graph(
    rng: np.random.Generator, metric: Any, compiled: bool
) -> None:
    x, y = (jnp.asarray(rng.standard_normal((12, 3))) for _ in range(2))

    def f(x: Any) -> Any:
        graph = sparse_ot.knn_cost(x, y, 4, metric, feasible_for=(None, None))
        return sparse_ot.emd2(None, None, graph)

    slope = (jax.jit(jax.grad(f)) if compiled else jax.grad(f))(x)
    direction = jnp.asarray(rng.standard_normal(x.shape))
    expected = slope_along(f, x, direction)
    assert jnp.vdot(slope, direction) == pytest.approx(expected, rel=1e-5)


GRAPHS: dict[str, Callable[..., Any]] = {
    "radius": lambda x, y: sparse_ot.radius_cost(x, y, 4.0, feasible_for=(None, None)),
    "union": lambda x, y: sparse_ot.union(
        sparse_ot.knn_cost(x, y, 2),
        sparse_ot.radius_cost(x, y, 1.0),
        feasible_for=(None, None),
        points=(x, y),
    ),
    "listed pairs": lambda x, y: BCOO(
        (sparse_ot.PointCloudCost(x, y).arc_costs(*PAIRS.T), PAIRS), shape=(12, 12)
    ),
}
PAIRS = jnp.asarray([(i, (i + step) % 12) for i in range(12) for step in range(3)])


@pytest.mark.parametrize("graph", GRAPHS)
def test_in_the_coordinates_of_both_clouds_through_every_graph(
    rng: np.random.Generator, graph: str
) -> None:
    x, y = (jnp.asarray(rng.standard_normal((12, 3))) for _ in range(2))

    def f(x: Any, y: Any) -> Any:
        return sparse_ot.emd2(None, None, GRAPHS[graph](x, y))

    slopes = jax.grad(f, argnums=(0, 1))(x, y)
    dx, dy = (jnp.asarray(rng.standard_normal(z.shape)) for z in (x, y))
    expected = slope_along(lambda t: f(x + t * dx, y + t * dy), 0.0, 1.0)
    assert jnp.vdot(slopes[0], dx) + jnp.vdot(slopes[1], dy) == pytest.approx(expected, rel=1e-5)
    # The squared distance has the curvature 2, and each source the mass 1/12.
    curvature = jax.hessian(f)(x, y).reshape(36, 36)
    np.testing.assert_allclose(curvature, 2 / 12 * np.eye(36), atol=1e-12)


def test_in_the_coordinates_of_a_whole_cloud(rng: np.random.Generator) -> None:
    x, y = (jnp.asarray(rng.standard_normal((7, 2))) for _ in range(2))

    def f(x: Any) -> Any:
        return sparse_ot.solve(sparse_ot.PointCloudCost(x, y, "euclidean")).value

    direction = jnp.asarray(rng.standard_normal(x.shape))
    expected = slope_along(f, x, direction)
    for grad in (jax.grad(f), jax.jit(jax.grad(f))):
        assert jnp.vdot(grad(x), direction) == pytest.approx(expected, rel=1e-5)


def test_in_both_clouds_and_through_a_metric_of_ones_own(rng: np.random.Generator) -> None:
    x, y = (jnp.asarray(rng.standard_normal((9, 2))) for _ in range(2))

    def quartic(p: Any, q: Any) -> Any:
        return jnp.sum((p - q) ** 4, axis=-1)

    def f(x: Any, y: Any) -> Any:
        return sparse_ot.emd2(None, None, sparse_ot.knn_cost(x, y, 9, quartic))

    for k, slope in enumerate(jax.grad(f, argnums=(0, 1))(x, y)):
        direction = jnp.asarray(rng.standard_normal(x.shape))
        along = (lambda z: f(z, y)) if k == 0 else (lambda z: f(x, z))
        expected = slope_along(along, (x, y)[k], direction)
        assert jnp.vdot(slope, direction) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", [BCOO, BCSR])
def test_in_the_entries_of_a_container(problem: Any, kind: Any) -> None:
    dense, a, b = problem
    M = kind.fromdense(dense, nse=6 * 8 + 3)  # three entries of padding
    slope = sparse_grad(lambda M: value(M, a, b))(M)
    plan = sparse_ot.solve(M, a, b).plan
    np.testing.assert_array_equal(slope.data, plan.data)
    assert not np.isnan(slope.data).any()
    assert not slope.data[48:].any()


def test_forbidden_arcs_leave_no_trace(problem: Any) -> None:
    M, a, b = problem
    forbidden = np.asarray(sparse_ot.emd(a, b, M)) == 0  # costs stay those of the optimal plan

    expected = pytest.approx(float(value(M, a, b)))
    assert jax.grad(lambda t: value(jnp.where(forbidden, jnp.inf, M * t), a, b))(1.0) == expected
    # Even where the tangent of a forbidden cost is infinite.
    costs = jnp.where(forbidden, jnp.inf, M)
    assert jax.jvp(lambda t: value(costs * t, a, b), (1.0,), (1.0,))[1] == expected


def test_coinciding_points_have_a_finite_gradient() -> None:
    x = jnp.zeros((4, 2))
    for metric in EVERY_METRIC:

        def f(x: Any, metric: Any = metric) -> Any:
            return sparse_ot.emd2(None, None, sparse_ot.knn_cost(x, jnp.zeros((4, 2)), 2, metric))

        assert np.isfinite(jax.grad(f)(x)).all()


@pytest.mark.parametrize("p", [1.25, 2.5, 3.0, 40.0])
def test_equal_coordinates_have_no_slope_under_powers(p: float) -> None:
    x, y = (
        jnp.asarray([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]),
        jnp.asarray([[1.0, 2.0, 5.0], [0.0] * 3]),
    )
    metric = ("minkowski", p)

    def total(x: Any) -> Any:
        return jnp.sum(sparse_ot.PointCloudCost(x, y, metric).arc_costs(*jnp.asarray([[0, 1]] * 2)))

    expected = [[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(jax.grad(total)(x), expected, atol=1e-15)
    np.testing.assert_allclose(jax.jit(jax.grad(total))(x), expected, atol=1e-15)


def test_second_derivatives_are_the_curvature_of_the_cost_alone(
    rng: np.random.Generator,
) -> None:
    """Plan and potentials are piecewise constant, so d2V = sum of P d2C."""
    x, y = (jnp.asarray(rng.standard_normal((6, 2))) for _ in range(2))

    def costs(x: Any) -> Any:
        return jnp.sum((x[:, None] - y[None]) ** 4, axis=-1)

    def f(x: Any) -> Any:
        return value(costs(x))

    plan = sparse_ot.emd(None, None, costs(x))
    expected = jax.hessian(lambda x: jnp.vdot(plan, costs(x)))(x)
    for hessian in (jax.hessian(f), jax.jit(jax.hessian(f)), jax.jacfwd(jax.grad(f))):
        np.testing.assert_allclose(hessian(x), expected, atol=1e-10)
    direction = jnp.asarray(rng.standard_normal(x.shape))
    along = slope_along(lambda z: jnp.vdot(jax.grad(f)(z), direction), x, direction)
    assert jnp.einsum("ijkl,ij,kl", expected, direction, direction) == pytest.approx(along, 1e-5)


def test_second_derivatives_in_costs_and_masses_vanish(problem: Any) -> None:
    M, a, b = problem
    assert not jax.hessian(value)(M, a, b).any()
    assert not jax.hessian(lambda a: value(M, a, b))(a).any()


@pytest.mark.parametrize("compiled", [False, True])
def test_a_second_derivative_across_costs_and_masses_is_nan_and_no_wrong_zero(
    problem: Any, compiled: bool
) -> None:
    """It exists, as the plan moves with the masses; nothing here knows it."""
    M, a, b = problem
    da = jnp.zeros(6).at[0].set(1e-3).at[1].set(-1e-3)
    assert np.abs(sparse_ot.emd(a + da, b, M) - sparse_ot.emd(a, b, M)).max() > 5e-4
    for outer in (jax.jacfwd, jax.jacrev):
        for first, second in ((0, 1), (2, 0)):
            across = outer(jax.grad(value, first), second)
            assert np.isnan((jax.jit(across) if compiled else across)(M, a, b)).all()
        for first, second in ((0, 0), (1, 1), (1, 2)):
            among = outer(jax.grad(value, first), second)
            assert not (jax.jit(among) if compiled else among)(M, a, b).any()


def test_second_derivatives_in_the_coordinates_are_true_beside_masses_that_stand_still(
    rng: np.random.Generator, problem: Any
) -> None:
    """Through a step of descent, in a loop, batched: whatever JAX makes of it."""
    _, a, b = problem
    x, y = jnp.asarray(rng.standard_normal((6, 2))), jnp.asarray(rng.standard_normal((8, 2)))

    def f(x: Any, a: Any) -> Any:
        return sparse_ot.emd2(a, b, jnp.sum((x[:, None] - y[None]) ** 2, axis=-1))

    def after_two_steps(x: Any, a: Any) -> Any:
        def step(x: Any, _: None) -> tuple[Any, None]:
            return x - 0.1 * jax.grad(f)(x, a), None

        return f(jax.lax.scan(step, x, None, length=2)[0], a)

    direction = jnp.asarray(rng.standard_normal(x.shape))
    expected = slope_along(lambda x: after_two_steps(x, a), x, direction)
    for grad in (jax.grad(after_two_steps), jax.jit(jax.grad(after_two_steps))):
        assert jnp.vdot(grad(x, a), direction) == pytest.approx(expected, rel=1e-5)
    batch = jax.vmap(jax.hessian(f), (0, None))(jnp.stack([x, 2 * x]), a)
    for curvature in batch.reshape(2, 12, 12):
        np.testing.assert_allclose(curvature, np.diag(2 * np.repeat(a, 2)), atol=1e-12)


def test_jacobians_of_several_values(problem: Any) -> None:
    M, a, b = problem

    def both(M: Any) -> Any:
        return jnp.stack([value(M, a, b), value(2 * M, a, b)])

    plan = sparse_ot.emd(a, b, M)
    for jacobian in (jax.jacfwd(both), jax.jacrev(both)):
        np.testing.assert_allclose(jacobian(M), jnp.stack([plan, 2 * plan]), atol=1e-12)


def test_gradients_in_a_batch(problem: Any) -> None:
    M, a, b = problem
    batch = jnp.stack([M, M[::-1]])
    slopes = jax.jit(jax.vmap(jax.grad(value), (0, None, None)))(batch, a, b)
    for costs, slope in zip(batch, slopes, strict=True):
        np.testing.assert_array_equal(slope, sparse_ot.emd(a, b, costs))


def test_gradients_through_a_checkpoint_and_emd2_of_columns(problem: Any) -> None:
    M, a, b = problem
    slope = jax.grad(jax.checkpoint(value))(M, a, b)
    np.testing.assert_array_equal(slope, sparse_ot.emd(a, b, M))

    def total(M: Any) -> Any:
        return sum(sparse_ot.emd2(a, jnp.stack([b, b[::-1]], axis=1), M, numThreads=2))

    expected = sparse_ot.emd(a, b, M) + sparse_ot.emd(a, b[::-1], M)
    np.testing.assert_allclose(jax.grad(total)(M), expected)
