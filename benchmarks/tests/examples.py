"""Problems small enough to solve by hand, and HiGHS for the others."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from benchmarks.problems import Answer, DenseProblem, PointProblem, Problem

SQUARE = DenseProblem(np.array([2, 1]), np.array([1, 2]), np.array([[1.0, 3.0], [2.0, 0.5]]))
BEST = Answer(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 1, 1]))
DEARER = Answer(np.array([0, 1]), np.array([1, 0]), np.array([2, 1]))
BEST_POTENTIALS = (np.array([1.0, -1.5]), np.array([0.0, 2.0]))

# On a line: masses 2 and 1 at 0 and 2 are wanted as 1 and 2 at 0 and 3.
LINE = PointProblem(
    np.array([2, 1]), np.array([1, 2]), np.array([[0.0], [2.0]]), np.array([[0.0], [3.0]])
)
# Costs 0, 9, 4, 1: the same three pairs as BEST are optimal, at 0 + 9 + 1.
LINE_POTENTIALS = (np.array([0.0, -8.0]), np.array([0.0, 9.0]))


def optimum_by_linear_programming(problem: Problem) -> float:
    """Value per unit of mass, by HiGHS."""
    rows, cols, costs = problem.arcs()
    arcs, n = np.arange(len(costs)), len(problem.a)
    incidence = coo_array(
        (
            np.ones(2 * len(costs)),
            (np.concatenate([rows, cols + n]), np.concatenate([arcs, arcs])),
        ),
        shape=(problem.node_count, len(costs)),
    ).tocsr()
    masses = np.concatenate([problem.a, problem.b])
    found = linprog(costs, A_eq=incidence, b_eq=masses, method="highs")  # type: ignore[call-overload]
    assert found.status == 0
    return float(found.fun) / float(problem.a.sum())
