"""The recipe "Add a metric" of CONTRIBUTING.md, followed to the letter.

The record serves every library at once, by tiles. The struct is compiled into a copy of the core,
whose tests of the search run over the list of metrics.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.certify import certify

import sparse_ot
from sparse_ot.backends.registry import load_backend
from sparse_ot.metrics import METRICS, GroundMetric

ROOT = Path(__file__).parent.parent.parent
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")


def code_of_the_recipe(language: str) -> list[str]:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = page.partition("## Add a metric\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", recipe, re.M | re.S)


@pytest.fixture
def quartic(monkeypatch: pytest.MonkeyPatch) -> str:
    """The metric, with its record in place, as the page says."""
    formula, record = code_of_the_recipe("python")
    names: dict[str, Any] = {"Array": Any, "Any": Any, "GroundMetric": GroundMetric}
    exec(formula, names)
    names["formulas"] = SimpleNamespace(quartic=names["quartic"])
    made = eval(record, names)
    monkeypatch.setitem(METRICS, made.name, made)
    return str(made.name)


def costs_of(x: Any, y: Any) -> Any:
    return ((x[:, None] - y[None]) ** 4).sum(axis=-1)


def test_a_record_is_enough_for_graphs_and_clouds(rng: np.random.Generator, quartic: str) -> None:
    x, y = rng.random((60, 2)), rng.random((50, 2))
    M = costs_of(x, y)
    certify(None, None, M, sparse_ot.solve_sample(x, y, metric=quartic))
    graph = sparse_ot.knn_cost(x, y, 4, quartic, feasible_for=(None, None))
    certify(None, None, graph, sparse_ot.solve(graph))


def test_a_record_is_enough_beyond_the_size_where_starts_are_coarse(
    rng: np.random.Generator, quartic: str
) -> None:
    x, y = rng.random((1000, 2)), rng.random((1100, 2))
    solution = sparse_ot.solve_sample(x, y, metric=quartic)
    assert float(solution.value) == pytest.approx(
        float(sparse_ot.solve(costs_of(x, y)).value), rel=1e-9
    )


@pytest.mark.parametrize("library", ["jax", "array_api_strict"])
def test_a_record_is_enough_in_every_library(
    rng: np.random.Generator, quartic: str, library: str
) -> None:
    xp = pytest.importorskip("jax.numpy" if library == "jax" else library)
    x, y = (rng.random((n, 2)).astype(np.float32) for n in (40, 30))
    found = load_backend(library).knn(xp.asarray(x), xp.asarray(y), 3, quartic)
    np.testing.assert_allclose(
        np.asarray(found.costs), np.sort(costs_of(x, y))[:, :3], rtol=1e-5, atol=1e-9
    )


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
def test_a_struct_is_a_header_and_a_place_in_the_list(tmp_path: Path) -> None:
    kernels = tmp_path / "kernels"
    shutil.copytree(ROOT / "kernels", kernels)
    header, entry = code_of_the_recipe("cpp")
    folder = kernels / "include/sparse_ot/geometry"
    (folder / "metrics/quartic.hpp").write_text(header, encoding="utf-8")
    listing = (folder / "metrics.hpp").read_text(encoding="utf-8")
    include = '#include "sparse_ot/geometry/metrics/minkowski.hpp"\n'
    assert include in listing
    listing = listing.replace(include, include + include.replace("minkowski", "quartic"))
    listing, count = re.subn(r"^using AllMetrics = .*?;\n", entry, listing, flags=re.M | re.S)
    assert count == 1
    check = (
        "#include <string_view>\n\nnamespace {\n"
        "using namespace sparse_ot;\n"
        "static_assert(AllMetrics::size == 7);\n"
        'static_assert(std::string_view(metrics::Quartic::name) == "quartic");\n}\n'
    )
    (folder / "metrics.hpp").write_text(listing, encoding="utf-8")
    test = kernels / "tests/search/test_nearest.cpp"
    test.write_text(test.read_text(encoding="utf-8") + check, encoding="utf-8")
    program = tmp_path / "test_nearest"
    assert COMPILER is not None
    subprocess.run(
        [
            *(COMPILER, "-std=c++20", "-O1", "-UNDEBUG", "-Wall", "-Wextra", "-Werror"),
            *("-ffp-contract=off", "-pthread", "-I", kernels / "include", "-I", kernels / "tests"),
            *("-o", program, test),
        ],
        check=True,
    )
    done = subprocess.run([program], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
