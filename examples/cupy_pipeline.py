"""Move one cloud onto another without leaving the GPU, except for the solve itself.

Points, neighbour graph, costs, plan and potentials are CuPy arrays on one device. Each step sends
every point halfway to where the plan sends its mass; only the arcs of the graph cross to the host,
once in each direction a solve.
"""

import sys

import numpy as np

import sparse_ot

try:
    import cupy
except ImportError:
    print("This example needs CuPy: see `python -m sparse_ot doctor`. Nothing was run.")
    sys.exit(0)
if not cupy.is_available():
    print("CuPy sees no CUDA device: see `python -m sparse_ot doctor`. Nothing was run.")
    sys.exit(0)

n = 2_000
rng = np.random.default_rng(0)
angle = rng.uniform(0.0, 2.0 * np.pi, n)
ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * rng.standard_normal((n, 2))
X = cupy.asarray(0.3 * rng.standard_normal((n, 2)))
Y = cupy.asarray(ring)

values = []
for _ in range(4):
    with sparse_ot.transfers() as crossed:
        graph = sparse_ot.knn_cost(X, Y, k=8, feasible_for=(None, None))  # cupyx.scipy.sparse
        solution = sparse_ot.solve(graph)
    values.append(float(solution.value))
    print(
        f"cost {values[-1]:.6f}, gap {solution.certificate.gap:.0e}; {graph.nnz:,} arcs; "
        f"{crossed.bytes_to_host / 1e6:.1f} MB to the host, "
        f"{crossed.bytes_to_device / 1e6:.1f} MB back"
    )
    X = 0.5 * (X + n * (solution.plan @ Y))  # rows of the plan sum to 1 / n

assert isinstance(solution.plan.data, cupy.ndarray)
assert solution.certificate.holds()
assert crossed.to_host == crossed.to_device == 2  # one for the backbone, one for the solve
assert values == sorted(values, reverse=True)
