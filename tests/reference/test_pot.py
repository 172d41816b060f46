"""emd and emd2 against POT on 340 random dense and sparse problems, each answer certified."""

from __future__ import annotations

import numpy as np
import pytest
from support.certify import certify
from support.oracles import pot_value
from support.problems import FAMILIES, draw

import sparse_ot

# POT does not know infinite costs, and calls masses over 12 orders of magnitude infeasible.
COMPARABLE = [name for name in FAMILIES if name != "dense_forbidden" and "wide_masses" not in name]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("family", COMPARABLE)
def test_emd_and_emd2_agree_with_pot(family: str, seed: int) -> None:
    a, b, M = draw(family, seed)
    a = None if a is None else a / a.sum()
    b = None if b is None else b / b.sum()
    plan, log = sparse_ot.emd(a, b, M, log=True)
    certify(a, b, M, (plan, log["u"], log["v"]))
    single = M.dtype == np.float32
    reference = pot_value(a, b, M)
    for value in (log["cost"], sparse_ot.emd2(a, b, M)):
        np.testing.assert_allclose(
            float(value), reference, rtol=1e-6 if single else 1e-9, atol=1e-7 if single else 1e-9
        )


def test_enough_problems_were_compared() -> None:
    assert len(COMPARABLE) * 20 >= 300
    assert sum(name.startswith("sparse") for name in COMPARABLE) >= 7
    assert sum(name.startswith("dense") for name in COMPARABLE) >= 7
