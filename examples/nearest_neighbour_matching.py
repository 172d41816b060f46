"""Match two clouds of 5,000 points along their nearest neighbours, exactly.

Every pair would be 25 million costs. The plan needs at most 9,999 of them, so give the solver
only the pairs that are likely: the 12 nearest of each point, in both directions. Nearest
neighbours alone often cannot carry all the mass; `feasible_for` adds the few pairs that can.
"""

import numpy as np

import sparse_ot

rng = np.random.default_rng(0)
X = rng.random((5_000, 2))
Y = rng.random((5_000, 2))

cost = sparse_ot.knn_cost(X, Y, k=12, feasible_for=(None, None))  # None: uniform masses
solution = sparse_ot.solve(cost)

print(f"{cost.nnz:,} of {len(X) * len(Y):,} pairs allowed, {solution.plan.nnz:,} used")
print(f"cost {solution.value:.9f}, lower bound {solution.certificate.lower_bound:.9f}")
assert solution.certificate.holds()
assert solution.certificate.scope == "arcs"  # optimal among the allowed pairs
