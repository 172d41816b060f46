"""Headers of the compiled core include downwards only, folder by folder, as the page says.

Who reads how points are grouped should not have to read a simplex first.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INCLUDE = ROOT / "kernels/include/sparse_ot"

MAX_HEADERS_OF_GEOMETRY = 8
"""Headers of ours that one of geometry/ may bring along: the list of all metrics needs eight, the
others at most seven. No solver is among them."""

INCLUDES = {
    path.relative_to(INCLUDE).as_posix(): re.findall(
        r'#include "sparse_ot/(.*?)"', path.read_text(encoding="utf-8")
    )
    for path in sorted(INCLUDE.rglob("*.hpp"))
}


def folders() -> dict[str, list[str]]:
    """What each folder may include, as docs/concepts/architecture.md lists it, top first."""
    page = (ROOT / "docs/concepts/architecture.md").read_text(encoding="utf-8")
    lists = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line.split() for line in lists[-1].splitlines()]
    return {folder: allowed for folder, *allowed in lines}


def brought_along(header: str) -> set[str]:
    """Every header that a header includes, and what those include."""
    found: set[str] = set()
    waiting = [header]
    while waiting:
        for included in INCLUDES[waiting.pop()]:
            if included not in found:
                found.add(included)
                waiting.append(included)
    return found


def test_the_list_has_every_folder_and_only_looks_down() -> None:
    listed = list(folders())
    assert set(listed) == {header.partition("/")[0] for header in INCLUDES}
    for place, folder in enumerate(listed):
        for allowed in folders()[folder]:
            assert allowed.partition("/")[0] in listed[place + 1 :]


@pytest.mark.parametrize("header", INCLUDES)
def test_a_header_includes_what_its_folder_may(header: str) -> None:
    folder = header.partition("/")[0]
    for included in INCLUDES[header]:
        assert included in INCLUDES, f"{header} includes {included}, which is not there"
        assert any(
            included.startswith(f"{allowed}/") or included == f"{allowed}.hpp"
            for allowed in [folder, *folders()[folder]]
        ), f"{header} includes {included}"


@pytest.mark.parametrize("header", [name for name in INCLUDES if name.startswith("geometry/")])
def test_geometry_is_read_alone(header: str) -> None:
    assert len(brought_along(header)) <= MAX_HEADERS_OF_GEOMETRY
