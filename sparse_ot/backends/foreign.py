"""Objects whose class belongs to no library: which of them are arrays, and what to do with others.

Whatever turns itself into an array in host memory, by one of NumPy's protocols, can be read:
tables, buffers, labelled arrays. What speaks DLPack is an array of another library, perhaps on a
device, and is not copied without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

__all__ = ["full_name", "remedy", "turns_into_array"]

_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")


def turns_into_array(x: Any) -> bool:
    """Whether an object of no library is an array in host memory; bytes are text.

    Examples
    --------
    >>> turns_into_array(memoryview(b"12")), turns_into_array(b"12")
    (True, False)
    """
    if isinstance(x, (type, bytes, bytearray)) or hasattr(type(x), "__dlpack__"):
        return False
    if any(hasattr(x, protocol) for protocol in _PROTOCOLS):
        return True
    try:
        memoryview(x)
    except TypeError:
        return False
    return True


def remedy(x: Any) -> str:
    """What turns an object of no library into an array, as the end of a message.

    Examples
    --------
    >>> remedy({0.5, 1.0})
    ' A set has no order: pass a list, in the order of the points.'
    """
    if isinstance(x, complex):
        return " Costs and masses are real numbers."
    if isinstance(x, Mapping):
        return " Pass one of its values, or `list(x.values())` in the order of the points."
    if isinstance(x, Set):
        return " A set has no order: pass a list, in the order of the points."
    if hasattr(type(x), "__dlpack__"):
        return " Convert it to one of these libraries, on the device where you want the result."
    return " Pass `list(x)`." if isinstance(x, Iterable) else ""


def full_name(cls: type) -> str:
    """Module and name of a class; the name alone for a builtin one."""
    return f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
