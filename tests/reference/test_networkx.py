"""Feasibility and values against graph algorithms written by others."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance
from support.certify import certify
from support.oracles import exact_value
from support.problems import point_costs, sparsify

import sparse_ot


@pytest.mark.parametrize("seed", range(10))
def test_equal_masses_give_an_assignment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 60))
    M = point_costs(rng, n, n)
    rows, cols = linear_sum_assignment(M)
    bounds = certify(None, None, M, sparse_ot.solve(M))
    assert bounds.upper == pytest.approx(M[rows, cols].mean(), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_sparse_assignments_agree_with_networkx(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 80
    M = sparsify(rng, None, None, point_costs(rng, n, n), per_row=5)
    bounds = certify(None, None, M, sparse_ot.solve(M))
    assert bounds.upper == pytest.approx(float(exact_value(None, None, M)), rel=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_on_the_line_it_is_the_sorted_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=50), rng.normal(size=70)
    a, b = rng.random(50), rng.random(70)
    a, b = a / a.sum(), b / b.sum()
    value = sparse_ot.emd2(a, b, np.abs(x[:, None] - y))
    assert float(value) == pytest.approx(wasserstein_distance(x, y, a, b), rel=1e-10)


def test_a_long_path_needs_every_arc() -> None:
    """A staircase graph has one plan only; its potentials are sums of thousands of costs."""
    n = 3000
    i = np.arange(n)
    rows, cols = np.concatenate([i, i[:-1]]), np.concatenate([i, i[1:]])
    costs = np.random.default_rng(0).random(len(rows))
    a = np.full(n, 2.0)
    b = np.full(n, 2.0)
    a[-1], b[0] = 1.0, 1.0
    M = sp.coo_array((costs, (rows, cols)), shape=(n, n))
    bounds = certify(a, b, M, sparse_ot.solve(M, a, b))
    assert bounds.upper == pytest.approx(costs.sum(), rel=1e-12)
