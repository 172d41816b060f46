"""Masses: what can be checked before looking at a number, and what counts as equal totals.

Values (NaN, negative, totals) are checked by the compiled core, on the host, where they can be
read without a second crossing; here are the shape, the type, and the meaning of "not given".
"""

from __future__ import annotations

import math
from typing import Any

from sparse_ot._typing import Array
from sparse_ot.backends.generic.arrays import device_of, dtype_name
from sparse_ot.backends.protocol import Backend
from sparse_ot.errors import ShapeError, UnsupportedArrayError

__all__ = ["as_masses", "as_vector", "totals_tolerance"]

# Totals further apart than this are a mistake of the caller, nearer ones rounding: b is then
# rescaled to the total of a. POT compares absolutely, to 1.5e-6; relative to the total, so that
# counts and probabilities are judged alike, and looser for masses that were summed in float32.
TOTALS_RTOL = 1.5e-6
TOTALS_RTOL_SINGLE = 1e-4


def totals_tolerance(*masses: Array, check: bool) -> float:
    """Relative difference of totals that passes; infinite where `check` is off."""
    if not check:
        return math.inf
    single = any(dtype_name(x.dtype) in ("float32", "float16", "bfloat16") for x in masses)
    return TOTALS_RTOL_SINGLE if single else TOTALS_RTOL


def as_masses(backend: Backend, x: Any, count: int, name: str, like: Array) -> Array:
    """Masses as a vector of length `count` beside `like`; None or empty means uniform.

    Raises
    ------
    ShapeError
        If `x` is not one mass for every point.
    UnsupportedArrayError
        If `x` does not hold real numbers.
    """
    if x is None or (isinstance(x, (list, tuple)) and not x) or getattr(x, "shape", None) == (0,):
        return backend.xp.full(count, 1.0 / count, dtype=like.dtype, device=device_of(like))
    return as_vector(backend, x, count, name, like)


def as_vector(backend: Backend, x: Any, count: int, name: str, like: Array) -> Array:
    """One real number for each of `count` points, beside `like`; errors call it `name`."""
    if backend.is_sparse(x):
        msg = (
            f"{name} is a sparse container ({type(x).__name__}). Expected a dense vector, "
            f"({count},). Convert it first, for example with `.toarray().ravel()`."
        )
        raise UnsupportedArrayError(msg)
    try:
        x = backend.asarray(x, like)
    except (UnsupportedArrayError, ShapeError) as error:
        msg_0 = f"{name}: {error}"
        raise type(error)(msg_0) from error
    if x.shape != (count,):
        msg = f"{name} has shape {tuple(x.shape)}. Expected ({count},): one number for every point."
        raise ShapeError(msg)
    if not dtype_name(x.dtype).startswith(("float", "bfloat", "int", "uint", "bool")):
        msg = f"{name} holds {x.dtype}; it must hold real numbers. Convert it to float64 first."
        raise UnsupportedArrayError(msg)
    return x
