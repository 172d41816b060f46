"""Checks of the options of a call: numbers, limits and callables.

A scalar of any library is accepted as a number, and a whole number also as a float, like ``1e6``.
An invalid value raises an `InputError` that names the option, says what it must be, and shows what
was found.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable
from typing import Any

from sparse_ot.errors import InputError

__all__ = ["at_least_zero", "callback", "cost", "limit", "pivots", "seed", "threads", "whole"]

MAX_SEED = 2**63 - 1  # the core counts up from a seed in 64 bits


def at_least_zero(name: str, value: Any) -> float:
    """A finite number of at least 0.

    Raises
    ------
    InputError
        Anything else, NaN and truth values included.

    Examples
    --------
    >>> at_least_zero("tol", 0)
    0.0
    """
    if not 0 <= (number := _number(value)) < math.inf:
        msg = f"{name} must be a number of at least 0; found {value!r}."
        raise InputError(msg)
    return number


def cost(name: str, value: Any) -> float:
    """A cost of at least 0, in units of the metric; infinite for no limit."""
    if not (number := _number(value)) >= 0:
        msg = (
            f"{name} must be a cost of at least 0, in units of the metric (for sqeuclidean, a "
            f"length squared); found {value!r}."
        )
        raise InputError(msg)
    return number


def limit(name: str, value: Any, unit: str) -> float:
    """A positive number; infinite for None, which means no limit.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> limit("time_limit", None, "seconds")
    inf
    """
    if value is None:
        return math.inf
    if not (number := _number(value)) > 0:
        msg = f"{name} must be a positive number of {unit}, or None for no limit; found {value!r}."
        raise InputError(msg)
    return number


def whole(name: str, value: Any) -> int:
    """A whole number of at least 1.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> whole("k", 3), whole("k", 3.0)
    (3, 3)
    """
    if (count := _integer(value)) is None or count < 1:
        msg = f"{name} must be a whole number of at least 1; found {value!r}."
        raise InputError(msg)
    return count


def pivots(name: str, value: Any) -> int | None:
    """A limit on pivots: a positive whole number; None, also for infinity, means no limit.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> pivots("max_pivots", 10**30) == 2**62  # as good as no limit
    True
    """
    if value is None or _number(value) == math.inf:
        return None
    if (count := _integer(value)) is None or count < 1:
        msg = f"{name} must be a positive whole number, or None for no limit; found {value!r}."
        raise InputError(msg)
    return min(count, 2**62)


def seed(value: Any) -> int | None:
    """A seed that the core can take, or None.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> seed(7)
    7
    """
    if value is None:
        return None
    if (number := _integer(value)) is None or not 0 <= number <= MAX_SEED:
        msg = f"seed must be a whole number from 0 to 2**63 - 1, or None; found {value!r}."
        raise InputError(msg)
    return number


def threads(name: str, value: Any) -> int:
    """A number of threads; "max" means the number of cores.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> threads("numThreads", 2)
    2
    """
    if isinstance(value, str) and value == "max":
        return os.cpu_count() or 1
    if (count := _integer(value)) is None or count < 1:
        msg = f'{name} must be a whole number of at least 1, or "max"; found {value!r}.'
        raise InputError(msg)
    return count


def callback(name: str, value: Any, expected: str) -> Callable[..., Any] | None:
    """A function, or None; `expected` describes it in the error message.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> callback("progress", print, "a function or None") is print
    True
    """
    if value is not None and not callable(value):
        msg = f"{name} must be {expected}; found {value!r}."
        raise InputError(msg)
    function: Callable[..., Any] | None = value
    return function


def _number(value: Any) -> float:
    """The value as a float; NaN for strings, truth values, and arrays, even of one number."""
    try:
        return float(value) if _is_real(value) else math.nan
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _integer(value: Any) -> int | None:
    """The value as an int if it is a whole number of any type, as 3 and 3.0 are; else None."""
    if not _is_real(value):
        return None
    try:
        return operator.index(value)
    except TypeError:
        number = _number(value)
        return int(number) if number.is_integer() else None


def _is_real(value: Any) -> bool:
    """Whether the type of the value is that of one real number; NumPy would convert more."""
    converts = hasattr(type(value), "__float__") or hasattr(type(value), "__index__")
    if isinstance(value, bool) or not converts:
        return False
    if not hasattr(value, "dtype"):
        return True
    dtype = str(value.dtype).rpartition(".")[2]
    return getattr(value, "ndim", 0) == 0 and dtype.startswith(("float", "bfloat", "int", "uint"))
