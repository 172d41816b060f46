"""The same problem through jit, vmap, scan and a pytree; eager errors and traced codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

from jax.experimental.sparse import BCOO  # noqa: E402

import sparse_ot  # noqa: E402
from sparse_ot import Status  # noqa: E402
from sparse_ot.backends.jax import door as jax_door  # noqa: E402


@pytest.fixture
def problem(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Costs (7, 9) and masses, as JAX arrays."""
    a, b = rng.random(7), rng.random(9)
    return jnp.asarray(rng.random((7, 9))), jnp.asarray(a / a.sum()), jnp.asarray(b / b.sum())


def value(M: Any, a: Any = None, b: Any = None) -> Any:
    return sparse_ot.emd2(a, b, M)


def test_this_jaxlib_takes_the_foreign_functions() -> None:
    assert jax_door.foreign_functions_work()


def test_vmap_over_costs_over_masses_and_over_both(problem: Any) -> None:
    M, a, b = problem
    costs, masses = jnp.stack([M, 2 * M, M[::-1]]), jnp.stack([a, a[::-1], jnp.roll(a, 1)])
    for batch in (
        lambda f: (jax.vmap(f, (0, None, None))(costs, a, b), [(M_, a, b) for M_ in costs]),
        lambda f: (jax.vmap(f, (None, 0, None))(M, masses, b), [(M, a_, b) for a_ in masses]),
        lambda f: (
            jax.vmap(f, (0, 0, None))(costs, masses, b),
            [(M_, a_, b) for M_, a_ in zip(costs, masses, strict=True)],
        ),
    ):
        for f in (value, jax.jit(value)):
            values, problems = batch(f)
            expected = [float(value(*p)) for p in problems]
            np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_vmap_in_vmap_shares_what_is_shared(problem: Any) -> None:
    M, a, b = problem
    costs, masses = jnp.stack([M, 2 * M]), jnp.stack([a, a[::-1], jnp.roll(a, 1)])
    over_masses = jax.vmap(value, (None, 0, None))
    values = jax.vmap(over_masses, (0, None, None))(costs, masses, b)
    assert values.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        assert values[i, j] == pytest.approx(float(value(costs[i], masses[j], b)), rel=1e-6)


def test_an_empty_batch_is_no_problem(problem: Any) -> None:
    M, a, b = problem
    assert jax.vmap(value, (0, None, None))(jnp.zeros((0, *M.shape)), a, b).shape == (0,)


def test_vmap_over_a_batch_of_containers(problem: Any) -> None:
    M, a, b = problem
    batch = BCOO.fromdense(jnp.stack([M, 3 * M]), n_batch=1)
    values = jax.vmap(lambda m: value(m, a, b))(batch)
    np.testing.assert_allclose(values, [float(value(M, a, b)), float(value(3 * M, a, b))], 1e-6)


def test_a_large_batch_is_solved_in_threads_and_in_order(rng: np.random.Generator) -> None:
    costs = jnp.asarray(rng.random((64, 5, 5)))
    values = jax.jit(jax.vmap(value))(costs)
    np.testing.assert_allclose(values, [float(value(M)) for M in costs], rtol=1e-6)


def test_a_failure_in_a_batch_stays_with_its_problem(problem: Any) -> None:
    M, _, _ = problem
    batch = jnp.stack([M, M.at[0].set(jnp.inf), M.at[1, 1].set(jnp.nan)])
    solution = jax.vmap(sparse_ot.solve)(batch)
    codes = [Status.OPTIMAL.code, Status.INFEASIBLE.code, Status.INVALID.code]
    assert solution.status.tolist() == codes
    assert np.isnan(solution.value).tolist() == [False, True, True]
    slopes = np.isnan(jax.jit(jax.vmap(jax.grad(value)))(batch))
    assert slopes.all(axis=(1, 2)).tolist() == slopes.any(axis=(1, 2)).tolist()
    assert slopes.any(axis=(1, 2)).tolist() == [False, True, True]


def test_descent_inside_a_scan(problem: Any) -> None:
    M, a, b = problem

    def step(M: Any, _: None) -> tuple[Any, Any]:
        now, slope = jax.value_and_grad(value)(M, a, b)
        return M - 0.1 * slope, now

    _, values = jax.lax.scan(step, M, None, length=5)
    assert (np.diff(values) < 0).all()


