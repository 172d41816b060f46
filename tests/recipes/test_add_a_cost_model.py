"""The recipe "Add a cost model, or one that wraps another" of CONTRIBUTING.md, to the letter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.certify import certify

import sparse_ot
from sparse_ot import DenseCost, PointCloudCost
from sparse_ot.backends.protocol import Pricing
from sparse_ot.costs.model import Arcs, CostModel, Points
from sparse_ot.solvers.starts import multiscale

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def scaled() -> Any:
    """The class of the page."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = page.partition("## Add a cost model, or one that wraps another\n")[2]
    (code,) = re.findall(r"^```python\n(.*?)^```", recipe.partition("\n## ")[0], re.M | re.S)
    names = {"Array": Any, "Any": Any, "Arcs": Arcs, "CostModel": CostModel}
    names |= {"Points": Points, "Pricing": Pricing}
    exec("from __future__ import annotations\n" + code, names)
    return names["Scaled"]


def test_it_is_solved_and_certified(rng: np.random.Generator, scaled: Any) -> None:
    x, y = rng.random((90, 2)), rng.random((70, 2))
    M = 3.0 * ((x[:, None] - y) ** 2).sum(axis=-1)
    solution = sparse_ot.solve(scaled(PointCloudCost(x, y), 3.0))
    certify(None, None, M, solution)
    assert solution.certificate.scope == "dense"
    certify(None, None, M, sparse_ot.solve(scaled(DenseCost(M / 3.0), 3.0)))


def test_it_keeps_the_start_from_coarse_to_fine(
    rng: np.random.Generator, scaled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[int] = []
    make = multiscale.start

    def counted(*arguments: Any, **options: Any) -> multiscale.Start:
        starts.append(1)
        return make(*arguments, **options)

    monkeypatch.setattr(multiscale, "start", counted)
    x, y = rng.random((900, 2)), rng.random((900, 2))
    a, b = rng.random(900), rng.random(900)
    b *= a.sum() / b.sum()
    plain = sparse_ot.solve_sample(x, y, a, b)
    assert len(starts) == 1
    solution = sparse_ot.solve(scaled(PointCloudCost(x, y), 0.5), a, b)
    assert len(starts) == 2
    assert float(solution.value) == pytest.approx(0.5 * float(plain.value), rel=1e-12)
