"""Forbid pairs of a dense problem with infinite costs.

Large finite penalties are a habit from solvers that know no other way. They cost accuracy, and
they can be paid: an infinite cost cannot. Here nobody may move further than a quarter.
"""

import numpy as np

import sparse_ot

rng = np.random.default_rng(1)
x, y = np.sort(rng.random(300)), np.sort(rng.random(300))

distance = np.abs(x[:, None] - y[None, :])
cost = np.where(distance > 0.25, np.inf, np.sqrt(distance))  # concave: far moves are cheap

free = sparse_ot.solve(np.sqrt(distance))
limited = sparse_ot.solve(cost)

furthest = [float(distance[solution.plan > 0].max()) for solution in (free, limited)]
print(f"free:    cost {free.value:.6f}, furthest move {furthest[0]:.3f}")
print(f"limited: cost {limited.value:.6f}, furthest move {furthest[1]:.3f}")
assert limited.value >= free.value
assert furthest[1] <= 0.25
assert free.certificate.holds()
assert limited.certificate.holds()
