"""Points and masses from files."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from sparse_ot.files.arrays import read_member, read_npy
from sparse_ot.files.errors import FileError, reading
from sparse_ot.files.names import ARRAYS, TABLES, source
from sparse_ot.files.reading import Reading, Values, as_reals
from sparse_ot.files.tables import read_table

__all__ = ["masses_of", "points_of", "read_masses", "read_points"]

FEW = 3  # as many rows may be numbered by chance


def read_points(path: str | Path) -> Values:
    r"""Points of a file, one per row: shape (n, d). A vector is n points on a line.

    Parameters
    ----------
    path : str or Path
        A `.npy`, `.npz`, `.csv`, `.tsv` or `.txt` file; see the module docstring.

    Returns
    -------
    (n, d) ndarray
        float32 when the file says so, float64 otherwise.

    Raises
    ------
    FileError
        When the file is missing, or does not hold finite points; with the place in the file.

    Warns
    -----
    UserWarning
        When something of a table was left out, or looks as if it should be.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = path.write_text("x,y\n0,1\n2,3\n")
    >>> read_points(path)
    array([[0., 1.],
           [2., 3.]])
    >>> read_points(f"{path}:y").tolist()
    [[1.0], [3.0]]
    """
    return _told(points_of(path))


def read_masses(path: str | Path) -> Values:
    r"""Masses of a file: shape (n,). The file may hold one column or one row.

    Parameters
    ----------
    path : str or Path
        As for `read_points`; ``cells.csv:weight`` is one column of a table.

    Returns
    -------
    (n,) ndarray
        float32 when the file says so, float64 otherwise.

    Raises
    ------
    FileError
        When the file is missing, or does not hold a vector of finite numbers of at least 0.

    Warns
    -----
    UserWarning
        As `read_points`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "masses.csv"
    >>> _ = path.write_text("0.25\n0.75\n")
    >>> read_masses(path)
    array([0.25, 0.75])
    """
    return _told(masses_of(path))


def points_of(path: str | Path) -> Reading:
    """`read_points`, with what is known of the file beside the numbers."""
    found = _read(path)
    array = found.values
    points = array[:, None] if array.ndim == 1 else array
    if points.ndim != 2 or points.size == 0:
        msg = f"{path}: found shape {array.shape}, expected points, one a row."
        raise FileError(msg)
    found = replace(found, values=points)
    found.refuse(~np.isfinite(points), "finite numbers")
    return replace(found, notes=(*found.notes, *_note_on_numbered_rows(found)))


def masses_of(path: str | Path) -> Reading:
    """`read_masses`, with what is known of the file beside the numbers."""
    found = _read(path)
    if found.values.size == 0 or found.values.size != max(found.values.shape, default=0):
        hint = " Name the column to read, as in cells.csv:weight." if found.columns else ""
        msg = f"{path}: found shape {found.values.shape}, expected masses, one a row.{hint}"
        raise FileError(msg)
    found.refuse(~np.isfinite(found.values), "finite numbers")
    found.refuse(found.values < 0, "masses of at least 0")
    return replace(found, values=found.values.ravel())


def _read(path: str | Path) -> Reading:
    file = source(path, *ARRAYS, *TABLES)
    with reading(file.path):
        if file.kind in TABLES:
            return read_table(str(path), file)
        array = read_npy(file.path) if file.kind == ".npy" else read_member(file.path, file.part)
        return Reading(str(path), as_reals(str(path), array))


def _note_on_numbered_rows(found: Reading) -> tuple[str, ...]:
    """A word on a first column that counts the rows: an index, perhaps, under a name of its own."""
    n, d = found.values.shape
    first = found.values[:, 0]
    if not found.lines or d < 2 or n < FEW or not (first == np.arange(n) + first[0]).all():
        return ()
    if first[0] not in (0, 1):
        return ()
    return (
        "The first column counts the rows and was read as a coordinate. If it is the index of a "
        "table, leave it out (index=False), or name the columns to read, as in points.csv:x,y.",
    )


def _told(found: Reading) -> Values:
    for note in found.notes:
        warnings.warn(f"{found.name}: {note}", stacklevel=3)
    return found.values
