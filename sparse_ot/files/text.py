"""The lines of a text table, split into fields.

The separator is a tab, a semicolon, a comma or white space: the first of these that is found in the
first two lines (in `.tsv`, a tab). Fields may be quoted. ``#`` begins a comment at the start of a
line or after white space, except in the error values of spreadsheets, such as ``#N/A``.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from typing import NamedTuple

from sparse_ot.files.errors import FileError
from sparse_ot.files.names import PACKED, Source

__all__ = ["Row", "rows_of"]

QUOTED = r'"(?:[^"]|"")*"'
COMMENT = re.compile(
    rf"{QUOTED}|(?:^|(?<=\s))(?P<mark>#)(?!N/A|NA\b|DIV/0!|NUM!|VALUE!|REF!|NAME\?|NULL!)"
)


class Row(NamedTuple):
    """A line with data: its number, and its fields."""

    line: int
    fields: list[str]


def rows_of(file: Source) -> Iterator[Row]:
    """The rows of a file, header included, without comments and blank lines.

    Raises
    ------
    FileError
        Not text in UTF-8, or a quotation mark that is not closed.
    """
    lines = _lines(file)
    separator = "\t" if file.kind == ".tsv" else _separator([text for _, text in lines[:2]])
    reader = csv.reader(
        (text for _, text in lines), delimiter=separator, skipinitialspace=True, strict=True
    )
    for i, (number, _) in enumerate(lines, 1):
        try:
            fields = next(reader)
        except (csv.Error, ValueError) as error:
            msg = f"{file.path}, line {number}: cannot be split into fields: {error}."
            raise FileError(msg) from error
        if reader.line_num != i:
            msg = f"{file.path}, line {number}: found a quotation mark that is not closed."
            raise FileError(msg)
        yield Row(number, [field.strip() for field in fields])


def _lines(file: Source) -> list[tuple[int, str]]:
    """Numbered lines; a line of tabs alone holds empty fields, and is not blank."""
    opened = gzip.open if file.path.name.lower().endswith(PACKED) else open
    try:
        with opened(file.path, "rt", encoding="utf-8-sig") as stream:
            text = stream.read()
    except UnicodeDecodeError as error:
        msg = f"{file.path}: not a text file in UTF-8: {error.reason} at byte {error.start}."
        raise FileError(msg) from error
    numbered = enumerate(text.split("\n"), 1)
    return [(number, kept) for number, line in numbered if (kept := _content(line))]


def _content(line: str) -> str:
    """The line without its comment and the blanks around it."""
    if "#" in line:
        for found in COMMENT.finditer(line):
            if found["mark"]:
                line = line[: found.start("mark")]
                break
    return line.strip(" ")


def _separator(lines: list[str]) -> str:
    bare = re.sub(QUOTED, "", "\n".join(lines))
    return next((mark for mark in "\t;," if mark in bare), " ")
