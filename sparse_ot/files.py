"""Points, masses and plans in files; every error names the file, and the place in it if known.

Read: `.npy`; `.npz` with one array, or one of several named as ``points.npz:name``; `.csv` with one
point per line (an optional header line, `#` comments and blank lines are skipped).

Written: plans, as an `.npz` that `scipy.sparse.load_npz` reads directly. The file also holds the
potentials and the numbers of the certificate under their own names, which `numpy.load` and
`read_plan` read. None of these files contains pickled objects.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from sparse_ot.errors import InputError
from sparse_ot.result.solution import Solution

__all__ = ["FileError", "StoredPlan", "read_masses", "read_plan", "read_points", "write_plan"]

Values = npt.NDArray[np.floating[Any]]


class FileError(InputError):
    """A file is missing, cannot be read, or does not hold what it should."""


class StoredPlan(NamedTuple):
    """The contents of a file of `write_plan`: plan, potentials, certificate's numbers, status."""

    plan: sp.coo_array
    u: npt.NDArray[np.float64]
    v: npt.NDArray[np.float64]
    value: float
    lower_bound: float
    worst_reduced_cost: float
    worst_marginal_error: float
    scope: str
    status: str


def read_points(path: str | Path) -> Values:
    r"""Points of a file, one per row: shape (n, d). A vector is n points on a line.

    Parameters
    ----------
    path : str or Path
        A `.npy`, `.npz` or `.csv` file; see the module docstring.

    Returns
    -------
    (n, d) ndarray
        float32 when the file says so, float64 otherwise.

    Raises
    ------
    FileError
        When the file is missing, or does not hold finite points.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = path.write_text("x,y\n0,1\n2,3\n")
    >>> read_points(path)
    array([[0., 1.],
           [2., 3.]])
    """
    array = _read(path)
    points = array[:, None] if array.ndim == 1 else array
    if points.ndim != 2 or points.size == 0:
        msg = f"{path}: found shape {array.shape}, expected points, one a row."
        raise FileError(msg)
    return points


def read_masses(path: str | Path) -> Values:
    """Masses of a file: shape (n,). The file may hold one column or one row.

    Raises
    ------
    FileError
        When the file is missing, or does not hold a vector of finite numbers.
    """
    array = _read(path)
    if array.size == 0 or array.size != max(array.shape):
        msg = f"{path}: found shape {array.shape}, expected masses, one a row."
        raise FileError(msg)
    return array.ravel()


def write_plan(path: str | Path, solution: Solution) -> None:
    """Write the plan of a solution as an `.npz`, with its potentials and its certificate.

    `scipy.sparse.load_npz(path)` reads the plan; `numpy.load(path)` also has `u`, `v`, `value`,
    `lower_bound`, `worst_reduced_cost`, `worst_marginal_error`, `scope` and `status`.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    plan = sp.coo_array(solution.plan)
    u, v = solution.potentials
    certificate = solution.certificate
    with Path(path).open("wb") as file:  # an open file: numpy would append .npz to another name
        np.savez_compressed(
            file,
            format=np.array(b"coo"),  # these six are what scipy.sparse.save_npz writes
            _is_array=np.array(True),
            shape=np.array(plan.shape, np.int64),
            row=plan.row,
            col=plan.col,
            data=plan.data,
            u=np.asarray(u),
            v=np.asarray(v),
            value=np.asarray(certificate.value),
            lower_bound=np.asarray(certificate.lower_bound),
            worst_reduced_cost=np.asarray(certificate.worst_reduced_cost),
            worst_marginal_error=np.asarray(certificate.worst_marginal_error),
            scope=np.array(certificate.scope),
            status=np.array(solution.status.name),
        )


def read_plan(path: str | Path) -> StoredPlan:
    """Read a file that `write_plan` wrote.

    Raises
    ------
    FileError
        When the file is missing, or is not such a plan.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            shape = tuple(int(length) for length in file["shape"])
            plan = sp.coo_array((file["data"], (file["row"], file["col"])), shape=shape)
            return StoredPlan(
                plan=plan,
                u=file["u"],
                v=file["v"],
                value=float(file["value"]),
                lower_bound=float(file["lower_bound"]),
                worst_reduced_cost=float(file["worst_reduced_cost"]),
                worst_marginal_error=float(file["worst_marginal_error"]),
                scope=str(file["scope"]),
                status=str(file["status"]),
            )
    except FileNotFoundError:
        msg = f"{path}: no such file."
        raise FileError(msg) from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        msg = f"{path}: not a plan written by sparse_ot: {_one_line(error)}"
        raise FileError(msg) from error


