"""A cost model of one's own: points that may only move to points of certain kinds.

Cells at two times, of three types: a cell may keep its type or become the next one, nothing else.
Any object that answers the questions of `sparse_ot.costs.CostModel` can be solved over all its
pairs: which arcs to begin with, what given arcs cost, and which arcs would still improve a plan.
The last one is the one that matters: it must report the smallest ``cost - v`` of every source
exactly, over all pairs that are allowed, for the proof is built on it.

Here the allowed pairs fall into blocks of one type against another, and each block is a cloud
of its own, so the library's own searches do the work. No matrix is made.
"""

import numpy as np

import sparse_ot
from sparse_ot.backends.protocol import Pricing
from sparse_ot.costs.model import Arcs


class MaskedCost:
    """Squared Euclidean cost between points whose kinds go together; infinite otherwise."""

    scope = "dense"  # certificates speak of all pairs, not of listed arcs

    def __init__(self, X, Y, kinds_x, kinds_y, allowed):
        self.X, self.Y, self.kinds_x, self.kinds_y, self.allowed = X, Y, kinds_x, kinds_y, allowed
        self.shape, self.like = (len(X), len(Y)), X
        self.blocks = []
        for p, q in np.argwhere(allowed):
            rows, cols = np.flatnonzero(kinds_x == p), np.flatnonzero(kinds_y == q)
            self.blocks.append((rows, cols, sparse_ot.PointCloudCost(X[rows], Y[cols])))
        self.backend = self.blocks[0][2].backend

    def arc_at(self, index):
        return divmod(index, self.shape[1])

    def arc_costs(self, rows, cols):
        costs = ((self.X[rows] - self.Y[cols]) ** 2).sum(axis=1)
        return np.where(self.allowed[self.kinds_x[rows], self.kinds_y[cols]], costs, np.inf)

    def candidate_arcs(self, per_point, potentials=None):
        arcs = []
        for rows, cols, cloud in self.blocks:
            near = None if potentials is None else (potentials[0][rows], potentials[1][cols])
            found = cloud.candidate_arcs(per_point, near)
            arcs.append((rows[found.rows], cols[found.cols], found.costs))
        return Arcs(*(np.concatenate(part) for part in zip(*arcs, strict=True)))

    def price(self, u, v, per_point):
        arcs, minima = [], np.full(len(u), np.inf)
        for rows, cols, cloud in self.blocks:
            found = cloud.price(u[rows], v[cols], per_point)
            arcs.append((rows[found.rows], cols[found.cols], found.costs))
            minima[rows] = np.minimum(minima[rows], found.row_minima)
        return Pricing(*(np.concatenate(part) for part in zip(*arcs, strict=True)), minima)


rng = np.random.default_rng(0)
kinds_x, kinds_y = np.repeat([0, 1, 2], [400, 300, 300]), np.repeat([0, 1, 2], [300, 300, 400])
centers = np.array([[0.0, 0.0], [2.0, 1.0], [4.0, 0.0]])
X = centers[kinds_x] + rng.normal(size=(1_000, 2))
Y = centers[kinds_y] + rng.normal(size=(1_000, 2)) + 0.3
allowed = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)

cost = MaskedCost(X, Y, kinds_x, kinds_y, allowed)
solution = sparse_ot.solve(cost)

rows, cols = solution.plan.nonzero()
moved = np.zeros((3, 3))
np.add.at(moved, (kinds_x[rows], kinds_y[cols]), np.asarray(solution.plan[rows, cols]).ravel())
print(f"cost {solution.value:.6f}, gap {solution.certificate.gap:.1e}, mass from kind to kind:")
print(moved.round(3))
everybody = cost.arc_costs(*np.divmod(np.arange(1_000_000), 1_000)).reshape(1_000, 1_000)
assert moved[~allowed].sum() == 0
assert solution.certificate.holds()
assert abs(solution.value - sparse_ot.solve(everybody).value) < 1e-12
