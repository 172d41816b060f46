"""The recipe "Add a backend" of CONTRIBUTING.md, followed to the letter.

The library `acme` is array-api-strict under another name. Its backend lies in a folder of the
test, with exactly the code of the page in it, and that folder is one more place where sparse_ot
looks for backends. Then acme must do what every library does.
"""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance import libraries as conformance_libraries
from conformance import test_conformance as suite
from conformance.libraries import Library
from support.certify import certify

import sparse_ot
import sparse_ot.backends
from sparse_ot.backends import registry
from sparse_ot.backends.protocol import CooParts
from sparse_ot.cli import doctor

ROOT = Path(__file__).parent.parent.parent


def code_of_the_recipe() -> tuple[str, str, str]:
    """The page's Python: the folder's `__init__`, its backend, and the entry of the suite."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = page.partition("## Add a backend\n")[2].partition("\n## ")[0]
    constants, backend, entry = re.findall(r"^```python\n(.*?)^```", recipe, re.M | re.S)
    return constants, backend, entry


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The library, with its backend in place, as the page says."""
    strict = pytest.importorskip("array_api_strict")
    shutil.copytree(Path(strict.__file__).parent, tmp_path / "packages/acme")
    folder = tmp_path / "backends/acme"
    folder.mkdir(parents=True)
    constants, backend, _ = code_of_the_recipe()
    (folder / "__init__.py").write_text(constants, encoding="utf-8")
    (folder / "backend.py").write_text(backend, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    places = sparse_ot.backends.__path__
    places.append(str(folder.parent))
    try:
        yield importlib.import_module("acme")
    finally:
        places.remove(str(folder.parent))
        registry.load_backend.cache_clear()
        vars(sparse_ot.backends).pop("acme", None)
        for name in list(sys.modules):
            if name.partition(".")[0] == "acme" or name.startswith("sparse_ot.backends.acme"):
                del sys.modules[name]


@pytest.fixture
def library(acme: Any) -> Iterator[Library]:
    """The suite's own description of acme, made by the page's code."""
    names = dict(vars(conformance_libraries)) | {"LIBRARIES": dict(conformance_libraries.LIBRARIES)}
    exec(code_of_the_recipe()[2], names)
    with names["LIBRARIES"]["acme"].open() as found:
        yield found


def test_acme_is_there_only_while_its_folder_is(acme: Any) -> None:
    assert "acme" in [found.name for found in registry.libraries()]
    assert registry.library_of(acme.zeros(2)) == "acme"
    assert registry.get_backend(acme.zeros(2)).owns(acme.zeros(2))


def test_without_the_folder_there_is_no_acme() -> None:
    assert "acme" not in [found.name for found in registry.libraries()]


def test_a_matrix_is_solved_and_proved(acme: Any, rng: np.random.Generator) -> None:
    M, a, b = rng.random((6, 7)), np.full(6, 1 / 6), np.full(7, 1 / 7)
    solution = sparse_ot.solve(*(acme.asarray(x) for x in (M, a, b)))
    answer = [np.asarray(x) for x in (solution.plan, *solution.potentials)]
    certify(a, b, M, tuple(answer))
    assert isinstance(solution.value, type(acme.zeros(1)))
    assert solution.certificate.holds()


def test_a_sparse_cost_is_solved_and_proved(acme: Any, rng: np.random.Generator) -> None:
    n = 12
    rows, cols = np.repeat(np.arange(n), 3), (np.arange(n)[:, None] + np.arange(3)).ravel() % n
    values = rng.random(3 * n)
    M = CooParts(acme.asarray(rows), acme.asarray(cols), acme.asarray(values), (n, n))
    check_graph(M, sparse_ot.solve(M))


def test_neighbour_graphs_are_made_and_solved(acme: Any, rng: np.random.Generator) -> None:
    x, y = (acme.asarray(rng.random((15, 2))) for _ in range(2))
    M = sparse_ot.knn_cost(x, y, 3, feasible_for=(None, None))
    check_graph(M, sparse_ot.solve(M))


def check_graph(M: CooParts, solution: sparse_ot.Solution) -> None:
    """The answer is optimal on the arcs of `M` for uniform masses."""
    costs, plan = (
        sp.coo_array(
            (np.asarray(parts.values), (np.asarray(parts.rows), np.asarray(parts.cols))),
            shape=parts.shape,
        )
        for parts in (M, solution.plan)
    )
    u, v = (np.asarray(x) for x in solution.potentials)
    certify(None, None, costs, (plan, u, v))
    assert solution.certificate.scope == "arcs"
    assert solution.certificate.holds()


def test_clouds_are_solved_over_all_pairs(acme: Any, rng: np.random.Generator) -> None:
    x, y = rng.random((40, 2)), rng.random((50, 2))
    solution = sparse_ot.solve_sample(acme.asarray(x), acme.asarray(y))
    costs = ((x[:, None] - y[None]) ** 2).sum(axis=2)
    plan = np.zeros(costs.shape)
    parts = solution.plan
    np.add.at(plan, (np.asarray(parts.rows), np.asarray(parts.cols)), np.asarray(parts.values))
    u, v = (np.asarray(potential) for potential in solution.potentials)
    certify(None, None, costs, (plan, u, v))
    assert solution.certificate.scope == "dense"
    assert solution.certificate.holds()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, test in vars(suite).items()
        if name.startswith("test_")
        and "compiled" not in name
        and {"library", "sparse_library"} & set(inspect.signature(test).parameters)
    ],
)
def test_the_suite_of_all_libraries_passes(
    library: Library, rng: np.random.Generator, name: str
) -> None:
    test = getattr(suite, name)
    wanted = inspect.signature(test).parameters
    given = {
        "library": library,
        "sparse_library": (library, library.containers["CooParts"]),
        "rng": rng,
    }
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(test, "pytestmark", ()):
        cases = [{mark.args[0]: value} for value in mark.args[1]]
    for case in cases:
        test(**{name: given[name] for name in wanted if name in given}, **case)


def test_the_doctor_examines_it(acme: Any) -> None:
    finding = next(found for found in doctor.examine() if found.library == "acme")
    # Its last device is make-believe hardware without 64-bit integers, which sparse_ot needs.
    *others, last = finding.self_tests
    assert len(others) >= 2
    assert all(test.passed for test in others)
    assert last.passed or "does not support dtype" in last.detail
