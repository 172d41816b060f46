"""The entries of JAX's sparse containers, and the faults of broken ones.

JAX pads containers with entries whose indices are out of range; in BCSR also with entries past the
last pointer. They are not arcs, but keep their places, at the cost +inf.

Values are not looked at here, because that would wait for the device. Entries without a place,
which have a negative index or come from pointers that are none, get the index −1. It is found with
those of other broken containers, by `SparseCost` or by the solve; under a trace it is no arc.
"""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax.experimental.sparse import BCSR

from sparse_ot._typing import Array, Sparse
from sparse_ot.backends.jax.door import is_traced
from sparse_ot.errors import InputError, ShapeError

__all__ = ["entries_of"]

Entries: TypeAlias = tuple[Array, ...]


def entries_of(M: Sparse) -> Entries:
    """Rows, columns and costs of a BCOO or BCSR of two sparse dimensions, in stored order.

    Raises
    ------
    ShapeError
        Arrays that do not fit together.
    InputError
        Padding among integers that are too large for the floats that +inf makes of them.
    """
    values, shape = M.data, (int(M.shape[0]), int(M.shape[1]))
    count = values.shape[0] if values.ndim == 1 else -1
    if isinstance(M, BCSR):
        fitting: dict[str, tuple[int, ...]] = {"indices": (count,), "indptr": (shape[0] + 1,)}
    else:
        fitting = {"indices": (count, 2)}
    expected = {"data": (count,), **fitting}
    found = {name: getattr(M, name).shape for name in expected}
    if found != expected:
        msg = (
            f"The {type(M).__name__} of shape {shape} holds arrays of shapes {found}. Expected "
            f"one value for each entry, and {expected}. Build it again from its entries."
        )
        raise ShapeError(msg)
    if isinstance(M, BCSR):
        rows, cols, inside = _bcsr_places(M.indices, M.indptr, count, shape)
    else:
        rows, cols, inside = _bcoo_places(M.indices, shape)
    integers = jnp.issubdtype(values.dtype, jnp.integer)
    if integers and not (is_traced(values) or is_traced(inside)):
        if bool(inside.all()):  # `SparseCost` deals with those that floats do not hold
            return rows, cols, values
        _refuse_large_integers(values, inside)
    return rows, cols, _forbid(values, inside)


def _refuse_large_integers(values: Array, inside: Array) -> None:
    """Refuse integers that may be rounded in the floats which padding, of cost +inf, requires."""
    digits = 53 if jax.dtypes.canonicalize_dtype(float) == jnp.float64 else 24
    if 8 * values.dtype.itemsize <= digits:
        return
    large = inside & ((values > 2**digits) | (values < -(2**digits)))
    if bool(large.any()):
        place = int(jnp.argmax(large))
        msg = (
            f"Entry {place} of M is {int(values[place])}, beyond 2**{digits}, and M is padded: "
            "padding is forbidden by a cost of +inf, so integers become floats. Subtract a "
            "constant from the costs, or drop the padding with `M.sum_duplicates()`."
        )
        raise InputError(msg)


@partial(jax.jit, static_argnames="shape")
def _bcoo_places(indices: Array, shape: tuple[int, int]) -> Entries:
    return _in_range(indices[:, 0], indices[:, 1], shape)


@partial(jax.jit, static_argnames=("count", "shape"))
def _bcsr_places(indices: Array, indptr: Array, count: int, shape: tuple[int, int]) -> Entries:
    places = jnp.arange(count, dtype=indptr.dtype)
    # Places past the last pointer are padding; they get a row that is out of range.
    rows = jnp.searchsorted(indptr, places, side="right").astype(indptr.dtype) - 1
    falls = jnp.any(indptr[1:] < indptr[:-1])
    broken = falls | (indptr[0] != 0) | (indptr[-1] > count)
    return _in_range(jnp.where(broken, -1, rows), indices, shape)


def _in_range(rows: Array, cols: Array, shape: tuple[int, int]) -> Entries:
    """Rows, columns, and what is no padding; the index of padding is 0, that of a fault −1."""
    inside = (rows < shape[0]) & (cols < shape[1])
    rows, cols = (jnp.where(inside, jnp.maximum(x, -1), 0) for x in (rows, cols))
    return rows, cols, inside


@jax.jit
def _forbid(values: Array, inside: Array) -> Array:
    return jnp.where(inside, values, jnp.inf)
