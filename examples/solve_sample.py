"""The optimum over all 25 million pairs of two weighted clouds, certified, without the matrix.

`progress` shows the two bounds closing in: the cost of a plan, and the most that any proof so far
says a plan must cost. With `tol` the solve may stop as soon as they are near enough.
"""

import numpy as np

import sparse_ot

rng = np.random.default_rng(0)
X = rng.random((5_000, 2))
Y = rng.normal(0.5, 0.2, (5_000, 2))
a = rng.integers(1, 1_000, 5_000).astype(float)
b = rng.integers(1, 1_000, 5_000).astype(float)
a, b = a / a.sum(), b / b.sum()

rounds = []
exact = sparse_ot.solve_sample(X, Y, a, b, progress=rounds.append)
near = sparse_ot.solve_sample(X, Y, a, b, tol=0.01)

for a_round in rounds:
    print(a_round)
print(f"{exact.stats.arcs:,} of {len(X) * len(Y):,} pairs looked at, {exact.plan.nnz:,} used")
print(f"exact: {exact.value:.12f}, gap {exact.certificate.gap:.1e}")
print(f"1 %:   {near.value:.12f}, gap {near.certificate.gap:.1e} ({near.status.name})")
assert exact.certificate.scope == "dense"  # optimal among all pairs
assert near.certificate.lower_bound <= exact.value <= near.value <= 1.0102 * exact.value
assert exact.certificate.holds(1e-12)
