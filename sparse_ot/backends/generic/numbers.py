"""What counts as a real number: in nested Python lists, and as an element type of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from sparse_ot.backends.generic.arrays import dtype_name
from sparse_ot.errors import UnsupportedArrayError

__all__ = ["as_plain", "read_items", "require_real", "unmasked"]

_READY = (int, float, np.generic)
_REAL = ("float", "bfloat", "int", "uint", "bool")
_FIELD = "Take one field, or `numpy.lib.recfunctions.structured_to_unstructured`."
_REMEDIES = {
    "complex": "Take the real part or the absolute value, whichever is meant.",
    "datetime": "Count time from one moment: `(t - t.min()) / numpy.timedelta64(1, 's')`.",
    "timedelta": "Divide by a unit: `t / numpy.timedelta64(1, 's')`.",
    "void": _FIELD,
    "record": _FIELD,
    "category": "Leave it out, or convert it with `.astype(float)` if its labels are numbers.",
    "sparse": "Pass `.sparse.to_dense()`, or `.sparse.to_coo()` if what is stored are the arcs.",
}
_REMEDY = "If all entries are numbers, convert with `.astype(float)`; drop or fill in the others."


def as_plain(x: Any) -> Any:
    """`x` with fractions and decimals as floats and no masked arrays, also within lists.

    Examples
    --------
    >>> as_plain([Fraction(1, 4), [Decimal("0.5"), 1]])
    [0.25, [0.5, 1]]
    """
    if isinstance(x, (list, tuple)):
        return read_items(x, as_plain)
    if isinstance(x, np.ma.MaskedArray):
        return unmasked(x)
    return float(x) if isinstance(x, (Fraction, Decimal)) else x


def read_items(x: Sequence[Any], read: Callable[[Any], Any]) -> Sequence[Any]:
    """The items as `read` returns them; `x` itself if it holds only numbers, which may be many."""
    if all(issubclass(kind, _READY) for kind in set(map(type, x))):
        return x
    return [read(item) for item in x]


def unmasked(x: Any) -> Any:
    """The plain array of a masked one in which nothing is masked.

    Raises
    ------
    UnsupportedArrayError
        An entry is masked.

    Examples
    --------
    >>> unmasked(np.ma.masked_array([0.5, 0.5]))
    array([0.5, 0.5])
    """
    if np.ma.is_masked(x):
        msg = (
            "Found a masked array, whose mask would be lost. Expected a plain one. Forbid masked "
            "pairs of a cost matrix with `.filled(numpy.inf)`; drop masked points and masses."
        )
        raise UnsupportedArrayError(msg)
    return np.asarray(x.data)


def require_real(dtype: Any, what: str = "an array") -> None:
    """Refuse element types other than floats, integers and booleans, of any library.

    Raises
    ------
    UnsupportedArrayError
        The message calls the array `what`, and says how it becomes one of real numbers.

    Examples
    --------
    >>> require_real(np.dtype("float32"))
    """
    name = dtype_name(dtype).lower()
    if name.startswith(_REAL):
        return
    remedy = next((text for kind, text in _REMEDIES.items() if name.startswith(kind)), _REMEDY)
    msg = (
        f"Found {what} of dtype {dtype}. Expected real numbers: floats, integers or booleans. "
        f"{remedy}"
    )
    raise UnsupportedArrayError(msg)
