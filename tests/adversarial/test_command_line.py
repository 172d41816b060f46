"""The command line among careless hands: options, and remedies in its own words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from support.certify import certify
from support.command import (
    POINTS,
    RNG,
    A,
    B,
    M,
    X,
    Y,
    python_words,
    refused,
    run,
)
from support.files import written

import sparse_ot
from sparse_ot.cli import solve as command
from sparse_ot.files import read_plan

pytest.importorskip("matplotlib")

pytestmark = pytest.mark.usefixtures("in_a_folder_with_a_problem")


MISUSES = {
    "": "X and Y, or a file of costs with --cost",
    "x.npy": "X and Y, or a file of costs with --cost",
    "x.npy y.csv": "either --k K or --dense",
    "x.npy y.csv --k 0": "--k must be at least 1; found 0",
    "x.npy y.csv --k -3": "--k must be at least 1; found -3",
    "x.npy y.csv --dense --feasible": "--feasible speaks of the graph of --k",
    "x.npy y.csv --dense --no-feasible": "--no-feasible speaks of the graph of --k",
    "x.npy y.csv --dense --time-limit -1": "--time-limit must be a positive number",
    "x.npy y.csv --dense --time-limit nan": "--time-limit must be a positive number",
    "x.npy y.csv --dense --metric crow": "--metric 'crow' is not known",
    "x.npy y.csv --dense --metric Euclidian": "Did you mean euclidean?",
    "x.npy y.csv --dense --metric euclidean:2": "--metric euclidean takes no parameter",
    "x.npy y.csv --dense --metric minkowski": "needs a parameter",
    "x.npy y.csv --dense --metric minkowski:": "needs a parameter",
    "x.npy y.csv --dense --metric minkowski:inf": "a finite number of at least 1",
    "--cost M.npz x.npy y.csv": "leave out the points X and Y",
    "--cost M.npz x.npy": "leave out the points X and Y",
    "--cost M.npz --k 3": "leave out --k",
    "--cost M.npz --dense": "leave out --dense",
    "--cost M.npz --metric euclidean": "leave out --metric",
    "--cost M.npz --metric sqeuclidean": "leave out --metric",
    "--cost M.npz --no-feasible": "leave out --feasible and --no-feasible",
    "--cost M.npz --plot p.png": "leave out --plot",
}


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("options", MISUSES)
def test_options_that_do_not_go_together_are_told_before_any_work(
    options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert MISUSES[options] in refused(f"solve {options} -o p.npz", capsys)


FAULTS = {
    "x.npy y.csv --dense --b other.npy": "--rescale",
    "x.npy y.csv --dense --a zeros.npy": "a sums to 0",
    "x.npy y.csv --dense --a negative.npy": "negative.npy at [0]: found -1.0",
    "x.npy y.csv --dense --a b.npy": "--a b.npy: found shape (9,), expected (12,)",
    "x.npy y.csv --dense --a x.npy": "x.npy: found shape (12, 2), expected masses",
    "x.npy a.npy --dense": "x.npy holds points of 2 coordinates and a.npy of 1 coordinate;",
    "a.npy b.npy --dense --plot p.png": "Leave --plot out",
    "x.npy y.csv:px --dense": "y.csv:px of 1 coordinate (px)",
    "x.npy far.npy --dense": "Rescale: divide X and Y by 1.0e+300",
    "--cost M.npz --a b.npy": "found shape (9,), expected (12,): one mass for each of the rows",
    "--cost gap.npz": "rows 1 of gap.npz, counted from 0, hold mass 0.5 and have no arcs.",
    "--cost one.npz": "reach only columns 0 of one.npz, which take 0.5: 0.5 too little. Allow more",
    "--cost wall.npy": "have no arcs. Allow more pairs",
    "--cost other.npy": "other.npy: found shape (9,), expected costs",
    "line.npy few.npy --k 1 --no-feasible": "Leave out --no-feasible, or give a larger --k",
}


@pytest.mark.parametrize("options", FAULTS)
def test_a_fault_of_the_problem_comes_with_the_command_s_own_remedy(
    options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("zeros.npy", np.zeros(12))
    np.save("negative.npy", np.full(12, -1.0))
    np.save("far.npy", np.full((9, 2), 1e300))
    np.save("wall.npy", np.array([[1.0, 2.0], [np.inf, np.inf]]))
    np.save("line.npy", np.array([0.0, 0.1, 0.2, 5.0]))
    np.save("few.npy", np.array([0.0, 5.0, 5.1, 5.2]))
    sp.save_npz("gap.npz", sp.coo_array(([1.0, 1.0], ([0, 0], [0, 1])), shape=(2, 2)))
    sp.save_npz("one.npz", sp.coo_array(([1.0, 1.0], ([0, 1], [0, 0])), shape=(2, 2)))
    assert FAULTS[options] in refused(f"solve {options} -o p.npz", capsys)


def stored_answer(name: str) -> Any:
    stored = read_plan(name)
    assert stored.status == "OPTIMAL"
    return SimpleNamespace(
        plan=stored.plan, potentials=(stored.u, stored.v), value=stored.value, a=None
    )


def write_frame(name: str, values: Any, columns: list[Any]) -> None:
    """What `DataFrame.to_csv` writes, with its index."""
    lines = [",".join(map(str, row)) for row in values.tolist()]
    rows = [f"{i},{line}\n" for i, line in enumerate(lines)]
    written("," + ",".join(map(str, columns)) + "\n" + "".join(rows), name)


COST_FILES: dict[str, Callable[[], Any]] = {
    "M.npz": lambda: sp.save_npz("M.npz", M),
    "M.mtx": lambda: scipy.io.mmwrite("M.mtx", M, precision=17, symmetry="general"),
    "M.npy": lambda: np.save("M.npy", dense()),
    "M.csv": lambda: write_frame("M.csv", dense(), [*range(9)]),
    "M.tsv": lambda: np.savetxt("M.tsv", dense(), delimiter="\t"),
    "many.npz:cost": lambda: np.savez("many.npz", cost=dense(), other=np.ones(3)),
}


def dense() -> Any:
    costs = np.full(M.shape, np.inf)
    coo = M.tocoo()
    costs[coo.row, coo.col] = coo.data
    return costs


@pytest.mark.parametrize("name", COST_FILES)
@pytest.mark.parametrize("masses", ["", "--a a.npy --b masses.npz:b"])
def test_costs_of_every_kind_are_solved_to_the_certified_optimum(
    name: str, masses: str, capsys: pytest.CaptureFixture[str]
) -> None:
    COST_FILES[name]()
    assert run(f"solve --cost {name} {masses} -o plan.npz") == 0
    a, b = (A, B) if masses else (None, None)
    certify(a, b, M, stored_answer("plan.npz"))
    out = capsys.readouterr().out
    assert f"{name}: costs of 12 x 9 pairs" in out
    assert ("a.npy: 12 masses, total " in out) == bool(masses)


def test_unequal_totals_are_solved_with_rescale() -> None:
    assert run("solve --cost M.npz --a a.npy --b other.npy --rescale -o plan.npz") == 0
    certify(A, np.full(9, 2.0), M, stored_answer("plan.npz"))


def test_what_was_read_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    write_frame("x.csv", X, [0, 1])
    np.save("b.npy", np.full(9, 0.25))
    assert run("solve x.csv y.csv --b b.npy --rescale --k 3 -o plan.csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "x.csv: 12 points in 2 dimensions (0, 1)",
        "  The first column has no name: taken for the index of a table and left out.",
        "y.csv: 9 points in 2 dimensions (px, py)",
        "no --a: a mass of 0.0833333 for each of the 12 points of x.csv",
        "b.npy: 9 masses, total 2.25",
    ]
    assert lines[-1] == "wrote plan.csv"
    assert Path("plan.csv").read_text().startswith("row,col,mass\n")


def test_the_index_of_a_table_changes_nothing() -> None:
    write_frame("x.csv", X, ["x", "y"])
    assert run("solve x.csv y.csv --dense -o plan.npz") == 0
    certify(None, None, ((X[:, None] - Y[None]) ** 2).sum(axis=2), stored_answer("plan.npz"))


def test_the_version_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr() == (version("sparseot") + "\n", "")
    line = [sys.executable, "-m", "sparse_ot", "--version"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, sparse_ot.__version__ + "\n", "")


def test_a_limit_tells_the_option_that_lifts_it(capsys: pytest.CaptureFixture[str]) -> None:
    np.save("many.npy", RNG.random((600, 2)))
    np.save("more.npy", RNG.random((600, 2)))
    assert run("solve many.npy more.npy --dense --time-limit 1e-6 -o plan.csv") == 3
    said = capsys.readouterr().err
    assert "--time-limit" in said
    assert not python_words(said)


@pytest.mark.parametrize("answer", [KeyboardInterrupt(), sparse_ot.Status.INTERRUPTED])
def test_an_interrupted_solve_writes_nothing(
    answer: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return SimpleNamespace(status=answer, converged=False)

    monkeypatch.setattr(command, "solve_problem", interrupted)
    written("old", "plan.npz")
    assert run(f"solve {POINTS} -o plan.npz") == 130
    assert capsys.readouterr().err == "sparse-ot: interrupted\n"
    assert Path("plan.npz").read_text() == "old"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to a process of its own there")
def test_ctrl_c_ends_a_long_solve_in_one_line() -> None:
    np.save("big.npy", RNG.random((20_000, 3)))
    np.save("far.npy", RNG.random((20_000, 3)) ** 2)
    line = "-u -m sparse_ot solve big.npy far.npy --dense -o plan.npz"
    running = subprocess.Popen(
        [sys.executable, *line.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    running.stdout.readline()  # the input was read
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=120)
    assert (running.returncode, said) == (130, "sparse-ot: interrupted\n")
    assert not Path("plan.npz").exists()
