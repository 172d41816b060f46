"""What the name of a file says: its kind, and which part of it is meant.

``points.npz:here`` is the array `here` of an archive, ``cells.csv:x,y`` are two columns of a table.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from sparse_ot.files.errors import FileError

__all__ = ["ARRAYS", "MATRICES", "TABLES", "Source", "source", "split_part"]

TABLES = (".csv", ".tsv", ".txt")
ARRAYS = (".npy", ".npz")
MATRICES = (".mtx",)
PACKED = ".gz"  # text only: NumPy's own archives are packed already

PARTED = re.compile(r"(.+?\.(?:npz|(?:csv|tsv|txt)(?:\.gz)?)):(.+)", re.IGNORECASE)


class Source(NamedTuple):
    """A file to read.

    Attributes
    ----------
    path : Path
    part : str or None
        What follows the colon.
    kind : str
        The suffix in lower case, without ``.gz``.
    """

    path: Path
    part: str | None
    kind: str


def split_part(name: str | Path) -> tuple[Path, str | None]:
    """The path of a file, and the part that is named after a colon.

    Examples
    --------
    >>> split_part("points.npz:here")[1], split_part("points.npz")[1]
    ('here', None)
    """
    match = PARTED.fullmatch(str(name))
    return (Path(match[1]), match[2]) if match else (Path(name), None)


def source(name: str | Path, *kinds: str) -> Source:
    """Split a name, and find its kind among those that can be read here.

    Raises
    ------
    FileError
        Another kind, or none.
    """
    path, part = split_part(name)
    text = path.name.lower()
    for kind in kinds:
        if text.endswith(kind) or (kind not in ARRAYS and text.endswith(kind + PACKED)):
            return Source(path, part, kind)
    *most, last = kinds[:3]
    msg = (
        f"{path}: the kind of file is not known; expected {', '.join(most)} or {last} at the end, "
        f"or {', '.join(kinds[3:])}, and {PACKED} after text."
    )
    raise FileError(msg)
