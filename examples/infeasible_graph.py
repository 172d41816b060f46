"""A graph that cannot carry the masses, the proof that it cannot, and the repair.

Three sources share two targets and hold more mass than these can take. sparse_ot refuses, and
hands over sources and targets that prove it (Hall's theorem); one more pair repairs the graph.
"""

import numpy as np
from scipy.sparse import coo_array

import sparse_ot

a = np.array([0.25, 0.25, 0.25, 0.25])
b = np.array([0.30, 0.30, 0.40])
rows = np.array([0, 0, 1, 1, 2, 3, 3])
cols = np.array([0, 1, 0, 1, 1, 1, 2])
cost = coo_array((np.ones(7), (rows, cols)), shape=(4, 3))

try:
    sparse_ot.solve(cost, a, b)
except sparse_ot.InfeasibleError as error:
    print(error)
    proof = error.violation

reached = np.unique(cols[np.isin(rows, proof.sources)])
print(
    f"sources {proof.sources} hold {proof.supply:.2f}; their targets {reached} take "
    f"{proof.demand:.2f}: {proof.deficit:.2f} has nowhere to go"
)
assert set(reached) <= set(proof.targets)
assert a[proof.sources].sum() > b[proof.targets].sum()

repair = coo_array(([5.0], ([2], [2])), shape=(4, 3))  # let source 2 reach target 2, at a price
solution = sparse_ot.solve(sparse_ot.union(cost, repair), a, b)
print(f"repaired: cost {solution.value:.3f}")
assert solution.certificate.holds()
