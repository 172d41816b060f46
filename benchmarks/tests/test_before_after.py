"""Two builds on one case: the ratio of pairs counts, and values must agree."""

from __future__ import annotations

import sys

import pytest

from benchmarks.before_after import Comparison, compare
from benchmarks.cases import select_cases


def test_a_build_is_as_fast_as_itself_and_finds_the_same_value():
    (case,) = select_cases(["small/matrix-n20"], quick=True, heavy=False)[:1]
    found = compare(case, sys.executable, rounds=2, timeout=20.0, enough_seconds=0.05)
    assert found.values_agree
    assert found.values[0] == found.values[1]
    assert len(found.ratios) == 2
    assert found.before > 0
    assert found.after > 0


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the interpreter")
def test_an_interpreter_without_the_package_is_an_error_that_says_so(tmp_path):
    (case,) = select_cases(["small/matrix-n20"], quick=True, heavy=False)[:1]
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    with pytest.raises(RuntimeError, match="before: failed"):
        compare(case, str(python), rounds=1, timeout=20.0, enough_seconds=0.05)


def test_the_ratio_is_the_median_of_the_pairs():
    found = Comparison("x", 1.0, 1.1, (1.0, 1.2, 5.0), (2.0, 2.0 + 1e-13))
    assert found.ratio == 1.2
    assert found.values_agree
    assert not Comparison("x", 1.0, 1.0, (1.0,), (2.0, 2.1)).values_agree
