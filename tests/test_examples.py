"""Scripts in examples/ run to their last line, an assertion; code in the pages runs as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
PAGES = [
    "README.md",
    "docs/quickstart.md",
    "docs/certificates.md",
    "docs/dense-optimum.md",
    "docs/concepts/arcs.md",
]


def test_there_are_examples() -> None:
    assert SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example_runs_and_certifies(script: Path, tmp_path: Path) -> None:
    assert run(script, tmp_path)
    assert "assert" in script.read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    run(script, tmp_path)


def run(script: Path, folder: Path) -> str:
    """What a script prints, run in a folder of its own, with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
