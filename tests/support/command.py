"""The command line in a test: a problem in files, and what the command says when it refuses it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot.cli import solve as command
from sparse_ot.cli.app import main

RNG = np.random.default_rng(7)
X, Y = RNG.random((12, 2)), RNG.random((9, 2))
A, B = RNG.random(12), RNG.random(9)
B *= A.sum() / B.sum()
M = sp.csr_array(np.where(RNG.random((12, 9)) < 0.8, np.round(RNG.random((12, 9)), 2), np.inf))
M.data[:3] = 0.0

POINTS = "x.npy y.csv --a masses.npz:a --b b.npy --dense"
"""The arguments of a solve of `write_problem`."""

PYTHON_WORDS = (
    *("check_marginals", "feasible_for", "knn_cost", "time_limit", "max_pivots", "numItermax"),
    *("metric=", "points=", "violation`", "None", "Traceback", "np.", "potentials_init", "start "),
)


def write_problem() -> None:
    """The clouds X and Y, their masses, and the costs M, in files of the current folder."""
    np.save("x.npy", X)
    np.savetxt("y.csv", Y, delimiter=",", header="px,py", comments="")
    np.savez("masses.npz", a=A, b=B)
    np.save("a.npy", A)
    np.save("b.npy", B)
    sp.save_npz("M.npz", M)
    np.save("other.npy", np.full(9, 2.0))


def run(line: str) -> int:
    """The exit code of a command line, run in this process."""
    return main(shlex.split(line))


def refused(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the command says before it fails, having written nothing."""
    before = contents()
    assert run(line) == 2
    said = capsys.readouterr().err
    assert said.startswith("sparse-ot: ")
    assert said.count("\n") == 1
    assert not python_words(said)
    assert contents() == before
    return said


def contents() -> dict[Path, bytes]:
    """All files below the current folder."""
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def python_words(said: str) -> list[str]:
    """Words of the library's own interface, which the command must not give as a remedy."""
    return [word for word in PYTHON_WORDS if word in said]


def forbid_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything is read or solved."""

    def work(*args: Any, **kwargs: Any) -> None:
        pytest.fail("work began before the outputs were checked")

    monkeypatch.setattr(command, "read_inputs", work)
    monkeypatch.setattr(command, "solve_problem", work)
