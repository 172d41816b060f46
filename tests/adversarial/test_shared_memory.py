"""A solution shares no memory with its input, and a solve changes none of it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify

import sparse_ot

RNG = np.random.default_rng(7)
X, Y = RNG.random((2, 30, 2))
M = ((X[:, None] - Y[None]) ** 2).sum(axis=-1)
A, B = RNG.dirichlet(np.ones(30), 2)


def arrays_in(*things: Any) -> list[Any]:
    """All NumPy arrays of arrays, containers and tuples."""
    found = []
    for thing in things:
        if isinstance(thing, np.ndarray):
            found.append(thing)
        elif isinstance(thing, tuple):
            found += arrays_in(*thing)
        elif sp.issparse(thing):
            names = ("data", "indices", "indptr", "coords", "offsets")
            found += arrays_in(*(getattr(thing, name, None) for name in names))
    return found


@pytest.mark.parametrize("kind", ["matrix", "coo_array", "csr_array", "csc_matrix", "dia_array"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (5, 4)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_solution_shares_no_memory_with_its_input(
    kind: str, shape: tuple[int, int], dtype: Any
) -> None:
    n, m = shape
    matrix = np.asarray(M[:n, :m], dtype)
    costs = matrix if kind == "matrix" else getattr(sp, kind)(matrix)
    a, b, u, v = np.full(n, 1 / n, dtype), np.full(m, 1 / m, dtype), *map(np.zeros, shape)
    given = arrays_in(costs, a, b, u, v)
    before = copy.deepcopy(given)
    for center in (True, False):
        for start in (None, (u, v)):
            solution = sparse_ot.solve(costs, a, b, potentials_init=start, center_dual=center)
            certify(a, b, costs, (solution.plan, *solution.potentials))
            for mine in arrays_in(solution.plan, solution.potentials):
                assert not any(np.shares_memory(mine, x) for x in given)
    for x, y in zip(given, before, strict=True):
        np.testing.assert_array_equal(x, y)


def test_what_is_done_to_the_input_afterwards_changes_no_solution() -> None:
    costs, a, b, x, y = M.copy(), A.copy(), B.copy(), X.copy(), Y.copy()
    solutions = sparse_ot.solve(costs, a, b), sparse_ot.solve_sample(x, y, a, b)
    kept = copy.deepcopy([(s.value, s.plan, s.potentials) for s in solutions])
    for array in (costs, a, b, x, y):
        array[:] = np.nan
    for solution, (value, plan, potentials) in zip(solutions, kept, strict=True):
        assert solution.value == value
        for mine, before in zip(
            arrays_in(solution.plan, solution.potentials), arrays_in(plan, potentials), strict=True
        ):
            np.testing.assert_array_equal(mine, before)
