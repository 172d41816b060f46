"""Parts of error messages that many places need: kinds of objects, names of arguments, numbers."""

from __future__ import annotations

from sparse_ot.errors import ShapeError, UnsupportedArrayError

__all__ = ["kind_of", "named", "told_apart", "with_article"]

_AFTER_AN = ("a", "e", "i", "o", "nd", "x")


def kind_of(x: object) -> str:
    """What an object is, with its article; None is None.

    Examples
    --------
    >>> kind_of([1.0]), kind_of(1), kind_of(None)
    ('a list', 'an int', 'None')
    """
    if x is None:
        return "None"
    return with_article(type(x).__name__)


def with_article(name: str) -> str:
    """The name of a class after "a" or "an", as it is spoken.

    Examples
    --------
    >>> with_article("ndarray"), with_article("xarray.Dataset"), with_article("ufunc")
    ('an ndarray', 'an xarray.Dataset', 'a ufunc')
    """
    return f"{'an' if name.lower().startswith(_AFTER_AN) else 'a'} {name}"


class named:  # noqa: N801 (a context manager, used as a function; a class for its speed)
    """Put the name of the caller's argument before the message of an error about one array.

    Only backends raise errors without a name, since they do not know it. So this belongs around
    calls of a backend, and nowhere else.

    Examples
    --------
    >>> with named("b"):
    ...     raise ShapeError("Found a vector.")
    Traceback (most recent call last):
    sparse_ot.errors.ShapeError: b: Found a vector.
    """

    __slots__ = ("_argument",)

    def __init__(self, argument: str) -> None:
        self._argument = argument

    def __enter__(self) -> None:
        """Nothing is needed before."""

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        """Name the argument in the error, if there is one."""
        if isinstance(error, (ShapeError, UnsupportedArrayError)):
            message, *others = error.args
            error.args = (f"{self._argument}: {message}", *others)


def told_apart(x: float, y: float) -> tuple[str, str]:
    """Two numbers with as many digits as show the difference, at least 6 and at most 17.

    Examples
    --------
    >>> told_apart(0.75, 0.5)
    ('0.75', '0.5')
    >>> told_apart(0.5000000056, 0.499999995)
    ('0.50000001', '0.49999999')
    """
    for digits in range(6, 18):
        shown = f"{x:.{digits}g}", f"{y:.{digits}g}"
        if shown[0] != shown[1]:
            break
    return shown
