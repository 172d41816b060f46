"""Numbers from a file, which know the place that each of them came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sparse_ot.files.errors import FileError

__all__ = ["Reading", "Values", "as_reals"]

Values = npt.NDArray[np.floating[Any]]

EXACT = 2**53  # doubles hold every whole number up to this


@dataclass(frozen=True)
class Reading:
    """What was read from a file.

    Attributes
    ----------
    name : str
        The file, as it was given.
    values : ndarray of float32 or float64
    columns : tuple of str
        Names of the columns, in tables that have a header.
    lines : tuple of int
        In a table, the line of each row.
    notes : tuple of str
        Sentences about what was left out or may be meant otherwise, for the user to see.
    """

    name: str
    values: Values
    columns: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def place(self, index: tuple[int, ...]) -> str:
        """Where in the file one of the values is."""
        if self.lines:
            column = self.columns[index[1]] if self.columns else index[1] + 1
            return f"{self.name}, line {self.lines[index[0]]}, column {column}"
        return f"{self.name} at [{', '.join(str(i) for i in index)}]"

    def refuse(self, bad: npt.NDArray[np.bool_], expected: str) -> None:
        """Raise an error that names the first value that `bad` marks, if it marks any.

        Raises
        ------
        FileError
        """
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            msg = f"{self.place(index)}: found {self.values[index]}, expected {expected}."
            raise FileError(msg)


def as_reals(name: str, array: npt.NDArray[Any]) -> Values:
    """The numbers of an array in float32 if it is of that type, otherwise in float64.

    Raises
    ------
    FileError
        Not real numbers, or numbers that float64 does not hold.
    """
    if array.dtype.kind not in "fiub":
        msg = f"{name}: found values of type {array.dtype}, expected real numbers."
        raise FileError(msg)
    if array.dtype in (np.float32, np.float64):
        return array
    with np.errstate(over="ignore"):
        values = array.astype(np.float64)
    large = np.abs(values) >= EXACT
    before, after = array[large], values[large]
    if array.dtype.kind in "iu":
        lost = after.astype(object) != before.astype(object)
    else:
        lost = np.isinf(after) & np.isfinite(before)
    if lost.any():
        msg = (
            f"{name}: found {before[lost][0]}, which a double does not hold exactly. Subtract an "
            f"offset that all values share, or use another unit."
        )
        raise FileError(msg)
    return values
