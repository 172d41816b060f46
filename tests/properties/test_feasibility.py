"""Feasible or not: decided as maximum flow decides it, and proved either way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st
from properties.strategies import graphs
from support.certify import certify, certify_infeasible
from support.oracles import is_feasible
from support.problems import Case, integer_masses

import sparse_ot


def decide(a: Any, b: Any, M: Any) -> bool:
    """Solve or be refused; check the proof of whichever it is."""
    try:
        solution = sparse_ot.solve(M, a, b)
    except sparse_ot.InfeasibleError as error:
        certify_infeasible(a, b, M, error.violation)
        return False
    certify(a, b, M, solution)
    return True


@given(graphs())
@example(Case(np.array([1.0]), np.array([1.0]), sp.coo_array((1, 1))))
def test_small_graphs_are_decided_as_maximum_flow_does(case: Case) -> None:
    assert decide(*case) == is_feasible(*case)


@given(graphs(), st.sampled_from([1e-12, 0.1, 1 / 3, 1e15]))
def test_the_unit_of_mass_does_not_matter(case: Case, unit: float) -> None:
    a, b, M = case
    assert decide(a * unit, b * unit, M) == is_feasible(a, b, M)


@pytest.mark.parametrize("per_row", [1.5, 3.0, 6.0])
@pytest.mark.parametrize("largest", [1, 3, 999])
@pytest.mark.parametrize("seed", range(6))
def test_larger_graphs(per_row: float, largest: int, seed: int) -> None:
    rng = np.random.default_rng([seed, largest, int(10 * per_row)])
    n, m = rng.integers(30, 120, 2) if largest > 1 else [80, 80]
    a, b = integer_masses(rng, n, m, largest)
    M = sp.random_array((n, m), density=per_row / m, rng=rng, format="csr")
    assert decide(a, b, M) == is_feasible(a, b, M)


def test_both_answers_occur_above() -> None:
    outcomes = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        a, b = integer_masses(rng, 30, 30, 3)
        outcomes.add(decide(a, b, sp.random_array((30, 30), density=rng.random() / 2, rng=rng)))
    assert outcomes == {True, False}


def test_one_unit_too_much_is_found_and_proved() -> None:
    """Two components, each balanced but for one unit in a million."""
    million = 1_000_000
    a = np.array([million + 1, million - 1], dtype=float)
    b = np.array([million, million], dtype=float)
    M = sp.csr_array(np.diag([1.0, 2.0]))
    assert not decide(a, b, M)
    assert decide(b, b, M)
