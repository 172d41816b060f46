"""Every family of problems against HiGHS, each answer certified."""

from __future__ import annotations

import pytest
from support.certify import certify
from support.oracles import highs_value
from support.problems import FAMILIES, draw

import sparse_ot

# HiGHS calls problems with masses over 12 orders of magnitude infeasible: test_exact.py has them.
COMPARABLE = [name for name in FAMILIES if "wide_masses" not in name]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("family", COMPARABLE)
def test_value_is_that_of_highs(family: str, seed: int) -> None:
    a, b, M = draw(family, seed)
    solution = sparse_ot.solve(M, a, b)
    bounds = certify(a, b, M, solution)
    assert solution.certificate.holds(rtol=1e-6 if M.dtype == "float32" else 1e-9)
    total = 1.0 if a is None else float(sum(a))
    tolerance = 1e-6 if M.dtype == "float32" else 1e-9
    assert bounds.upper / total == pytest.approx(
        highs_value(a, b, M) / total, rel=tolerance, abs=tolerance
    )
