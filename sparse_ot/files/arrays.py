"""Arrays in NumPy's own files. Nothing is unpickled, since that could run code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from sparse_ot.files.errors import FileError

__all__ = ["opened_archive", "read_member", "read_npy", "sparse_members"]

NPY, ZIP = b"\x93NUMPY", b"PK"


def read_npy(path: Path) -> npt.NDArray[Any]:
    """The array of a `.npy` file.

    Raises
    ------
    FileError
        Another kind of file under this name, or an array of objects.
    """
    start = _start(path)
    if start.startswith(ZIP):
        msg = f"{path}: this is an .npz archive; name it so."
        raise FileError(msg)
    if start != NPY:
        msg = f"{path}: cannot be read: this is not a .npy file, or an empty one."
        raise FileError(msg)
    with path.open("rb") as file:  # np.load leaves a damaged file open that it opens itself
        array: npt.NDArray[Any] = _without_objects(path, lambda: np.load(file, allow_pickle=False))
    return array


@contextmanager
def opened_archive(path: Path) -> Iterator[NpzFile]:
    """An archive of arrays, open for reading.

    Raises
    ------
    FileError
        It is none.
    """
    start = _start(path)
    if not start.startswith(ZIP):
        kind = "a .npy file; name it so" if start == NPY else "not an .npz archive"
        msg = f"{path}: cannot be read: this is {kind}."
        raise FileError(msg)
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        yield archive


def read_member(path: Path, member: str | None) -> npt.NDArray[Any]:
    """One array of a `.npz` archive: the one with this name, or the only one.

    Raises
    ------
    FileError
        There is none of this name, or none at all, or several and no name was given.
    """
    with opened_archive(path) as archive:
        names = archive.files
        if not names:
            msg = f"{path}: this archive is empty; expected an array."
            raise FileError(msg)
        if member is None and sparse_members(names):
            msg = f"{path}: found a sparse matrix, as SciPy stores it; expected an array."
            raise FileError(msg)
        if member is None and len(names) == 1:
            member = names[0]
        if member not in names:
            found = f"no array {member!r}" if member else f"{len(names)} arrays"
            msg = (
                f"{path}: found {found}; expected one of {', '.join(names)}, "
                f"such as {path}:{names[0]}."
            )
            raise FileError(msg)
        return _without_objects(path, lambda: np.asarray(archive[member]))


def sparse_members(names: list[str]) -> bool:
    """Whether an archive with these arrays was written by `scipy.sparse.save_npz`."""
    return {"format", "shape", "data"} <= set(names)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(NPY))


def _without_objects(path: Path, load: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    try:
        return load()
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        msg = (
            f"{path}: found Python objects, expected numbers. Objects are not read, since that "
            f"could run code."
        )
        raise FileError(msg) from error
