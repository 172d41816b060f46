"""Masses: the checks that need no values, and the tolerance for equal totals.

Values (NaN, negative, totals) are checked by the compiled core, on the host, where they can be read
without a second crossing. This file checks the shape and the type, says what "not given" means, and
has the errors for bad values.
"""

from __future__ import annotations

import math
from math import prod
from typing import Any

from sparse_ot._messages import named
from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import device_of, dtype_name
from sparse_ot.backends.protocol import Backend
from sparse_ot.errors import MassError, NonFiniteError, ShapeError, UnsupportedArrayError

__all__ = ["as_array", "as_masses", "as_vector", "bad_mass", "no_mass", "totals_tolerance"]

# Totals that differ by more than this are a mistake of the caller; a smaller difference is
# rounding, and b is rescaled to the total of a. POT compares absolute values, to 1.5e-6. Here the
# difference is relative to the total, so that counts and probabilities are treated alike, and may
# be larger for masses in single precision.
TOTALS_RTOL = 1.5e-6
TOTALS_RTOL_SINGLE = 1e-4


def totals_tolerance(*masses: Array, check: bool) -> float:
    """Relative difference of totals that is accepted; infinite where `check` is off."""
    if not check:
        return math.inf
    for x in masses:
        if dtype_name(x.dtype) in ("float32", "float16", "bfloat16"):
            return TOTALS_RTOL_SINGLE
    return TOTALS_RTOL


def bad_mass(name: str, index: int, value: float) -> NonFiniteError | MassError:
    """The error for a mass that is not finite, or negative; Python and the core share it.

    Examples
    --------
    >>> print(bad_mass("a", 3, -0.25))
    a[3] is -0.25: masses must not be negative. Clip a at 0, or move the mass to the other side.
    """
    if not math.isfinite(value):
        return NonFiniteError(
            f"{name}[{index}] is {value}: masses must be finite. Drop the point or give it mass 0."
        )
    return MassError(
        f"{name}[{index}] is {value:g}: masses must not be negative. Clip {name} at 0, or move the "
        f"mass to the other side."
    )


def no_mass(**totals: float) -> MassError:
    """The error for a total that is zero or not finite.

    Examples
    --------
    >>> print(no_mass(a=0.0, b=1.0))
    a sums to 0 and b to 1: both totals must be positive and finite.
    """
    (first, total), *others = totals.items()
    sums = [f"{first} sums to {total:g}", *(f"{name} to {x:g}" for name, x in others)]
    what = "both totals" if others else "the total"
    return MassError(f"{' and '.join(sums)}: {what} must be positive and finite.")


def as_masses(backend: Backend, x: Any, count: int, name: str, like: Array) -> Array:
    """Masses as a vector of length `count` on the device of `like`; None or empty means uniform.

    Raises
    ------
    ShapeError
        If `x` is not one mass per point.
    UnsupportedArrayError
        If `x` does not hold real numbers.
    """
    masses = None if x is None else as_array(backend, x, count, name, like)
    if masses is None or masses.shape == (0,):
        return backend.xp.full(count, 1.0 / count, dtype=like.dtype, device=device_of(like))
    return _vector(masses, count, name)


def as_vector(backend: Backend, x: Any, count: int, name: str, like: Array) -> Array:
    """One real number per point, for `count` points on the device of `like`; named in errors."""
    return _vector(as_array(backend, x, count, name, like), count, name)


def as_array(backend: Backend, x: Any, count: int, name: str, like: Array) -> Array:
    """Real numbers, of whatever shape, on the device of `like`; errors ask for `count` of them."""
    if backend.is_sparse(x):
        msg = (
            f"{name} is a sparse container ({type(x).__name__}). Expected a dense vector, "
            f"({count},). Convert it first, for example with `.toarray().ravel()`."
        )
        raise UnsupportedArrayError(msg)
    with named(name):
        return backend.asarray(x, like)


def _vector(x: Array, count: int, name: str) -> Array:
    if x.shape != (count,):
        flat = _flatten(name) if prod(x.shape) == count and x.shape else ""
        msg = (
            f"{name} has shape {tuple(x.shape)}. Expected ({count},): one number for every point."
            f"{flat}"
        )
        raise ShapeError(msg)
    return x


def _flatten(name: str) -> str:
    # NumPy's function also takes tables, lists and numpy.matrix, none of which `reshape` flattens.
    return f" Flatten it with `numpy.ravel({name})`, or `.reshape(-1)` in another library."
