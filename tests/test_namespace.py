"""The public names: these, all of them there, and cheap to import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sparse_ot
from sparse_ot.backends.registry import libraries

PUBLIC = {
    *("emd", "emd2", "solve", "solve_sample", "dense_gap", "transfers"),
    *("SparseCost", "DenseCost", "PointCloudCost", "knn_cost", "radius_cost", "union", "plot"),
    *("Solution", "SolveStats", "Status", "Certificate", "DenseGap", "Round", "HallViolation"),
    *("SparseOTError", "InputError", "ShapeError", "NonFiniteError", "MassError"),
    *("BackendError", "MixedBackendsError", "UnsupportedArrayError", "MissingDependencyError"),
    *("InfeasibleError", "InternalError", "__version__"),
}

OPTIONAL = {
    *(package for library in libraries() if not library.default for package in library.packages),
    *("matplotlib", "typer", "rich", "torch", "networkx", "ot", "dask"),
}
"""What may be missing where sparse_ot works, and is not loaded where it is there."""


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
            raise ModuleNotFoundError(name + " is blocked", name=name)
sys.meta_path.insert(0, Block())
"""


def without_optional_packages(code: str) -> str:
    """Run code where no optional package can be imported."""
    return run(BLOCK.format(optional=OPTIONAL) + code)


def test_the_public_names_are_these() -> None:
    assert len(set(sparse_ot.__all__)) == len(sparse_ot.__all__)
    assert set(sparse_ot.__all__) == PUBLIC
    for name in sparse_ot.__all__:
        assert hasattr(sparse_ot, name)
    with pytest.raises(AttributeError):
        _ = sparse_ot.no_such_name


def test_it_works_where_no_optional_package_is_installed() -> None:
    without_optional_packages(
        "import sparse_ot, scipy.sparse as sp\n"
        "assert sparse_ot.emd2([], [], [[0.0, 1.0], [1.0, 0.0]]) == 0.0\n"
        "M = sp.coo_array(([1.0, 2.0], ([0, 1], [1, 0])), shape=(2, 2))\n"
        "assert sparse_ot.solve(M).certificate.holds()\n"
    )


def test_plotting_without_matplotlib_says_what_to_install() -> None:
    without_optional_packages(
        "import sparse_ot\n"
        "try:\n"
        "    sparse_ot.plot.plot2D_samples_mat([[0.0, 0.0]], [[1.0, 1.0]], [[1.0]])\n"
        "except sparse_ot.MissingDependencyError as error:\n"
        "    assert 'sparseot[plot]' in str(error), error\n"
        "else:\n"
        "    raise SystemExit('no error')\n"
    )


def test_it_loads_no_optional_package() -> None:
    code = (
        "import sys, json, sparse_ot\n"
        "sparse_ot.emd2([], [], [[0.0, 1.0], [1.0, 0.0]])\n"
        "print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))\n"
    )
    assert not set(json.loads(run(code))) & OPTIONAL


def test_the_folder_of_a_backend_holds_constants_and_imports_nothing() -> None:
    folders = Path(sparse_ot.__file__).parent / "backends"
    for library in libraries():
        tree = ast.parse((folders / library.name / "__init__.py").read_text(encoding="utf-8"))
        for statement in tree.body[1:]:
            assert isinstance(statement, ast.Assign)
            ast.literal_eval(statement.value)


def test_it_is_quick() -> None:
    """Under 150 ms beyond numpy and scipy: processor time, as the machine may be busy."""
    code = (
        "import time, numpy, scipy.sparse\n"
        "begin = time.process_time()\n"
        "import sparse_ot\n"
        "print(time.process_time() - begin)\n"
    )
    assert min(float(run(code)) for _ in range(5)) < 0.150
