"""The command line: the demo's numbers, plans that read back, and errors of one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import sparse_ot
from sparse_ot.cli.app import main, progress_bar
from sparse_ot.files import FileError, read_masses, read_plan, read_points

pytest.importorskip("matplotlib")

PNG = b"\x89PNG"


def run(command: str) -> int:
    """The exit code of a command line, run in this process."""
    return main(command.split())


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """Two clouds in x.npy and y.csv, masses in a.npz and b.npy, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    x, y = rng.random((40, 2)), rng.random((30, 2))
    np.save("x.npy", x)
    np.savetxt("y.csv", y, delimiter=",", header="x,y", comments="")
    np.savez("a.npz", masses=np.full(40, 3.0))
    np.save("b.npy", np.full(30, 4))
    return x, np.loadtxt("y.csv", delimiter=",", skiprows=1)


def test_demo_prints_both_costs_and_writes_both_pictures(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparse_ot", "demo", "--out", str(tmp_path / "pictures")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Dense OT cost: 0.992179\n" in done.stdout
    assert "Sparse OT cost: 0.992290\n" in done.stdout
    assert "The plan costs 5." in done.stdout
    for name in ("edges.png", "plans.png"):
        assert (tmp_path / "pictures" / name).read_bytes().startswith(PNG)
        assert name in done.stdout


def test_solve_writes_a_plan_that_reads_back(
    points: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    command = "solve x.npy y.csv --a a.npz --b b.npy --dense --metric euclidean -o plan.npz"
    assert run(f"{command} --plot plan.png") == 0
    x, y = points
    cost = np.linalg.norm(x[:, None] - y[None], axis=2)
    expected = sparse_ot.solve(cost, np.full(40, 3.0), np.full(30, 4.0))

    stored = read_plan("plan.npz")
    assert stored.value == pytest.approx(float(expected.value), rel=1e-12)
    assert stored.value == pytest.approx((stored.plan.toarray() * cost).sum(), rel=1e-12)
    assert stored.lower_bound == pytest.approx(stored.value, rel=1e-9)
    assert (stored.scope, stored.status) == ("dense", "OPTIMAL")
    assert np.all(cost - stored.u[:, None] - stored.v >= -1e-9)
    np.testing.assert_allclose(stored.plan.sum(axis=1), 3.0, rtol=1e-12)
    np.testing.assert_allclose(stored.plan.sum(axis=0), 4.0, rtol=1e-12)

    out = capsys.readouterr().out
    for word in ("value", "lower bound", "gap", "worst reduced cost", "arcs", "seconds"):
        assert word in out
    assert Path("plan.png").read_bytes().startswith(PNG)


def test_scipy_and_numpy_read_the_plan_without_this_package(
    points: tuple[np.ndarray, np.ndarray],
) -> None:
    assert run("solve x.npy y.csv --k 3 -o here.NPZ") == 0  # the name is used as it is
    plan = sp.load_npz("here.NPZ")
    assert plan.shape == (40, 30)
    assert plan.sum() == pytest.approx(1.0)
    with np.load("here.NPZ") as archive:
        assert archive["u"].shape == (40,)
        assert archive["v"].shape == (30,)
        dual = archive["u"].mean() + archive["v"].mean()
        assert dual == pytest.approx(float(archive["value"]), rel=1e-9)


def test_nearest_neighbours_are_made_feasible_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.array([0.0, 0.1, 0.2, 5.0]))
    np.save("y.npy", np.array([0.0, 5.0, 5.1, 5.2]))
    assert run("solve x.npy y.npy --k 1 -o plan.npz") == 0
    assert read_plan("plan.npz").scope == "arcs"
    assert run("solve x.npy y.npy --k 1 --no-feasible -o no.npz") == 2
    error = capsys.readouterr().err
    assert "No plan exists" in error
    assert error.count("\n") == 1
    assert not Path("no.npz").exists()


def test_a_limit_writes_the_best_plan_and_says_so_in_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.random((600, 2)))
    np.save("y.npy", rng.random((600, 2)))
    assert run("solve x.npy y.npy --dense --time-limit 1e-6 -o plan.npz") == 3
    stored = read_plan("plan.npz")
    assert stored.status == "TIME_LIMIT"
    assert stored.lower_bound <= stored.value
    assert stored.plan.sum() == pytest.approx(1.0)
    assert "--time-limit" in capsys.readouterr().err


def test_a_long_solve_shows_pivots_and_value_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the captured stream for a terminal
    with progress_bar(time_limit=10.0) as report:
        report(1234, 0.1, 0.5)
        assert capsys.readouterr().err == ""  # too early: most solves are over by now
        report(5678, 1.0, 0.25)
    err = capsys.readouterr().err
    assert "5,678 pivots, value 0.25" in err
    monkeypatch.delenv("FORCE_COLOR")
    with progress_bar(time_limit=None) as report:
        report(5678, 1.0, 0.25)
    assert capsys.readouterr().err == ""  # not a terminal


