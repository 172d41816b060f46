"""Learn a point cloud by gradient descent on the exact transport cost, inside JAX.

800 points start as a blob and descend to a spiral. Each step builds a nearest-neighbour graph,
solves the transport problem on it exactly, and differentiates through both, in one compiled
function. The picture shows the cloud on its way (learn_cloud.png).
"""

import importlib.util

if importlib.util.find_spec("jax") is None:
    print("This example needs JAX. Install it with: pip install 'sparseot[jax]'")
    raise SystemExit(0)

import jax
import jax.numpy as jnp
import numpy as np

import sparse_ot

n = 800
rng = np.random.default_rng(0)
angle = 3 * np.pi * np.sqrt(rng.random(n))
spiral = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1) / 10
target = jnp.asarray(spiral + 0.02 * rng.standard_normal((n, 2)))
points = jnp.asarray(0.2 * rng.standard_normal((n, 2)) + [0.6, 0.6])


def loss(points):
    # feasible_for adds the few arcs without which the nearest neighbours may have no plan.
    graph = sparse_ot.knn_cost(points, target, k=8, feasible_for=(None, None))
    return sparse_ot.emd2(None, None, graph)


@jax.jit
def step(points):
    value, slope = jax.value_and_grad(loss)(points)
    return points - 0.1 * n * slope, value  # a fifth of the way to where the plan sends each point


snapshots, values = {0: points}, []
for i in range(1, 41):
    points, value = step(points)
    values.append(float(value))
    if i in (5, 15, 40):
        snapshots[i] = points

print(f"transport cost {values[0]:.4f} at the start, {values[-1]:.2e} after {len(values)} steps")

if importlib.util.find_spec("matplotlib") is not None:
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(snapshots), figsize=(12, 3.2), sharex=True, sharey=True)
    for panel, (i, cloud) in zip(panels, snapshots.items(), strict=True):
        panel.scatter(*target.T, s=3, color="0.8")
        panel.scatter(*cloud.T, s=3, color="tab:blue")
        panel.set_title(f"step {i}")
        panel.set_aspect("equal")
        panel.axis("off")
    figure.tight_layout()
    figure.savefig("learn_cloud.png", dpi=110)
    print("wrote learn_cloud.png")

assert values[-1] < 0.01 * values[0]
