"""The example and the page about CuPy run on the stand-in; without CuPy the example is polite."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.standin import raw_module

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "cupy_pipeline.py"

needs_compiler = pytest.mark.skipif(raw_module.COMPILER is None, reason="no C++ compiler (g++)")


@needs_compiler
def test_the_example_runs(cupy, capsys):
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out.count("gap") == 4


def test_without_a_device_the_example_says_so(cupy, capsys, monkeypatch):
    monkeypatch.setattr(cupy, "is_available", lambda: False)
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert not left.value.code
    assert "no CUDA device" in capsys.readouterr().out


@needs_compiler
def test_the_code_of_the_page_runs(cupy, monkeypatch):
    rng = np.random.default_rng(0)
    cupy_random: Any = type("random", (), {})
    cupy_random.standard_normal = lambda shape: cupy.asarray(rng.standard_normal(shape))
    monkeypatch.setattr(cupy, "random", cupy_random, raising=False)
    text = (ROOT / "docs" / "cupy.md").read_text(encoding="utf-8").replace("20_000", "300")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, Any] = {}
    exec("\n".join(blocks), names)
    library, Y = names["sparse_ot"], names["Y"]
    graphs = [
        library.knn_cost(x, Y, 16, feasible_for=(None, None)) for x in (names["X"], names["X_next"])
    ]
    before, after = (float(library.emd2(None, None, graph)) for graph in graphs)
    assert after < before
