"""Fixtures of several files: each library in turn, and the command line in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conformance.libraries import LIBRARIES


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Any:
    """Each library in turn."""
    with LIBRARIES[request.param].open() as found:
        yield found


@pytest.fixture
def in_a_folder_with_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of `support.command` in the current folder, which is a new one."""
    from support.command import write_problem

    monkeypatch.chdir(tmp_path)
    write_problem()


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything is read or solved."""
    from support.command import forbid_work

    forbid_work(monkeypatch)
