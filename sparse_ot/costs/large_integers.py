"""Integers that floats do not hold: an exact offset is taken off, or they are refused.

A float64 holds every integer up to 2⁵³ and a float32 up to 2²⁴; of larger ones it holds few. To
round a cost or a coordinate to its neighbour could change which plan is optimal, and no certificate
would show it.

*Costs.* To take r[i] off all costs of source i, and c[j] off those of target j, takes
``<r, a> + <c, b>`` off the cost of every plan and changes no plan. So the least cost of each source
is taken off, then the least remaining cost of each target. What is left is often small.

*Points.* A metric of differences does not see the origin. The least value of every coordinate
becomes 0, for both clouds.

Differences are taken in unsigned integers of the same width. They lie between 0 and 2⁶⁴, and are
exact modulo 2⁶⁴, so they are exact. If floats do not hold them either, the error names an entry.

Arrays without values yet (a JAX trace) cannot be looked at. There the nearest floats are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import device_of, dtype_name, index_dtype
from sparse_ot.backends.protocol import Backend, CooParts
from sparse_ot.costs.arc_lists import as_floats
from sparse_ot.errors import InputError

__all__ = [
    "COORDINATES",
    "COSTS",
    "Offsets",
    "digits_of",
    "hold_arcs",
    "hold_matrix",
    "hold_points",
    "not_held",
]

COSTS = (
    "Subtract a constant from the costs, such as their minimum: that lowers the value by the "
    "constant times the total mass, and changes no plan. Or divide them; or, if rounded costs will "
    "do, convert them with `astype(float)`."
)
COORDINATES = (
    "Subtract the same integers from X and Y, both of one integer type, so that the origin is near "
    "the points. Or divide both; or, if rounded points will do, convert them with `astype(float)`."
)

ALL_DIGITS = 64
"""Said of arrays that cannot be looked at: no integer has more."""


class Offsets(NamedTuple):
    """What was taken off the costs: floats r (n,) for the sources, c (m,) for the targets."""

    of_rows: Array
    of_cols: Array


def digits_of(backend: Backend, *arrays: Array) -> int:
    """Binary digits of the float that integers become in this library: 53 or 24.

    `ALL_DIGITS` under a trace, where an array has no values, or results of functions have none.
    """
    # A function of an array that has values is traced, too, inside of a compiled function.
    if any(_is_integral(x, backend.xp) and backend.is_traced(x[:0, ...]) for x in arrays):
        return ALL_DIGITS
    floats = backend.xp.__array_namespace_info__().default_dtypes()["real floating"]
    return 53 if dtype_name(floats) == "float64" else 24


def hold_matrix(
    M: Array, digits: int, xp: Any, *, may_offset: bool
) -> tuple[Array, Offsets | None]:
    """A matrix in floats, less its offsets if it needs any.

    Parameters
    ----------
    M : array, (n, m)
    digits : int
        See `digits_of`.
    xp : namespace
    may_offset : bool
        Otherwise a matrix that needs offsets is refused.

    Raises
    ------
    InputError
        There are integers that floats do not hold, and offsets do not help, or may not be used.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> M = xp.asarray([[2**53 + 1, 2**53], [2**60, 2**60 + 1]])
    >>> hold_matrix(M, 53, xp, may_offset=True)[0]
    array([[1., 0.],
           [0., 1.]])
    """
    bad = _unheld(M, digits, xp)
    if bad is None:
        return as_floats(M, xp), None
    if may_offset:
        of_rows = xp.min(M, axis=1)
        rest = _unsigned(M, xp) - _unsigned(of_rows, xp)[:, None]
        of_cols = xp.min(rest, axis=0)
        rest = rest - of_cols[None, :]
        if _unheld(rest, digits, xp) is None:
            return as_floats(rest, xp), Offsets(as_floats(of_rows, xp), as_floats(of_cols, xp))
    width = int(M.shape[1])
    raise _first_of(M, bad, digits, lambda i: f"M[{i // width}, {i % width}]", COSTS, xp)


def hold_arcs(
    parts: CooParts, digits: int, xp: Any, *, may_offset: bool
) -> tuple[Array, Offsets | None]:
    """The costs (p,) of listed arcs in floats; as `hold_matrix`."""
    rows, cols, values, shape = parts
    bad = _unheld(values, digits, xp)
    if bad is None:
        return as_floats(values, xp), None
    if may_offset:
        of_rows = _least_of_each(rows, values, shape[0], xp)
        rest = _unsigned(values, xp) - xp.take(_unsigned(of_rows, xp), rows)
        of_cols = _least_of_each(cols, rest, shape[1], xp)
        rest = rest - xp.take(of_cols, cols)
        if _unheld(rest, digits, xp) is None:
            return as_floats(rest, xp), Offsets(as_floats(of_rows, xp), as_floats(of_cols, xp))

    def place(i: int) -> str:
        return f"The cost M has at ({int(rows[i])}, {int(cols[i])})"

    raise _first_of(values, bad, digits, place, COSTS, xp)


def hold_points(
    x: Array, y: Array, digits: int, xp: Any, *, any_origin: bool
) -> tuple[Array, Array]:
    """Two clouds (n, d) and (m, d) in floats, moved to another origin if they need it.

    Parameters
    ----------
    x, y : array
    digits : int
        See `digits_of`.
    xp : namespace
    any_origin : bool
        Only differences of coordinates count. Otherwise points that would have to move are refused.

    Raises
    ------
    InputError
        There are integers that floats do not hold, and no other origin helps.
    """
    clouds = {"X": (x, _unheld(x, digits, xp)), "Y": (y, _unheld(y, digits, xp))}
    if all(bad is None for _, bad in clouds.values()):
        return as_floats(x, xp), as_floats(y, xp)
    if any_origin and x.dtype == y.dtype:
        origin = _unsigned(xp.minimum(xp.min(x, axis=0), xp.min(y, axis=0)), xp)[None, :]
        moved = _unsigned(x, xp) - origin, _unsigned(y, xp) - origin
        if all(_unheld(points, digits, xp) is None for points in moved):
            return as_floats(moved[0], xp), as_floats(moved[1], xp)
    name, (points, bad) = next(item for item in clouds.items() if item[1][1] is not None)
    width = int(points.shape[1])
    remedy = COORDINATES if any_origin else f"The metric may depend on the origin. {COORDINATES}"
    raise _first_of(points, bad, digits, lambda i: f"{name}[{i // width}, {i % width}]", remedy, xp)


def not_held(place: str, number: int, digits: int, remedy: str) -> InputError:
    """The error for an integer that floats do not hold.

    Examples
    --------
    >>> print(not_held("M[0, 1]", 2**53 + 1, 53, "Divide."))
    M[0, 1] is 9007199254740993, which float64 does not hold: it has 53 binary digits. Divide.
    """
    name = "float64" if digits == 53 else "float32"
    found = number if number.bit_length() <= 128 else f"of {number.bit_length()} binary digits"
    msg = f"{place} is {found}, which {name} does not hold: it has {digits} binary digits. "
    return InputError(msg + remedy)


def _first_of(
    x: Array, bad: Array, digits: int, place: Callable[[int], str], remedy: str, xp: Any
) -> InputError:
    """The error for the first entry of `x` that `bad` marks."""
    first = int(xp.argmax(xp.reshape(xp.astype(bad, xp.int32), (-1,))))
    return not_held(place(first), int(xp.reshape(x, (-1,))[first]), digits, remedy)


def _unheld(x: Array, digits: int, xp: Any) -> Array | None:
    """Marks the integers that do not fit into so many binary digits; None if there are none.

    Reads two or three numbers from the device, and only of integers that are wide enough.
    """
    if not _is_integral(x, xp) or xp.iinfo(x.dtype).bits <= digits or 0 in x.shape:
        return None
    if -(2**digits) <= int(xp.min(x)) and int(xp.max(x)) <= 2**digits:
        return None
    # A multiple of 2**k fits up to 2**(digits + k). The second term is for powers of two, for 0,
    # and for the least integer, whose absolute value overflows.
    lowest_bit = x & (~x + 1)
    fits = ((xp.abs(x) >> digits) < lowest_bit) | (x == lowest_bit)
    return None if bool(xp.all(fits)) else ~fits


def _is_integral(x: Array, xp: Any) -> bool:
    return bool(xp.isdtype(x.dtype, "integral"))


def _unsigned(x: Array, xp: Any) -> Array:
    """The same integers modulo two to the power of their width."""
    return xp.astype(x, getattr(xp, f"uint{xp.iinfo(x.dtype).bits}"), copy=False)


def _least_of_each(keys: Array, values: Array, count: int, xp: Any) -> Array:
    """The least value of each key from 0 to count − 1; 0 for a key without values."""
    device = device_of(values)
    dtype = index_dtype(xp, device)
    order = xp.argsort(values, stable=True)
    order = xp.take(order, xp.argsort(xp.take(keys, order), stable=True))
    keys = xp.astype(xp.take(keys, order), dtype)
    starts = xp.searchsorted(keys, xp.arange(count + 1, dtype=dtype, device=device))
    zero = xp.zeros((1,), dtype=values.dtype, device=device)
    least = xp.take(xp.concat([xp.take(values, order), zero]), starts[:-1])
    return xp.where(starts[1:] > starts[:-1], least, zero)
