"""How much does a nearest-neighbour graph lose against all pairs, and which pairs are missing?

The optimum on a graph says nothing about the pairs it leaves out. `dense_gap` does: it gives a
lower bound for all pairs from the graph's own potentials, in one search over the points, and the
pairs that would have helped. With ``tol=0.0`` the bound is the optimum over all pairs itself.
"""

import numpy as np

import sparse_ot

rng = np.random.default_rng(0)
X = rng.random((3_000, 2))
Y = rng.random((3_000, 2))

print("k   arcs     cost on the graph   at most too much by   exactly   pairs missing")
for k in (4, 8, 16, 32, 64):
    graph = sparse_ot.knn_cost(X, Y, k, feasible_for=(None, None))
    solution = sparse_ot.solve(graph)
    quick = sparse_ot.dense_gap(solution, X, Y)
    exact = sparse_ot.dense_gap(solution, X, Y, tol=0.0)
    print(
        f"{k:<3} {graph.nnz:>7,}  {quick.value:.9f}         {quick.relative:>10.2%}"
        f"            {exact.relative:>7.2%}   {quick.rows.size:>6,}"
    )
    assert quick.lower_bound <= exact.lower_bound * (1 + 1e-12)
optimum = sparse_ot.solve_sample(X, Y)
assert abs(exact.lower_bound - optimum.value) < 1e-9 * optimum.value
