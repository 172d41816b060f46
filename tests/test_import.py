"""Who may import whom, where import-linter cannot see it, and what the pages say of it.

import-linter keeps the layers and finds circles (pyproject.toml). It does not know a compiled
module, nor libraries that are not installed.
"""

from __future__ import annotations

import ast
import re
from importlib.metadata import requires
from pathlib import Path

import pytest

import sparse_ot
from sparse_ot.backends.registry import libraries

ROOT = Path(__file__).parent.parent
PACKAGE = Path(sparse_ot.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

NEEDED = {
    re.split(r"[^\w-]", line)[0].replace("-", "_")
    for line in requires("sparseot") or ()
    if "extra ==" not in line
}
"""Packages that sparse_ot is never without: those may be imported anywhere."""

ROOMS = {
    **{
        package: (f"backends/{library.name}/",)
        for library in libraries()
        for package in library.packages
        if package not in NEEDED
    },
    "matplotlib": ("plot.py",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "ot": (),
    "sparse_ot._core": ("core/", "__init__.py"),  # __init__ only asks whether it is there
}
"""Where a package may be imported, and nowhere else."""


def imports(path: Path) -> set[str]:
    """Absolute names of everything a file imports, inside functions too, types aside."""
    package = ["sparse_ot", *path.relative_to(PACKAGE).parent.parts]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    only_types = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if node in only_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_walls(path: Path) -> None:
    where = path.relative_to(PACKAGE).as_posix()
    names = imports(path)
    for package, rooms in ROOMS.items():
        if any(name == package or name.startswith(f"{package}.") for name in names):
            assert where.startswith(rooms), f"{where} imports {package}"


def test_every_optional_library_has_its_wall() -> None:
    assert {"numpy", "scipy"} <= NEEDED
    assert {"jax", "jaxlib", "cupy", "cupyx", "array_api_strict"} <= set(ROOMS)


def layers_of_the_linter() -> list[set[str]]:
    """The layers contract, top first."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^layers = \[\n(.*?)^\]", settings, re.MULTILINE | re.DOTALL)
    assert listed is not None
    return [
        {name.strip() for name in re.split(r"[|:]", layer)}
        for layer in re.findall(r'"(.*?)"', listed[1])
    ]


def test_the_architecture_page_has_the_layers_of_the_linter() -> None:
    page = (ROOT / "docs/concepts/architecture.md").read_text(encoding="utf-8")
    listed = re.search(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert listed is not None
    # The names of a layer, two spaces or more, and what it is for.
    layers = [set(re.split(r"  +", line)[0].split()) for line in listed[1].splitlines()]
    assert layers == layers_of_the_linter()


def test_every_file_and_folder_is_in_a_layer() -> None:
    there = {
        path.stem if path.suffix == ".py" else path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"__init__"} == set.union(*layers_of_the_linter())


def test_no_folder_of_tests_hides_a_library() -> None:
    """`tests` is on the path: a folder named after an absent library would pass for it."""
    folders = {path.name for path in Path(__file__).parent.iterdir() if path.is_dir()}
    packages = {package for library in libraries() for package in library.packages}
    assert not folders & (packages | {"torch", "ot", "networkx"})
