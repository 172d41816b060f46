"""Whole processes: four devices, one core, a persistent compilation cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jax")

PREAMBLE = """
import numpy as np, jax, jax.numpy as jnp, sparse_ot
from jax.experimental.sparse import BCOO
rng = np.random.default_rng(0)
"""


def run(code: str, *, command: tuple[str, ...] = (), **environment: str) -> str:
    done = subprocess.run(
        [*command, sys.executable, "-W", "error", "-c", PREAMBLE + code],
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FOUR: Any = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}


def test_results_stay_on_the_device_of_the_arguments() -> None:
    run(
        """
third = jax.devices()[2]
M = jax.device_put(jnp.asarray(rng.random((5, 6))), third)
for solve in (sparse_ot.solve, jax.jit(sparse_ot.solve)):
    s = solve(M)
    for x in (s.value, s.plan, *s.potentials):
        assert x.devices() == {third}, x.devices()
graph = sparse_ot.knn_cost(M, M, 2, feasible_for=(None, None))
assert graph.data.devices() == {third}
assert jax.grad(lambda C: sparse_ot.emd2(None, None, C))(M).devices() == {third}
with jax.default_device(third):
    values = sparse_ot.emd2(None, jnp.full((6, 2), 1 / 6), jnp.ones((5, 6)), numThreads=2)
assert all(value.devices() == {third} for value in values)
try:
    sparse_ot.solve(M, jax.device_put(jnp.full(5, 0.2), jax.devices()[1]))
except sparse_ot.UnsupportedArrayError as error:
    assert "device_put" in str(error)
else:
    raise AssertionError
""",
        **FOUR,
    )


def test_arrays_spread_over_four_devices() -> None:
    run(
        """
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(jax.devices()), ("x",))
M, x = rng.random((8, 12)).astype(np.float32), rng.random((8, 3)).astype(np.float32)
spread = lambda z, *axes: jax.device_put(jnp.asarray(z), NamedSharding(mesh, P(*axes)))
expected = float(sparse_ot.solve(M).value)
rows, cols = (i.ravel() for i in np.indices(M.shape))
sparse = BCOO((spread(M.ravel(), "x"), spread(np.stack([rows, cols], 1).astype(np.int32), "x")),
              shape=M.shape)
for costs in (spread(M, "x"), spread(M, None, "x"), sparse):
    for solve in (sparse_ot.solve, jax.jit(sparse_ot.solve)):
        s = solve(costs)
        np.testing.assert_allclose(s.value, expected, rtol=1e-6)
        assert len(s.value.sharding.device_set) == 4
        assert s.value.sharding.is_fully_replicated
slope = jax.jit(jax.grad(lambda C: sparse_ot.emd2(None, None, C)))(spread(M, "x"))
np.testing.assert_allclose(slope, sparse_ot.solve(jnp.asarray(M)).plan)
batch = spread(np.stack([M, 2 * M, 3 * M, 4 * M]), "x")
values = jax.jit(jax.vmap(lambda C: sparse_ot.emd2(None, None, C)))(batch)
np.testing.assert_allclose(values, expected * np.arange(1, 5), rtol=1e-6)
points = spread(x, "x")
for graph in (sparse_ot.knn_cost, jax.jit(sparse_ot.knn_cost, static_argnums=2)):
    found = graph(points, points, 2)
    alone = sparse_ot.knn_cost(jnp.asarray(x), jnp.asarray(x), 2)
    np.testing.assert_array_equal(found.indices, alone.indices)
""",
        **FOUR,
    )


def test_each_device_of_a_shard_map_solves_and_differentiates_its_own() -> None:
    run(
        """
from functools import partial
from jax.sharding import Mesh, PartitionSpec as P
if hasattr(jax, "shard_map"):
    shard_map = jax.shard_map
else:  # older JAX, whose check of replication knows too little of custom derivatives
    from jax.experimental.shard_map import shard_map
    shard_map = partial(shard_map, check_rep=False)
mesh = Mesh(np.array(jax.devices()), ("x",))
batch = jnp.asarray(rng.random((4, 300, 300)), jnp.float32)
one = lambda C: sparse_ot.emd2(None, None, C[0])[None]
values = jax.jit(shard_map(one, mesh=mesh, in_specs=P("x"), out_specs=P("x")))
np.testing.assert_allclose(
    values(batch), [sparse_ot.emd2(None, None, np.asarray(C)) for C in batch], rtol=1e-6)
inside = jax.grad(lambda C: one(C).sum())
slopes = jax.jit(shard_map(inside, mesh=mesh, in_specs=P("x"), out_specs=P("x")))(batch)
np.testing.assert_array_equal(jax.grad(lambda B: values(B).sum())(batch), slopes)
for C, slope in zip(batch, slopes):
    np.testing.assert_array_equal(slope, sparse_ot.emd(None, None, np.asarray(C)))
""",
        **FOUR,
    )


@pytest.mark.skipif(shutil.which("taskset") is None, reason="taskset pins a process to one core")
def test_a_million_arcs_on_one_core_do_not_deadlock() -> None:
    """JAX's own callback hangs here (it waits for the only thread of the pool it runs in)."""
    out = run(
        """
n, k = 20_000, 50
rows = np.repeat(np.arange(n), k)
steps = np.tile(np.arange(k), n)
indices = np.stack([rows, (rows + steps) % n], axis=1).astype(np.int32)
M = BCOO((jnp.asarray((rng.random(n * k) + steps).astype(np.float32)), jnp.asarray(indices)),
         shape=(n, n))
f = jax.jit(lambda M: sparse_ot.emd2(None, None, M))
values = [float(f(M)) for _ in range(5)]
assert len(set(values)) == 1 and 0.4 < values[0] < 0.6, values

# Host functions in Python: as many numbers, through the graph of a cloud.
from sparse_ot.costs.feasible_arcs import Backbone
from sparse_ot.backends.registry import load_backend
from sparse_ot.backends.protocol import ArraySpec
from sparse_ot.result.ledger import TransferLedger
x = jnp.asarray(rng.random((100_000, 3)), jnp.float32)
masses = jnp.full(100_000, 1 / 100_000)
find = Backbone(capacity=400_000)
spec = ArraySpec((400_000,), "int32")
g = jax.jit(lambda x, y: load_backend("jax").host_call(
    find, x, y, masses, masses, out=(spec, spec), ledger=TransferLedger())[0] + 1)
for _ in range(2):
    g(x, x[::-1] + 0.0).block_until_ready()

# Threads that wait for one another's lock and for the pool.
from threading import Thread
y = x[::-1] + 0.0
threads = [Thread(target=lambda: g(x, y).block_until_ready()) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done")
""",
        command=("taskset", "-c", "0"),
    )
    assert out.strip() == "done"


def test_a_program_from_the_compilation_cache_finds_its_functions(tmp_path: Path) -> None:
    code = """
x = jnp.asarray(rng.random((20, 2)), jnp.float32)
f = jax.jit(lambda x: sparse_ot.emd2(None, None, sparse_ot.knn_cost(
    x, x[::-1], 3, feasible_for=(None, None))))
print(float(f(x)))
"""
    cache: Any = {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    assert run(code, **cache) == run(code, **cache)
    assert any(tmp_path.iterdir())


def test_importing_jax_is_left_to_the_user() -> None:
    code = "import sys, sparse_ot; sparse_ot.solve([[1.0]]); assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
