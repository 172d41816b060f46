"""Files for tests: as they should be, damaged, and with a trap inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TABLE = "x,y\n0.5,0.25\n1.5,-2\n3.25,1e-3\n"
POINTS = np.array([[0.5, 0.25], [1.5, -2.0], [3.25, 1e-3]])
"""The points of `TABLE`."""


class Trap:
    """Unpickling this makes a file, for which tests look."""

    FILE = "sprung"

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.FILE).absolute(),)


def written(text: str | bytes, name: str | Path = "file.csv") -> Path:
    """A file in the current folder that holds exactly this."""
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def renamed(save: Callable[[], object], old: str, new: str) -> None:
    """A file under a name that does not fit it."""
    save()
    Path(old).rename(new)


def damaged(save: Callable[[], object], name: str, keep: float) -> None:
    """A file of which only the first part was kept."""
    save()
    whole = Path(name).read_bytes()
    Path(name).write_bytes(whole[: int(len(whole) * keep)])
