"""The recipe "Add a pivot rule" of CONTRIBUTING.md, followed to the letter.

On a copy of the core: the header of the page, the line of the page, and the core's own test of all
rules, compiled and run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
RULES = "include/sparse_ot/simplex/pivot_rules.hpp"


def code_of_the_recipe() -> tuple[str, str]:
    """The page's C++: a header, and the list with the rule in it."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = page.partition("## Add a pivot rule\n")[2].partition("\n## ")[0]
    header, entry = re.findall(r"^```cpp\n(.*?)^```", recipe, re.M | re.S)
    return header, entry


def run_the_rules(kernels: Path) -> subprocess.CompletedProcess[str]:
    program = kernels / "test_pivot_rules"
    assert COMPILER is not None
    subprocess.run(
        [
            *(COMPILER, "-std=c++20", "-O1", "-UNDEBUG", "-Wall", "-Wextra", "-Werror"),
            *("-ffp-contract=off", "-I", kernels / "include", "-I", kernels / "tests"),
            *("-o", program, kernels / "tests/simplex/test_pivot_rules.cpp"),
        ],
        check=True,
    )
    return subprocess.run([program], capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
def test_a_rule_is_a_header_and_a_place_in_the_list(tmp_path: Path) -> None:
    kernels = tmp_path / "kernels"
    shutil.copytree(ROOT / "kernels", kernels)
    header, entry = code_of_the_recipe()
    (kernels / "include/sparse_ot/simplex/last_eligible.hpp").write_text(header, encoding="utf-8")
    rules = (kernels / RULES).read_text(encoding="utf-8")
    include = '#include "sparse_ot/simplex/block_search.hpp"\n'
    assert include in rules
    rules = rules.replace(include, include + include.replace("block_search", "last_eligible"))
    listed, count = re.subn(r"^using AllPivotRules = .*?;\n", entry, rules, flags=re.M | re.S)
    assert count == 1
    (kernels / RULES).write_text(listed, encoding="utf-8")
    done = run_the_rules(kernels)
    assert done.returncode == 0, done.stdout + done.stderr

    broken = header.replace("return e;", "return network.n_arcs() - 1;", 1)
    assert broken != header
    (kernels / "include/sparse_ot/simplex/last_eligible.hpp").write_text(broken, encoding="utf-8")
    assert run_the_rules(kernels).returncode != 0, "the rule takes part in the test"