def test_a_training_step_with_an_updater(rng: np.random.Generator) -> None:
    """Parameters, optimiser state and all inside one compiled step."""
    target = jnp.asarray(rng.random((30, 2)))
    params = {"points": jnp.asarray(rng.random((30, 2))) + 1.0}
    momentum = jax.tree.map(jnp.zeros_like, params)

    def loss(params: Any) -> Any:
        graph = sparse_ot.knn_cost(params["points"], target, 5, feasible_for=(None, None))
        return sparse_ot.emd2(None, None, graph)

    @jax.jit
    def step(params: Any, momentum: Any) -> Any:
        now, slope = jax.value_and_grad(loss)(params)
        momentum = jax.tree.map(lambda v, g: 0.5 * v - 5.0 * g, momentum, slope)
        return jax.tree.map(jnp.add, params, momentum), momentum, now

    values = []
    for _ in range(20):
        params, momentum, now = step(params, momentum)
        values.append(float(now))
    assert values[-1] < 0.05 * values[0]


def test_a_compiled_function_returns_a_solution(problem: Any) -> None:
    M, a, b = problem
    eager = sparse_ot.solve(M, a, b)
    solution = jax.jit(sparse_ot.solve)(M, a, b)
    assert isinstance(solution, sparse_ot.Solution)
    assert Status.from_code(int(solution.status)) is Status.OPTIMAL
    assert bool(solution.converged)
    assert solution.certificate.holds()
    np.testing.assert_array_equal(solution.plan, eager.plan)
    np.testing.assert_array_equal(solution.f, eager.f)
    assert int(solution.stats.arcs) == eager.stats.arcs
    assert solution.stats.crossings.to_host == 1


def test_threads_keep_the_precision_of_their_caller(rng: np.random.Generator) -> None:
    """JAX's context managers set it for one thread."""
    enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with enable_x64(True):
        M, columns = jnp.asarray(rng.random((4, 5))), jnp.full((5, 3), 0.2)
        values = sparse_ot.emd2(None, columns, M, numThreads=2)
        assert [value.dtype for value in values] == ["float64"] * 3
        assert float(values[2]) == float(sparse_ot.emd2(None, None, M))


def test_solutions_are_pytrees_that_compiled_functions_take(problem: Any) -> None:
    M, a, b = problem
    solution = sparse_ot.solve(M, a, b)
    leaves, structure = jax.tree.flatten(solution)
    again = jax.tree.unflatten(structure, leaves)
    assert again.status is Status.OPTIMAL
    assert again.certificate == solution.certificate
    assert float(jax.jit(lambda s: 2 * s.value)(solution)) == pytest.approx(
        2 * float(solution.value)
    )


def test_a_solve_feeds_a_warm_start_in_one_program(problem: Any, x64: None) -> None:
    M, a, b = problem
    M, a = (jnp.asarray(np.asarray(x, np.float64)) for x in (M, a))
    b = jnp.asarray(np.asarray(b, np.float64))

    @jax.jit
    def twice(M: Any) -> Any:
        first = sparse_ot.solve(M, a, b, center_dual=False, check_marginals=False)
        return sparse_ot.solve(
            M, a, b, potentials_init=first.potentials, check_marginals=False
        ).stats.pivots

    assert int(twice(M)) == 0


def test_errors_are_raised_under_grad_outside_of_jit(problem: Any) -> None:
    M, a, b = problem
    with pytest.raises(sparse_ot.InfeasibleError):
        jax.grad(value)(M.at[0].set(jnp.inf), a, b)
    with pytest.raises(sparse_ot.MassError):
        jax.grad(value, argnums=1)(M, -a, b)


def test_a_failed_solve_has_no_gradient(problem: Any) -> None:
    M, a, b = problem
    slopes = jax.jit(jax.grad(value, argnums=(0, 1, 2)))(M.at[0].set(jnp.inf), a, b)
    for slope in slopes:
        assert np.isnan(slope).all()


