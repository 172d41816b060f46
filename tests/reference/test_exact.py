"""Against exact rational arithmetic, where float64 solvers cannot be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from support.certify import certify
from support.oracles import exact_value
from support.problems import (
    Case,
    draw,
    integer_masses,
    penalties,
    sparsify,
    wide_costs,
    wide_masses,
)

import sparse_ot

WHOLE = [
    "dense_ties",
    "dense_uniform",
    "dense_wide_masses",
    "sparse_duplicates",
    "sparse_masses",
    "sparse_stored_zeros",
    "sparse_ties",
    "sparse_uniform",
    "sparse_wide_masses",
]


def agrees_exactly(case: Case, rtol: float = 1e-13) -> None:
    """The answer certifies, and its value is the rational optimum to a few roundings."""
    solution = sparse_ot.solve(case.M, case.a, case.b)
    certify(case.a, case.b, case.M, solution)
    assert solution.certificate.holds()
    value = float(exact_value(*case))
    assert float(solution.value) == pytest.approx(value, rel=rtol, abs=1e-300)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("family", WHOLE)
def test_value_is_the_rational_optimum(family: str, seed: int) -> None:
    agrees_exactly(draw(family, 100 + seed))


@pytest.mark.parametrize("seed", range(6))
def test_wide_costs_leave_no_rounding_behind(seed: int) -> None:
    rng = np.random.default_rng(seed)
    agrees_exactly(wide_costs(rng, 12))
    dense = wide_costs(rng, 12)
    agrees_exactly(Case(dense.a, dense.b, sparsify(rng, dense.a, dense.b, dense.M)))


@pytest.mark.parametrize("seed", range(3))
def test_wide_costs_and_wide_masses_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    agrees_exactly(Case(*wide_masses(rng, 10, 13), 10.0 ** rng.uniform(-12, 12, (10, 13))))


@pytest.mark.parametrize("penalty", [1e12, 1e14])
@pytest.mark.parametrize("n", [12, 60])
def test_penalties_do_not_pollute_whole_masses(penalty: float, n: int) -> None:
    rng = np.random.default_rng(n)
    M = penalties(rng, n, penalty).M
    agrees_exactly(Case(*integer_masses(rng, n, n), M))
    agrees_exactly(Case(None, None, M))


@pytest.mark.parametrize("seed", range(4))
def test_big_offsets_do_not_hide_small_differences(seed: int) -> None:
    """All costs near 1e9, differing by fractions: the optimum is decided in the last digits."""
    rng = np.random.default_rng(seed)
    M = 1e9 + rng.integers(0, 1000, (15, 15)) / 1024.0
    agrees_exactly(Case(*integer_masses(rng, 15, 15), M), rtol=1e-15)
