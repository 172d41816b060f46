"""The entry point, where Typer and Rich are not installed: one line that says how to get them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from sparse_ot.cli import main

WITHOUT = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "{package}":
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Block())
sys.argv[1:] = ["demo"]
"""
STARTS = {
    "python -m sparse_ot": "import runpy; runpy.run_module('sparse_ot', run_name='__main__')",
    "sparse-ot": "from sparse_ot.cli import main; sys.exit(main())",
}


@pytest.mark.parametrize("package", ["typer", "rich"])
@pytest.mark.parametrize("start", STARTS)
def test_without_its_packages_it_prints_the_pip_command_and_exits_with_two(
    start: str, package: str
) -> None:
    code = WITHOUT.format(package=package) + STARTS[start]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr == (
        f"sparse-ot: the command line needs {package}, which is not installed. Install it with: "
        "pip install 'sparseot[cli]'\n"
    )


def test_the_script_starts_what_the_module_starts() -> None:
    (script,) = entry_points(group="console_scripts", name="sparse-ot")
    assert script.load() is main


def test_an_import_error_of_another_kind_is_not_taken_for_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sparse_ot.cli.app", None)
    monkeypatch.delattr("sparse_ot.cli.app", raising=False)
    with pytest.raises(ImportError, match="app"):
        main(["--help"])
