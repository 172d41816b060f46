"""Lists of Python's numbers, whose integers have no bounds, as arrays that lost nothing.

NumPy makes floats of a list that mixes integers with floats, and objects of integers beyond 64
bits. Large integers would be rounded, or refused, before anybody could see them. So lists become
NumPy arrays here, and those with large numbers are looked at again, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.backends.protocol import Backend
from sparse_ot.backends.registry import library_of
from sparse_ot.costs.large_integers import digits_of, not_held
from sparse_ot.errors import InputError

__all__ = ["numbers_of"]

_NUMBERS = (int, float, np.integer, np.floating, np.bool_)
_LARGEST_EXPONENT = {53: 1023, 24: 127}
"""By binary digits: integers of so many bits are certainly in range, also as sums of a few."""


def numbers_of(
    given: Any, name: str, backend: Backend, remedy: str, *, may_offset: bool
) -> tuple[HostArray, int] | None:
    """A list as a NumPy array of integers or floats, and an integer to be added to all of them.

    Parameters
    ----------
    given : object
    name : str
        The name of the argument, for messages.
    backend : Backend
        The library that the array is for: its default types are those to fit into.
    remedy : str
        The end of the message.
    may_offset : bool
        Whether the integer to be added may differ from 0.

    Returns
    -------
    tuple or None
        None where `given` is no list of Python's numbers, or is ragged: for others to read.

    Raises
    ------
    InputError
        A number is beyond the range of the floats, or an integer that they do not hold and that no
        offset helps.

    Examples
    --------
    >>> from sparse_ot.backends.registry import load_backend
    >>> M = [2**53 + 1, 2**53, float("inf")]
    >>> x, offset = numbers_of(M, "M", load_backend("numpy"), "", may_offset=True)
    >>> x, offset == 2**53
    (array([ 1.,  0., inf]), True)
    """
    if not isinstance(given, (list, tuple)) or library_of(given, name) not in (None, "numpy"):
        return None
    if not _only_numbers(given):
        return None
    try:
        x = np.asarray(given)
    except (ValueError, TypeError):
        return None
    if x.dtype.kind not in "iubfO":
        return None
    digits, largest = digits_of(backend), _largest_integer(backend)
    if x.size == 0 or (x.dtype.kind in "iub" and -largest <= int(x.min()) and x.max() <= largest):
        return x, 0
    if x.dtype.kind == "f":
        _refuse_out_of_range(x, name, digits)
        if not (np.isfinite(x) & (np.abs(x) >= 2.0**digits)).any():
            return x, 0
    numbers = np.array(given, dtype=object)
    plain = [_plain(number) for number in numbers.flat]
    for rest, least in ((plain, 0), *(_from_least(plain) if may_offset else ())):
        dtype = _type_that_holds(rest, digits, largest)
        if dtype is not None:
            return np.array(rest, dtype).reshape(numbers.shape), least
    bad = next(i for i, number in enumerate(plain) if not _is_held(number, digits))
    place = name + str(list(map(int, np.unravel_index(bad, numbers.shape))))
    raise not_held(place, int(plain[bad]), digits, remedy)


def _only_numbers(x: Sequence[Any]) -> bool:
    """Whether a list holds only numbers, or lists of them."""
    kinds = set(map(type, x))
    if all(issubclass(kind, _NUMBERS) for kind in kinds):
        return True
    return kinds <= {list, tuple} and all(map(_only_numbers, x))


def _type_that_holds(numbers: Sequence[float], digits: int, largest: int) -> Any:
    """A type for all the numbers that loses none of them, or None."""
    if all(_is_held(x, digits) for x in numbers):
        return np.float64
    if all(isinstance(x, int) and 0 <= x <= largest for x in numbers):
        return np.uint64
    return None


def _largest_integer(backend: Backend) -> int:
    """The largest integer of the library's widest type."""
    xp = backend.xp
    integers = xp.__array_namespace_info__().default_dtypes()["integral"]
    return int(xp.iinfo(xp.uint64 if xp.iinfo(integers).bits == 64 else integers).max)


def _refuse_out_of_range(x: HostArray, name: str, digits: int) -> None:
    """Refuse finite numbers that would become infinite in single precision."""
    largest = np.finfo(np.float32 if digits == 24 else np.float64).max
    bad = np.argwhere(np.isfinite(x) & (np.abs(x) > largest))
    if bad.size:
        place = tuple(bad[0].tolist())
        msg = (
            f"{name}[{', '.join(map(str, place))}] is {x[place]}, and the default float of the "
            f"library holds at most {largest:.3g}. Divide all by a constant, or turn on double "
            "precision (for JAX, jax_enable_x64)."
        )
        raise InputError(msg)


def _plain(number: Any) -> int | float:
    """A number of NumPy's as one of Python's."""
    return int(number) if isinstance(number, (int, np.integer, np.bool_)) else float(number)


def _is_held(number: float, digits: int) -> bool:
    """Whether a float of so many binary digits is this integer; any float will do."""
    if isinstance(number, float) or number == 0:
        return True
    odd_part = abs(number) // (number & -number)
    return odd_part.bit_length() <= digits and number.bit_length() <= _LARGEST_EXPONENT[digits]


def _from_least(numbers: Sequence[float]) -> Iterator[tuple[list[float], int]]:
    """The numbers less the least of them, exactly, and the least; infinities stay.

    Nothing if there are fractions, or if the least is beyond the range of floats.
    """
    whole = [int(x) if isinstance(x, int) or x.is_integer() else x for x in numbers]
    integers = [x for x in whole if isinstance(x, int)]
    if all(isinstance(x, int) or not math.isfinite(x) for x in whole):
        least = min(integers)
        if least.bit_length() <= _LARGEST_EXPONENT[24]:
            yield [x - least if isinstance(x, int) else x for x in whole], least
