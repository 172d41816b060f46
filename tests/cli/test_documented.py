"""The examples of docs/command-line.md give what is printed there."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from sparse_ot.cli.app import main

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def output_of(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints, errors last, without blanks at the ends of lines."""
    program, *arguments = shlex.split(line)
    if program == "cat":
        return Path(arguments[0]).read_text(encoding="utf-8")
    assert program == "sparse-ot"
    main(arguments)
    printed = "".join(capsys.readouterr())
    return re.sub(r" +$", "", printed, flags=re.MULTILINE)


def test_the_page_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    commands = 0
    for language, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "python":
            exec(block, names)
            continue
        for line, expected in COMMAND.findall(block):
            found = output_of(line, capsys)
            same = doctest.OutputChecker().check_output(expected, found, doctest.ELLIPSIS)
            assert same, f"{line}\n{found}"
            commands += 1
    assert commands > 4
    assert names["stored"].value == pytest.approx(1.5)  # type: ignore[attr-defined]
