"""The formulas of the metrics, written once in the array API.

Each takes two arrays whose last axis is the coordinate and whose other axes broadcast, so one
formula serves listed pairs, (p, d) against (p, d), and whole tiles, (n, 1, d) against
(1, m, d). All are sums or maxima of coordinate *differences*. The tempting expansion
``|x|² + |y|² − 2 x·y`` is faster and loses every digit for near neighbours far from the origin,
which are the very pairs a transport plan uses.

Every formula can be differentiated where the mathematics can. At a kink (two coinciding points
under the Euclidean metric) the guarded square root gives the derivative zero, not NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparse_ot._typing import Array, Metric
from sparse_ot.errors import InputError, ShapeError, UnsupportedArrayError

__all__ = ["FORMULAS", "evaluate", "unit_vectors"]


def _sqeuclidean(x: Array, y: Array, xp: Any) -> Array:
    difference = x - y
    return xp.sum(difference * difference, axis=-1)


def _euclidean(x: Array, y: Array, xp: Any) -> Array:
    return _guarded_sqrt(_sqeuclidean(x, y, xp), xp)


def _cityblock(x: Array, y: Array, xp: Any) -> Array:
    return xp.sum(xp.abs(x - y), axis=-1)


def _chebyshev(x: Array, y: Array, xp: Any) -> Array:
    return xp.max(xp.abs(x - y), axis=-1)


def _cosine(x: Array, y: Array, xp: Any) -> Array:
    # 1 − cos = half the squared chord between the unit vectors; this form does not cancel.
    return 0.5 * _sqeuclidean(unit_vectors(x, xp), unit_vectors(y, xp), xp)


def _guarded_sqrt(squares: Array, xp: Any) -> Array:
    positive = squares > 0
    return xp.where(
        positive,
        xp.sqrt(xp.where(positive, squares, xp.ones_like(squares))),
        xp.zeros_like(squares),
    )


def unit_vectors(x: Array, xp: Any) -> Array:
    """Each vector over its length; a zero vector stays zero.

    Parameters
    ----------
    x : array, (..., d)
        Vectors along the last axis.
    xp : namespace
        The array-API namespace of `x`.

    Returns
    -------
    array, (..., d)
        Divided by the largest coordinate first, so that squaring neither overflows nor
        underflows.
    """
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    scaled = x / xp.where(largest > 0, largest, xp.ones_like(largest))
    squares = xp.sum(scaled * scaled, axis=-1, keepdims=True)
    return scaled / xp.sqrt(xp.where(squares > 0, squares, xp.ones_like(squares)))


FORMULAS: dict[str, Callable[[Array, Array, Any], Array]] = {
    "sqeuclidean": _sqeuclidean,
    "euclidean": _euclidean,
    "cityblock": _cityblock,
    "cosine": _cosine,
    "chebyshev": _chebyshev,
}


def evaluate(x: Array, y: Array, metric: Metric, xp: Any) -> Array:
    """Costs between `x` and `y`, broadcast over all axes but the last.

    Parameters
    ----------
    x, y : array, (..., d)
        Coordinates; the leading axes broadcast against each other.
    metric : str or callable
        A key of `FORMULAS`, or a function of two (p, d) arrays that returns (p,) costs.
    xp : namespace
        The array-API namespace of both.

    Raises
    ------
    InputError
        The name is not in `FORMULAS`.
    ShapeError
        A callable returned something else than one cost a pair.

    Examples
    --------
    >>> import numpy as np
    >>> evaluate(np.asarray([[0.0, 0.0]]), np.asarray([[3.0, 4.0]]), "euclidean", np)
    array([5.])
    """
    if callable(metric):
        return _call_on_pairs(x, y, metric, xp)
    if metric not in FORMULAS:
        msg = (
            f"Unknown metric {metric!r}. Expected one of {', '.join(FORMULAS)}, or a function of "
            "two (p, d) arrays that returns (p,) costs."
        )
        raise InputError(msg)
    return FORMULAS[metric](x, y, xp)


def _call_on_pairs(x: Array, y: Array, metric: Callable[[Array, Array], Array], xp: Any) -> Array:
    x, y = xp.broadcast_arrays(x, y)
    leading, d = x.shape[:-1], x.shape[-1]
    costs = metric(xp.reshape(x, (-1, d)), xp.reshape(y, (-1, d)))
    pairs = 1
    for size in leading:
        pairs *= size
    found = tuple(getattr(costs, "shape", ("no shape",)))
    if found != (pairs,):
        msg = (
            f"The metric function returned shape {found} for {pairs} pairs of points. Expected "
            f"({pairs},): one cost a row. Reduce over the last axis, as in "
            "`lambda x, y: abs(x - y).sum(axis=-1)`."
        )
        raise ShapeError(msg)
    if xp.isdtype(costs.dtype, "complex floating"):
        msg = (
            f"The metric function returned {costs.dtype} costs. Expected real numbers: take the "
            "real part, or the absolute value, whichever is meant."
        )
        raise UnsupportedArrayError(msg)
    return xp.reshape(costs, leading)
