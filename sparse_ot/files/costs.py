"""Costs from files: sparse ones, where stored entries are the arcs, and matrices of all pairs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.io
import scipy.sparse as sp

from sparse_ot.files.arrays import opened_archive, read_member, read_npy, sparse_members
from sparse_ot.files.errors import FileError, reading
from sparse_ot.files.names import MATRICES, TABLES, Source, source
from sparse_ot.files.reading import Reading, Values, as_reals
from sparse_ot.files.tables import read_table

__all__ = ["cost_of", "read_cost"]

FIELDS = ("real", "double", "integer", "unsigned-integer")


def read_cost(path: str | Path) -> Any:
    r"""Costs of a file, as `sparse_ot.solve` takes them.

    Parameters
    ----------
    path : str or Path
        Sparse: an `.npz` of `scipy.sparse.save_npz`, or a Matrix Market file (`.mtx`, `.mtx.gz`)
        in coordinates. Dense: `.npy`, an `.npz` with one array, `.mtx` in array form, or a table
        (`.csv`, `.tsv`, `.txt`) without row labels or with a nameless index. Either may hold +inf
        for a forbidden pair.

    Returns
    -------
    scipy.sparse container (n, m), or (n, m) ndarray
        In the container of the file; a Matrix Market file gives a `coo_array`, symmetric ones in
        full.

    Raises
    ------
    FileError
        When the file is missing, or does not hold real costs: a pattern, truth values, complex
        numbers, a NaN or −inf, or a plan that `write_plan` wrote.

    Warns
    -----
    UserWarning
        When the index of a table was left out.

    Examples
    --------
    >>> import pathlib, tempfile, scipy.sparse
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "costs.npz"
    >>> scipy.sparse.save_npz(path, scipy.sparse.csr_array([[0.0, 1.0], [2.0, 0.0]]))
    >>> read_cost(path).toarray()
    array([[0., 1.],
           [2., 0.]])
    """
    costs, notes = cost_of(path)
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=2)
    return costs


def cost_of(path: str | Path) -> tuple[Any, tuple[str, ...]]:
    """`read_cost`, and notes for the user."""
    file = source(path, ".npz", ".npy", *MATRICES, *TABLES)
    with reading(file.path):
        if file.kind in TABLES:
            table = read_table(str(path), file, infinite=True)
            return table.values, table.notes
        found = _matrix(file) if file.kind in MATRICES else _array(file)
        if len(found.shape) != 2 or 0 in found.shape:
            msg = f"{path}: found shape {found.shape}, expected costs, (n, m)."
            raise FileError(msg)
        if sp.issparse(found):
            _check_sparse(str(path), found)
        else:
            found = _real_costs(str(path), found)
    return found, ()


def _array(file: Source) -> Any:
    if file.kind == ".npy":
        return read_npy(file.path)
    with opened_archive(file.path) as archive:
        names = archive.files
    if file.part is not None or not sparse_members(names):
        return read_member(file.path, file.part)
    if {"u", "v", "status"} <= set(names):
        msg = f"{file.path}: this is a plan written by sparse_ot; expected costs."
        raise FileError(msg)
    with file.path.open("rb") as stream:
        return sp.load_npz(stream)


def _matrix(file: Source) -> Any:
    field = scipy.io.mminfo(file.path)[4]
    if field not in FIELDS:
        why = "a pattern holds no costs" if field == "pattern" else "costs are real numbers"
        msg = f"{file.path}: found a matrix of kind {field!r}, expected 'real' or 'integer': {why}."
        raise FileError(msg)
    found = scipy.io.mmread(file.path)
    return sp.coo_array(found) if sp.issparse(found) else found


def _check_sparse(name: str, found: Any) -> None:
    """Refuse damaged indices, and entries that are no costs."""
    if found.format in ("csr", "csc", "bsr"):
        found.check_format(full_check=True)
    parts = found.tocoo()
    _real_costs(name, parts.data, (parts.row, parts.col))


def _real_costs(
    name: str, values: npt.NDArray[Any], at: tuple[npt.NDArray[Any], ...] | None = None
) -> Values:
    """The costs as real numbers; `at` gives the indices of each where they are listed."""
    if values.dtype.kind == "b":
        msg = f"{name}: found truth values, expected costs."
        raise FileError(msg)
    costs = as_reals(name, values)
    bad = np.isnan(costs) | (costs == -np.inf)
    if bad.any():
        first = np.argwhere(bad)[0]
        index = first if at is None else [indices[first[0]] for indices in at]
        found = Reading(name, costs)
        msg = (
            f"{found.place(tuple(int(i) for i in index))}: found {costs[tuple(first)]}, expected a "
            f"cost, or +inf for a forbidden pair."
        )
        raise FileError(msg)
    return costs
