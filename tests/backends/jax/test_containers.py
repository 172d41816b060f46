"""BCOO and BCSR: fixed patterns, padding, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

from jax.experimental.sparse import BCOO, BCSR, COO  # noqa: E402

import sparse_ot  # noqa: E402

DENSE = np.array([[1.0, 2.0, 0.5], [3.0, 0.25, 1.0]], np.float32)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", [BCOO, BCSR])
def test_the_plan_keeps_the_pattern_and_padding_is_no_arc(kind, compiled):
    M = kind.fromdense(jnp.asarray(DENSE), nse=8)
    solve = jax.jit(sparse_ot.solve) if compiled else sparse_ot.solve
    solution = solve(M)
    assert type(solution.plan) is kind
    np.testing.assert_array_equal(solution.plan.indices, M.indices)
    assert int(solution.stats.arcs) == 6
    assert not solution.plan.data[6:].any()
    np.testing.assert_allclose(
        solution.plan.todense(), sparse_ot.solve(DENSE).plan.astype(np.float32), rtol=1e-6
    )
    received, sent = solution.apply(jnp.ones(2)), solution.apply(jnp.ones(3), axis=1)
    np.testing.assert_allclose(received, np.full(3, 1 / 3), rtol=1e-6)
    np.testing.assert_allclose(sent, np.full(2, 1 / 2), rtol=1e-6)


def test_padding_may_hold_anything():
    indices = jnp.asarray([[0, 0], [1, 1], [2, 2], [0, 9]], jnp.int32)
    M = BCOO((jnp.asarray([1.0, 2.0, jnp.nan, -jnp.inf]), indices), shape=(2, 2))
    assert float(sparse_ot.solve(M).value) == 1.5
    assert float(jax.jit(sparse_ot.solve)(M).value) == 1.5


def test_flags_of_a_pattern_survive():
    M = BCOO.fromdense(jnp.asarray(DENSE))
    plan = sparse_ot.solve(M).plan
    assert (plan.indices_sorted, plan.unique_indices) == (M.indices_sorted, M.unique_indices)


def test_a_graph_that_is_solved_by_another_container_has_the_same_value():
    M = BCOO.fromdense(jnp.asarray(DENSE))
    values = [sparse_ot.solve(x).value for x in (M, BCSR.from_bcoo(M), jnp.asarray(DENSE))]
    assert values[0] == values[1] == values[2]


def test_what_is_no_matrix_of_two_sparse_dimensions_is_refused():
    batch = BCOO.fromdense(jnp.stack([jnp.asarray(DENSE)] * 2), n_batch=1)
    with pytest.raises(sparse_ot.ShapeError, match=r"jax\.vmap"):
        sparse_ot.solve(batch)
    with pytest.raises(sparse_ot.ShapeError, match="n_dense=1"):
        sparse_ot.solve(BCOO.fromdense(jnp.asarray(DENSE), n_dense=1))
    with pytest.raises(sparse_ot.UnsupportedArrayError, match="BCOO or BCSR"):
        sparse_ot.solve(COO.fromdense(jnp.asarray(DENSE)))


def test_containers_of_a_graph_stay_in_jax_and_compile():
    x = jnp.asarray(DENSE.T)
    graph = sparse_ot.knn_cost(x, x, 1)
    assert isinstance(graph, BCOO)
    compiled = jax.jit(lambda x: sparse_ot.knn_cost(x, x, 1))(x)
    np.testing.assert_array_equal(graph.indices, compiled.indices)
    np.testing.assert_array_equal(graph.data, compiled.data)


@pytest.mark.parametrize(
    "transform", [lambda f: jax.jit(jax.vmap(f)), lambda f: jax.vmap(jax.grad(f))]
)
def test_a_radius_cannot_be_compiled(transform):
    x = jnp.asarray(DENSE)[None]
    with pytest.raises(sparse_ot.InputError, match="knn_cost"):
        transform(lambda x: jnp.sum(sparse_ot.radius_cost(x, x, 1.0).data))(x)
    with pytest.raises(sparse_ot.InputError, match=r"radius must be .*Trace"):
        jax.jit(lambda r: sparse_ot.radius_cost(x[0], x[0], r))(1.0)
