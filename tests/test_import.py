"""import sparse_ot: light, without optional libraries, and with every wall standing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sparse_ot

PACKAGE = Path(sparse_ot.__file__).parent
OPTIONAL = ["jax", "jaxlib", "cupy", "cupyx", "matplotlib", "torch", "networkx", "ot", "dask"]
FACE = ["typer", "rich"]


def run(code: str) -> str:
    """Run code in a fresh interpreter, warnings being errors; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {optional}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Block())
"""


def test_it_works_where_no_optional_library_is_installed() -> None:
    code = BLOCK.format(optional=set(OPTIONAL)) + (
        "import sparse_ot, scipy.sparse as sp\n"
        "assert sparse_ot.emd2([], [], [[0.0, 1.0], [1.0, 0.0]]) == 0.0\n"
        "M = sp.coo_array(([1.0, 2.0], ([0, 1], [1, 0])), shape=(2, 2))\n"
        "assert sparse_ot.solve(M).certificate.holds()\n"
    )
    run(code)


def test_plotting_without_matplotlib_says_what_to_install() -> None:
    code = BLOCK.format(optional=set(OPTIONAL)) + (
        "import sparse_ot\n"
        "try:\n"
        "    sparse_ot.plot.plot2D_samples_mat([[0.0, 0.0]], [[1.0, 1.0]], [[1.0]])\n"
        "except sparse_ot.MissingDependencyError as error:\n"
        "    assert 'sparseot[plot]' in str(error), error\n"
        "else:\n"
        "    raise SystemExit('no error')\n"
    )
    run(code)


def test_it_loads_none_of_them_either() -> None:
    code = (
        "import sys, json, sparse_ot\n"
        "sparse_ot.emd2([], [], [[0.0, 1.0], [1.0, 0.0]])\n"
        "print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))\n"
    )
    loaded = set(json.loads(run(code)))
    assert not loaded & {*OPTIONAL, *FACE}


def test_it_is_quick() -> None:
    """Under 150 ms beyond numpy and scipy: processor time, as the machine may be busy."""
    code = (
        "import time, numpy, scipy.sparse\n"
        "begin = time.process_time()\n"
        "import sparse_ot\n"
        "print(time.process_time() - begin)\n"
    )
    assert min(float(run(code)) for _ in range(5)) < 0.150


def test_all_names_exist() -> None:
    assert len(set(sparse_ot.__all__)) == len(sparse_ot.__all__)
    for name in sparse_ot.__all__:
        assert hasattr(sparse_ot, name)
    promised = {
        *("emd", "emd2", "solve", "SparseCost", "DenseCost", "PointCloudCost", "knn_cost"),
        *("radius_cost", "union", "Solution", "Status", "Certificate", "SolveStats"),
        *("HallViolation", "__version__"),
    }
    assert promised <= set(dir(sparse_ot))
    with pytest.raises(AttributeError):
        _ = sparse_ot.no_such_name


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


FILES = sorted(PACKAGE.rglob("*.py"))
COMPILED = ("__init__.py", "backends/", "core/", "solvers/")
"""Who may name the compiled module; `__init__` only asks whether it is there."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_walls(path: Path) -> None:
    """What import-linter cannot see: a compiled module, and libraries that are not installed."""
    where = path.relative_to(PACKAGE).as_posix()
    names = imports(path)
    roots = {name.partition(".")[0] for name in names}
    if "sparse_ot._core" in names:
        assert where.startswith(COMPILED)
    for library in ("cupy", "jax"):
        if roots & {library, f"{library}lib", f"{library}x"}:
            assert where.startswith(f"backends/{library}"), f"{where} imports {library}"
    if "matplotlib" in roots:
        assert where == "plot.py"
    assert "ot" not in roots


def test_no_folder_of_tests_hides_a_library() -> None:
    """`tests` is on the path: a folder named after an absent library would pass for it."""
    folders = {path.name for path in Path(__file__).parent.iterdir() if path.is_dir()}
    assert not folders & {"jax", "cupy", "cupyx", "torch", "numpy", "scipy", "ot", "networkx"}