BAD_COMMANDS = {
    "": "command",
    "walk": "walk",
    "demo --colour": "--colour",
    "solve x.npy -o p.npz": "Y",
    "solve x.npy y.csv --k 3": "--out",
    "solve x.npy y.csv --k three -o p.npz": "--k",
    "solve x.npy y.csv -o p.npz": "--k K or --dense",
    "solve x.npy y.csv --k 3 --dense -o p.npz": "--k K or --dense",
    "solve x.npy y.csv --dense --no-feasible -o p.npz": "--no-feasible",
    "solve x.npy y.csv --k 0 -o p.npz": "k",
    "solve x.npy y.csv --k 3 --metric crow -o p.npz": "crow",
    "solve x.npy y.csv --k 3 --metric minkowski -o p.npz": "needs a parameter",
    "solve x.npy y.csv --k 3 --metric minkowski:0.5 -o p.npz": "at least 1",
    "solve x.npy y.csv --k 3 --metric minkowski:x -o p.npz": "'x'",
    "solve x.npy y.csv --k 3 --time-limit 0 -o p.npz": "--time-limit",
    "solve gone.npy y.csv --k 3 -o p.npz": "gone.npy: no such file",
    "solve x.npy y.csv --k 3 -o no/such/p.npz": "no/such",
    "solve x.npy y.csv --a b.npy --k 3 -o p.npz": "(40,)",
    "solve x.npy y.csv --a a.npz --b a.npz --k 3 -o p.npz": "(30,)",
    "solve x.npy b.npy --k 3 -o p.npz": "2 coordinates",
    "solve b.npy b.npy --k 3 -o p.npz --plot p.png": "plane",
}


@pytest.mark.parametrize("command", BAD_COMMANDS)
def test_an_error_is_one_line_and_exit_code_two(
    command: str, points: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sparse-ot: ")
    assert BAD_COMMANDS[command] in err
    assert err.count("\n") == 1
    assert not Path("p.npz").exists()


BAD_FILES = {
    "1,2\n3,four\n": r"file\.csv, line 2: 'four' is not a number",
    "x,y\n\n# remark\n1,2\n3\n": r"file\.csv, line 5: found 1 values, expected 2 as in line 4",
    "1,2\n3,nan\n": r"file\.csv, line 2: found nan",
    "1,2\n3,-inf\n": r"file\.csv, line 2: found -inf",
    "1,2,\n": r"file\.csv, line 1: '' is not a number",
    "x,y\n": r"file\.csv: found no numbers",
    "": r"file\.csv: found no numbers",
}


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_bad_csv_file_is_told_by_name_and_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=BAD_FILES[text]):
        read_points(tmp_path / "file.csv")


def test_a_csv_file_may_have_header_remarks_blank_lines_and_a_byte_order_mark(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file.csv"
    path.write_text("\ufeffx, y\n1, 2 # first\n\n-3e-1,+4\n", encoding="utf-8")
    np.testing.assert_array_equal(read_points(path), [[1.0, 2.0], [-0.3, 4.0]])


def test_one_array_of_several_is_named_after_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    np.savez(path, here=np.ones((3, 2), np.float32), there=np.arange(4))
    assert read_points(f"{path}:here").dtype == np.float32
    assert read_masses(f"{path}:there").tolist() == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(FileError, match=r"found 2 arrays; expected one of here, there"):
        read_points(path)
    with pytest.raises(FileError, match="no array 'elsewhere'"):
        read_points(f"{path}:elsewhere")


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([None]), allow_pickle=True)
    np.save(tmp_path / "complex.npy", np.ones((2, 2), complex))
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 2)))
    np.save(tmp_path / "nan.npy", np.array([[1.0, np.nan]]))
    (tmp_path / "text.npy").write_text("not an array")
    (tmp_path / "text.npz").write_text("not an archive")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("objects.npy", "complex.npy", "cube.npy", "nan.npy", "text.npy", "text.npz"):
        with pytest.raises(FileError, match=re.escape(name)):
            read_points(tmp_path / name)
    with pytest.raises(FileError, match=r"\[0, 1\]"):
        read_points(tmp_path / "nan.npy")
    with pytest.raises(FileError, match="not a text file"):
        read_points(tmp_path / "bytes.csv")
    with pytest.raises(FileError, match=r"\.npy, \.npz or \.csv"):
        read_points(tmp_path / "points.xlsx")
    with pytest.raises(FileError, match="masses"):
        read_masses(tmp_path / "cube.npy")
    with pytest.raises(FileError, match="not a plan"):
        read_plan(tmp_path / "text.npz")
    with pytest.raises(FileError, match="no such file"):
        read_plan(tmp_path / "gone.npz")
