"""Files that the command writes: checked before any work, and written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import POINTS, refused, run
from support.files import written

from sparse_ot.files import read_plan

pytest.importorskip("matplotlib")

pytestmark = pytest.mark.usefixtures("in_a_folder_with_a_problem")


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as given": lambda name: name,
    "with a dot": lambda name: f"./{name}",
    "through a folder": lambda name: f"sub/../{name}",
    "from the root": lambda name: str(Path(name).absolute()),
    "by a symbolic link": lambda name: linked(name, Path.symlink_to),
    "by a hard link": lambda name: linked(name, Path.hardlink_to),
}


def linked(name: str, link: Callable[[Path, Path], None]) -> str:
    alias = Path(f"alias{Path(name).suffix}")
    link(alias, Path(name))
    return alias.name


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ["x.npy", "y.csv", "masses.npz", "b.npy"])
@pytest.mark.parametrize("option", ["-o", "--plot"])
def test_an_output_is_never_an_input(
    spelling: str, name: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sub").mkdir()
    other = "-o plan.npz" if option == "--plot" else ""
    line = f"solve {POINTS} {other} {option} {SPELLINGS[spelling](name)}"
    assert "this is the input" in refused(line, capsys)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_output_is_never_the_cost(spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sub").mkdir()
    line = f"solve --cost M.npz -o {SPELLINGS[spelling]('M.npz')}"
    assert "this is the input M.npz" in refused(line, capsys)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("options", "why"),
    {
        "-o plan": ".npz, .csv or .mtx",
        "-o plan.npy": ".npz, .csv or .mtx",
        "-o plan.npz.gz": ".npz, .csv or .mtx",
        "-o ''": ".npz, .csv or .mtx",
        "-o .npz": ".npz, .csv or .mtx",
        "-o p.npz --plot p.foo": ".png, .pdf or .svg",
        "-o p.npz --plot p": ".png, .pdf or .svg",
        "-o p.npz --plot p.npz": ".png, .pdf or .svg",
        "-o folder.npz": "this is a folder",
        "-o p.npz --plot folder.png": "this is a folder",
        "-o gone/p.npz": "there is no folder",
        "-o p.npz --plot gone/p.png": "there is no folder",
        "-o x.npy/p.npz": "there is no folder",
        "-o loose.npz": "there is no folder",
        "-o one.npz --plot two.png": "are one file",
    }.items(),
)
def test_outputs_are_checked_before_any_work(
    options: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder.npz").mkdir()
    Path("folder.png").mkdir()
    Path("loose.npz").symlink_to("gone/away.npz")
    written("old", "one.npz")
    Path("two.png").symlink_to("one.npz")
    assert why in refused(f"solve {POINTS} {options}", capsys)


@pytest.mark.usefixtures("no_work")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_permissions_are_checked_before_any_work(capsys: pytest.CaptureFixture[str]) -> None:
    Path("sub").mkdir(mode=0o500)
    written("old", "plan.npz").chmod(0o400)
    for out in ("sub/plan.npz", "plan.npz"):
        assert "no permission" in refused(f"solve {POINTS} -o {out}", capsys)


@pytest.mark.usefixtures("no_work")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.npz")
    assert run(f"solve {POINTS} -o pipe.npz") == 2
    assert "not a regular file" in capsys.readouterr().err


@pytest.mark.usefixtures("no_work")
def test_a_missing_matplotlib_is_told_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = refused(f"solve {POINTS} -o p.npz --plot p.png", capsys)
    assert "pip install 'sparseot[plot]'" in said


@pytest.mark.parametrize(
    ("name", "start"), [("p.png", b"\x89PNG"), ("p.PDF", b"%PDF"), ("p.svg", b"<?xml")]
)
def test_pictures_in_the_format_of_their_name(name: str, start: bytes) -> None:
    assert run(f"solve {POINTS} -o p.npz --plot {name}") == 0
    assert Path(name).read_bytes().startswith(start)


def test_a_picture_that_fails_leaves_the_plan_and_the_old_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from matplotlib.figure import Figure

    def fail(self: Any, file: Any, **options: Any) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fail)
    written("old", "p.png")
    assert run(f"solve {POINTS} -o p.npz --plot p.png") == 2
    assert "No space left" in capsys.readouterr().err
    assert read_plan("p.npz").status == "OPTIMAL"
    assert Path("p.png").read_text() == "old"
    assert not list(Path().glob("*.part"))
