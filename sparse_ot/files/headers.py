"""The header of a table, and columns that count or label the rows.

A first line is a header if every field in it is a name. A number there makes it data, and so does a
missing value, which is then reported: a point must not be lost because it was taken for a header.
Two forms that pandas and R write are known besides:

- The index of ``DataFrame.to_csv()`` is a column without a name, or named ``Unnamed: 0`` once the
  table was read and written again; R's ``write.table`` gives such a column no field in the header.
  It labels the points and is no coordinate, so it is left out, with a note.
- The columns of an unnamed ``DataFrame`` are called 0, 1, 2, ... Next to an index that can only be
  a header. Without one, a line ``0,1`` may be a point too, and is refused where numbers written as
  ``0.5`` follow.
"""

from __future__ import annotations

import re
import reprlib
from itertools import takewhile
from typing import NamedTuple

from sparse_ot.files.errors import FileError
from sparse_ot.files.fields import is_count, is_missing, is_name, is_number
from sparse_ot.files.text import Row

__all__ = ["Header", "header_of"]

FEW = 6  # so many names are shown
UNNAMED = re.compile(r"(?:Unnamed: \d+)?")


class Header(NamedTuple):
    """What the first line says.

    Attributes
    ----------
    names : tuple of str
        Names of all columns; empty if the first line is data.
    labels : int
        How many columns at the left only label the rows.
    notes : tuple of str
        What the user should know about the first line.
    """

    names: tuple[str, ...] = ()
    labels: int = 0
    notes: tuple[str, ...] = ()


def header_of(path: str, rows: list[Row], *, named: bool) -> Header:
    """Look at the first line; `named` if the user names columns, so that there must be a header.

    Raises
    ------
    FileError
        It cannot be known whether the line is a header; or columns are named and it is none.
    """
    first, rest = rows[0], rows[1:]
    names = tuple(first.fields)
    blank = sum(1 for _ in takewhile(UNNAMED.fullmatch, names)) % len(names)  # not all of them
    given = names[blank:]
    counted = given == tuple(str(i) for i in range(len(given)))
    width = len(rest[0].fields) if rest else len(names)
    if all(map(is_name, given)):
        if blank == 0 and width == len(names) + 1 and _labels(rest):
            return Header(("", *names), 1)
        return Header(names, blank)
    if counted and (named or (blank and _labels(rest))):
        return Header(names, blank)
    if named:
        msg = (
            f"{path}, line {first.line}: found no header, so columns have no names. Expected names "
            f"alone in the first line."
        )
        raise FileError(msg)
    _refuse_gaps(path, first)
    if blank or not counted or not rest:
        return Header()
    line = ",".join(names)
    shown = line if len(names) <= FEW else f"0,1,2,...,{names[-1]}"
    if all(map(_is_fraction, _fields(rest))):
        read = f"read {path}:{line} or " if len(names) <= FEW else ""
        msg = (
            f"{path}, line {first.line}: {shown!r} may be a point, or the header that pandas gives "
            f"a table without names. If it is a header, {read}leave it out; if it is a point, "
            f"write its numbers as 0.0."
        )
        raise FileError(msg)
    note = f"Line {first.line}, {shown!r}, was read as numbers, not as a header."
    return Header(notes=(note,) if len(names) > 1 else ())


def _refuse_gaps(path: str, first: Row) -> None:
    """Refuse a first line of names among which some are missing: it is neither header nor data."""
    fields = first.fields
    if any(map(is_number, fields)) or not any(map(is_name, fields)):
        return
    column, gap = next((i, field) for i, field in enumerate(fields, 1) if not is_name(field))
    msg = (
        f"{path}, line {first.line}: found {reprlib.repr(gap)} (column {column}) in a header; "
        f"expected names alone."
    )
    raise FileError(msg)


def _labels(rest: list[Row]) -> bool:
    """Whether the first column of the rows can be an index: whole numbers, or words and dates."""
    labels = [row.fields[0] for row in rest]
    return all(map(is_count, labels)) or not any(is_number(x) or is_missing(x) for x in labels)


def _fields(rest: list[Row]) -> list[str]:
    return [field for row in rest for field in row.fields]


def _is_fraction(field: str) -> bool:
    return is_number(field) and not field.lstrip("+-").isdigit()
