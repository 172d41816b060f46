"""The error of a file, and the one place where a reader's own errors become it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparse_ot.errors import InputError

__all__ = ["FileError", "reading"]


class FileError(InputError):
    """A file is missing, cannot be read, or does not hold what it should."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file in every error that is raised while it is read.

    NumPy, SciPy, `gzip` and `zipfile` do not document what a damaged file makes them raise, so all
    of it is caught here.

    Raises
    ------
    FileError
        Also when there is no such file, or when it is a folder, a pipe or a device.
    """
    if not path.exists():
        msg = f"{path}: no such file."
        raise FileError(msg)
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "not a regular file"
        msg = f"{path}: this is {kind}; expected a file."
        raise FileError(msg)
    try:
        yield
    except FileError:
        raise
    except MemoryError as error:
        msg = f"{path}: cannot be read: its contents do not fit in memory."
        raise FileError(msg) from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        msg = f"{path}: cannot be read: {' '.join(reason.split())}"
        raise FileError(msg) from error