def _read(path: str | Path) -> Values:
    file, member = _split_member(path)
    readers = {".npy": _read_npy, ".npz": lambda p: _read_npz(p, member), ".csv": _read_csv}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        msg = f"{file}: the kind of file is not known; expected .npy, .npz or .csv at the end."
        raise FileError(msg)
    try:
        array = reader(file)
    except FileNotFoundError:
        msg = f"{file}: no such file."
        raise FileError(msg) from None
    except FileError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        msg = f"{file}: cannot be read: {_one_line(error)}"
        raise FileError(msg) from error
    if array.dtype.kind not in "fiub":
        msg = f"{path}: found values of type {array.dtype}, expected real numbers."
        raise FileError(msg)
    values = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        place = ", ".join(str(index) for index in bad[0])
        msg = f"{path}: found {values[tuple(bad[0])]} at [{place}], expected finite numbers."
        raise FileError(msg)
    return values


def _read_npy(path: Path) -> npt.NDArray[Any]:
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):  # a zip archive under the wrong name
        array.close()
        msg = f"{path}: this is an .npz archive; name it so."
        raise FileError(msg)
    return array


def _read_npz(path: Path, member: str | None) -> npt.NDArray[Any]:
    with np.load(path, allow_pickle=False) as archive:
        names = archive.files
        if member is None and len(names) == 1:
            member = names[0]
        if member not in names:
            found = f"no array {member!r}" if member else f"{len(names)} arrays"
            msg = (
                f"{path}: found {found}; expected one of {', '.join(names)}, "
                f"such as {path}:{names[0] if names else 'name'}."
            )
            raise FileError(msg)
        return np.asarray(archive[member])


def _read_csv(path: Path) -> Values:
    lines = _data_lines(path)
    if not lines:
        msg = f"{path}: found no numbers, expected one point a line."
        raise FileError(msg)
    try:
        values = np.loadtxt([line for _, line in lines], delimiter=",", ndmin=2)
    except ValueError as error:
        raise FileError(_complaint(path, lines, str(error))) from error
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        msg = (
            f"{path}, line {lines[bad[0][0]][0]}: found {values[tuple(bad[0])]}, expected finite "
            f"numbers."
        )
        raise FileError(msg)
    return values


def _complaint(path: Path, lines: list[tuple[int, str]], found: str) -> str:
    """NumPy's error about a row of numbers, in terms of the file's lines."""
    if place := re.search(r"could not convert string .* at row (\d+), column (\d+)", found):
        number, line = lines[int(place[1])]
        field = line.split(",")[int(place[2]) - 1].strip()
        return f"{path}, line {number}: {field!r} is not a number."
    if width := re.search(r"columns changed from (\d+) to (\d+) at row (\d+)", found):
        number, _ = lines[int(width[3]) - 1]  # NumPy counts rows from 1 here, from 0 above
        return (
            f"{path}, line {number}: found {width[2]} values, expected {width[1]} as in line "
            f"{lines[0][0]}."
        )
    return f"{path}: cannot be read as numbers separated by commas: {found}"


def _data_lines(path: Path) -> list[tuple[int, str]]:
    """Line number and text of each line with data; a first line without any number is a header."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path}: not a text file: {_one_line(error)}"
        raise FileError(msg) from error
    numbered = (
        (number, line.split("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1)
    )
    lines = [(number, line) for number, line in numbered if line]
    if lines and not any(_is_number(field) for field in lines[0][1].split(",")):
        return lines[1:]
    return lines


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _split_member(path: str | Path) -> tuple[Path, str | None]:
    """Split ``points.npz:name``; the colon of a drive letter is not a separator."""
    head, mark, member = str(path).rpartition(".npz:")
    return (Path(f"{head}.npz"), member) if mark else (Path(path), None)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
