"""The tests for GPUs are sound: they pass on the stand-in. A GPU has to say the rest itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.standin import raw_module

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(raw_module.COMPILER is None, reason="no C++ compiler (g++)")
def test_the_gpu_suite_passes_on_the_stand_in():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/gpu"],
        cwd=ROOT,
        env=os.environ | {"SPARSE_OT_GPU_STAND_IN": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT on a GPU" in done.stdout
