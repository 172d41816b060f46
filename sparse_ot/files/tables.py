"""Numbers from text tables: one point, or one row of costs, a line."""

from __future__ import annotations

from array import array

import numpy as np

from sparse_ot.files.errors import FileError
from sparse_ot.files.fields import exact, why_not_a_number
from sparse_ot.files.headers import Header, header_of
from sparse_ot.files.names import Source
from sparse_ot.files.reading import Reading
from sparse_ot.files.text import Row, rows_of

__all__ = ["read_table"]

INFINITE = ("inf", "+inf", "infinity", "+infinity")


def read_table(name: str, file: Source, *, infinite: bool = False) -> Reading:
    """The numbers of a table, or of those of its columns that the name of the file asks for.

    Parameters
    ----------
    name : str
        The file as the user wrote it.
    file : Source
    infinite : bool
        Whether a value may be +inf.

    Raises
    ------
    FileError
        A value that is not a number, with its line and column; or rows of different lengths.
    """
    path = str(file.path)
    rows = list(rows_of(file))
    header = header_of(path, rows, named=file.part is not None) if rows else Header()
    if header.names:
        first, *rows = rows
    if not rows:
        msg = f"{path}: found no numbers, expected one point a line."
        raise FileError(msg)
    width = len(rows[0].fields)
    if header.names and len(header.names) != width:
        msg = (
            f"{path}, line {rows[0].line}: found {width} values, expected {len(header.names)} as "
            f"in the header, line {first.line}."
        )
        raise FileError(msg)
    columns = _columns(path, file.part, header, width)
    values = array("d")
    for row in rows:
        if len(row.fields) != width:
            msg = (
                f"{path}, line {row.line}: found {len(row.fields)} values, expected {width} as in "
                f"line {rows[0].line}."
            )
            raise FileError(msg)
        for column in columns:
            value = exact(field := row.fields[column])
            if value != value:
                if not (infinite and field.lower() in INFINITE):
                    raise _not_a_number(path, row, column, header)
                value = np.inf
            values.append(value)
    return Reading(
        name=name,
        values=np.array(values).reshape(len(rows), len(columns)),
        columns=tuple(header.names[column] for column in columns) if header.names else (),
        lines=tuple(row.line for row in rows),
        notes=_notes(file.part, header),
    )


def _columns(path: str, part: str | None, header: Header, width: int) -> list[int]:
    """Which columns to read: those asked for, or all but the index."""
    if part is None:
        return list(range(header.labels, width))
    wanted = [name.strip() for name in part.split(",")]
    for name in wanted:
        if (found := header.names.count(name)) != 1:
            msg = (
                f"{path}: found {found or 'no'} column{'s' * (found > 1)} {name!r}; expected one "
                f"of {', '.join(filter(None, header.names))}."
            )
            raise FileError(msg)
    return [header.names.index(name) for name in wanted]


def _notes(part: str | None, header: Header) -> tuple[str, ...]:
    if part is not None or not header.labels:
        return header.notes
    which = (
        "The first column has" if header.labels == 1 else f"The first {header.labels} columns have"
    )
    note = f"{which} no name: taken for the index of a table and left out."
    return (*header.notes, note)


def _not_a_number(path: str, row: Row, column: int, header: Header) -> FileError:
    name = header.names[column] if header.names else ""
    where = f"column {column + 1}{f', {name!r}' if name else ''}"
    return FileError(f"{path}, line {row.line}: {why_not_a_number(row.fields[column], where)}")