def test_progress_is_reported_from_a_compiled_program(problem: Any) -> None:
    M, a, b = problem
    seen: list[tuple[int, float, float]] = []

    def note(pivots: int, seconds: float, now: float) -> None:
        seen.append((pivots, seconds, now))

    f = jax.jit(lambda M: sparse_ot.solve(M, a, b, progress=note).value)
    assert seen == []
    assert f(M) == pytest.approx(float(value(M, a, b)), rel=1e-6)
    assert seen
    assert seen[-1][2] == pytest.approx(float(f(M)), rel=1e-5)


def test_each_element_type_of_masses_and_costs(problem: Any) -> None:
    M, _, _ = problem
    for dtype in (jnp.bfloat16, jnp.float16, jnp.int32, jnp.uint8, jnp.int8):
        costs = (20 * M).astype(dtype)
        masses = jnp.ones(7, jnp.int32)
        expected = value(np.asarray(costs.astype(jnp.float32)))
        for f in (value, jax.jit(value)):
            assert f(costs).dtype == jnp.float32
            assert float(f(costs)) == pytest.approx(float(expected), rel=1e-6)
        f = jax.jit(lambda a, M: sparse_ot.emd2(a, None, M, check_marginals=False))
        assert float(f(masses, costs)) == pytest.approx(7 * float(expected), rel=1e-6)


def test_a_compiled_step_moves_nothing_that_jax_could_forbid(rng: np.random.Generator) -> None:
    """JAX's own guard, at its strictest: it would stop a callback, and every constant that is
    sent along with a call. Graphs, union, solve and gradient stay inside the program.
    """
    x, y = (jnp.asarray(rng.random((30, 2)), jnp.float32) for _ in range(2))

    def f(x: Any) -> Any:
        near, nearer = (sparse_ot.knn_cost(x, y, k, feasible_for=(None, None)) for k in (4, 2))
        return sparse_ot.emd2(None, None, sparse_ot.union(near, nearer))

    step = jax.jit(jax.value_and_grad(f))
    expected = step(x)[0]  # compiled, and its constants in place
    with jax.transfer_guard("disallow_explicit"):
        again, slope = step(x)
    assert again == expected
    assert np.isfinite(slope).all()


# -- the other ways through the door ------------------------------------------------------------


@pytest.fixture(params=["callback", "choice of platform"])
def other_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this jaxlib refused our functions; as if there were a GPU, too."""
    if request.param == "callback":
        monkeypatch.setattr(jax_door, "foreign_functions_work", lambda: False)
    else:
        monkeypatch.setattr(jax_door, "backends", lambda: {"cpu": None, "cuda": None})


@pytest.mark.usefixtures("other_way")
def test_without_the_foreign_function_or_with_a_second_platform(problem: Any) -> None:
    M, a, b = problem
    expected = float(sparse_ot.solve(np.asarray(M), np.asarray(a), np.asarray(b)).value)
    f = lambda M, a, b: sparse_ot.solve(M, a, b).value  # noqa: E731  a function of its own
    assert float(jax.jit(f)(M, a, b)) == pytest.approx(expected, rel=1e-6)
    values = jax.vmap(f, (0, None, None))(jnp.stack([M, 2 * M]), a, b)
    np.testing.assert_allclose(values, [expected, 2 * expected], rtol=1e-6)
    slopes = jax.jit(jax.vmap(jax.grad(f), (0, None, None)))(jnp.stack([M, 2 * M]), a, b)
    np.testing.assert_allclose(slopes[0], sparse_ot.solve(M, a, b).plan)

    def graph_value(x: Any) -> Any:
        graph = sparse_ot.knn_cost(x, x[::-1], 2, feasible_for=(None, None))
        return sparse_ot.emd2(None, None, graph)

    assert float(jax.jit(graph_value)(M)) == pytest.approx(float(graph_value(M)), abs=1e-6)


def test_a_status_from_a_compiled_function_compares_with_its_name() -> None:
    M = jnp.asarray([[0.0, 1.0], [1.0, 0.0]])
    status = jax.jit(lambda M: sparse_ot.solve(M).status)(M)
    assert bool(status == Status.OPTIMAL)
    assert not bool(status == Status.INFEASIBLE)
    assert bool(jax.jit(lambda M: sparse_ot.solve(M).status == Status.OPTIMAL)(M))
