"""Plans in files: written whole or not at all, and read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import scipy.io
import scipy.sparse as sp

from sparse_ot.files.arrays import opened_archive
from sparse_ot.files.errors import FileError, reading
from sparse_ot.files.replacing import replacing
from sparse_ot.result.solution import Solution

__all__ = ["PLANS", "StoredPlan", "read_plan", "write_plan"]


@dataclass(frozen=True, eq=False)
class StoredPlan:
    """What an `.npz` of `write_plan` holds: plan, potentials, certificate's numbers, status.

    It equals itself only, as a `Solution` does.
    """

    plan: sp.coo_array
    u: npt.NDArray[np.float64]
    v: npt.NDArray[np.float64]
    value: float
    lower_bound: float
    worst_reduced_cost: float
    worst_marginal_error: float
    scope: str
    status: str


def write_plan(path: str | Path, solution: Solution) -> None:
    r"""Write the plan of a solution; as `.npz`, with its potentials and its certificate.

    Parameters
    ----------
    path : str or Path
        By its suffix: `.npz`, which `scipy.sparse.load_npz` reads, and `numpy.load` with `u`,
        `v`, `value`, `lower_bound`, `worst_reduced_cost`, `worst_marginal_error`, `scope` and
        `status`; `.csv` with the columns row, col and mass, counted from 0; `.mtx`, Matrix Market,
        which counts from 1. The last two hold the plan alone, with every bit of its masses.
    solution : Solution
        Of any library.

    Raises
    ------
    FileError
        When the suffix is another one.
    OSError
        When the file cannot be written; a file of that name is then as it was.

    Examples
    --------
    >>> import pathlib, tempfile, sparse_ot
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.csv"
    >>> write_plan(path, sparse_ot.solve([[0.0, 1.0], [1.0, 0.0]]))
    >>> print(path.read_text(), end="")
    row,col,mass
    0,0,0.5
    1,1,0.5
    """
    write = PLANS.get(Path(path).suffix.lower())
    if write is None:
        *most, last = PLANS
        msg = f"{path}: plans are written as {', '.join(most)} or {last}; end the name so."
        raise FileError(msg)
    with replacing(path) as file:
        write(file, solution)


def _write_npz(file: IO[bytes], solution: Solution) -> None:
    plan = sp.coo_array(solution.plan)
    u, v = solution.potentials
    certificate = solution.certificate
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


def _write_csv(file: IO[bytes], solution: Solution) -> None:
    plan = sp.coo_array(solution.plan)
    entries = zip(plan.row.tolist(), plan.col.tolist(), plan.data.tolist(), strict=True)
    file.write(b"row,col,mass\n")
    file.writelines(f"{row},{col},{mass!r}\n".encode() for row, col, mass in entries)


def _write_mtx(file: IO[bytes], solution: Solution) -> None:
    plan = sp.coo_array(solution.plan)
    scipy.io.mmwrite(file, plan, precision=17, symmetry="general")


PLANS: dict[str, Callable[[IO[bytes], Solution], None]] = {
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".mtx": _write_mtx,
}
"""How a plan is written, by suffix."""


def read_plan(path: str | Path) -> StoredPlan:
    """Read an `.npz` that `write_plan` wrote. The other kinds hold no potentials to read.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    StoredPlan

    Raises
    ------
    FileError
        When the file is missing, or is not such a plan.

    Examples
    --------
    >>> import pathlib, tempfile, sparse_ot
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.npz"
    >>> write_plan(path, sparse_ot.solve([[0.0, 1.0], [1.0, 3.0]]))
    >>> stored = read_plan(path)
    >>> stored.value, stored.status
    (1.0, 'OPTIMAL')
    """
    path = Path(path)
    if (kind := path.suffix.lower()) in PLANS and kind != ".npz":
        reader = "scipy.io.mmread" if kind == ".mtx" else "numpy.loadtxt or pandas.read_csv"
        msg = (
            f"{path}: only an .npz holds potentials and certificate. The plan alone is read by "
            f"{reader}."
        )
        raise FileError(msg)
    try:
        with reading(path), opened_archive(path) as file:
            shape = tuple(int(length) for length in file["shape"])
            plan = sp.coo_array((file["data"], (file["row"], file["col"])), shape=shape)
            stored = StoredPlan(
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
            return _checked(stored)
    except FileError as error:
        if not path.is_file():
            raise
        msg = f"{path}: not a plan written by sparse_ot: {str(error).removeprefix(f'{path}: ')}"
        raise FileError(msg) from error


def _checked(stored: StoredPlan) -> StoredPlan:
    shapes = (len(stored.plan.shape), stored.u.shape, stored.v.shape)
    if shapes != (2, stored.plan.shape[:1], stored.plan.shape[1:]):
        msg = (
            f"its plan has shape {stored.plan.shape}, and its potentials {stored.u.shape} and "
            f"{stored.v.shape}."
        )
        raise FileError(msg)
    if any(x.dtype.kind != "f" for x in (stored.plan.data, stored.u, stored.v)):
        msg = "its plan and potentials are not real numbers."
        raise FileError(msg)
    return stored
