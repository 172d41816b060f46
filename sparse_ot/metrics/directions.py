"""Preparations of points: what the formulas, the compiled core and the kernels take.

Where only directions matter, vectors are divided by their lengths, and for correlation centred
before that. Half the squared chord of two unit vectors is one minus their cosine, without
cancellation.

*Vectors without a direction* (zero, or for correlation of equal coordinates) have a cosine of 0
with every vector, so a cost of 1, also among themselves; so scikit-learn has it. Half the squared
chord is 1 between orthogonal unit vectors. So two coordinates are added, which are zero for all
other vectors: a source without a direction becomes the unit vector along the first, a target the
one along the second. All costs follow, in whatever computes half the squared chord of points.

On NumPy the coordinates are added only if there is such a vector. Elsewhere it would be a crossing
to look, and under a trace there is nothing to see, so they are always added.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import is_numpy_array

from sparse_ot._typing import Array

__all__ = ["as_given", "centred_unit_vectors", "unit_vectors"]


def as_given(x: Array, y: Array, xp: Any) -> tuple[Array, Array]:  # noqa: ARG001 (as the others)
    """The points themselves."""
    return x, y


def unit_vectors(x: Array, y: Array, xp: Any) -> tuple[Array, Array]:
    """Each vector divided by its length; a zero vector becomes orthogonal to all others.

    Parameters
    ----------
    x, y : array, (..., d)
        Vectors along the last axis.
    xp : namespace
        The array-API namespace of both.

    Returns
    -------
    tuple of arrays, (..., d) or (..., d + 2)
        Unit vectors. The derivative in a zero vector is 0.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> x, y = xp.asarray([[3.0, 4.0], [0.0, 0.0]]), xp.asarray([[0.0, 0.0]])
    >>> unit_vectors(x, y, xp)
    (array([[0.6, 0.8, 0. , 0. ],
           [0. , 0. , 1. , 0. ]]), array([[0., 0., 0., 1.]]))
    """
    (x, lost_x), (y, lost_y) = _normalised(x, xp), _normalised(y, xp)
    if is_numpy_array(lost_x) and not (lost_x.any() or lost_y.any()):
        return x, y
    none_x, none_y = xp.zeros_like(lost_x), xp.zeros_like(lost_y)
    return xp.concat([x, lost_x, none_x], axis=-1), xp.concat([y, none_y, lost_y], axis=-1)


def centred_unit_vectors(x: Array, y: Array, xp: Any) -> tuple[Array, Array]:
    """Each vector minus its mean, divided by its length, so that cosines are correlations.

    A vector of equal coordinates becomes orthogonal to all others.

    Parameters
    ----------
    x, y : array, (..., d)
    xp : namespace

    Returns
    -------
    tuple of arrays, (..., d) or (..., d + 2)
        As `unit_vectors`.
    """
    return unit_vectors(_centred(x, xp), _centred(y, xp), xp)


def _centred(x: Array, xp: Any) -> Array:
    """Multiples of the vectors minus their means."""
    scaled, _ = _scaled(x, xp)  # first, since the sum of large coordinates may overflow
    centred = scaled - xp.mean(scaled, axis=-1, keepdims=True)
    # The mean of equal coordinates is rounded, and the rounding would count as a direction.
    equal = xp.max(x, axis=-1, keepdims=True) == xp.min(x, axis=-1, keepdims=True)
    return xp.where(equal, xp.zeros_like(centred), centred)


def _normalised(x: Array, xp: Any) -> tuple[Array, Array]:
    """Unit vectors, zero where there is no direction; and (..., 1), a number that is 1 there."""
    scaled, zero = _scaled(x, xp)
    squares = xp.sum(scaled * scaled, axis=-1, keepdims=True)
    ones = xp.ones_like(squares)
    units = scaled / xp.sqrt(xp.where(zero, ones, squares))
    units = xp.where(zero, xp.zeros_like(units), units)  # so the derivative is 0, too
    return units, xp.where(zero, ones, xp.zeros_like(ones))


def _scaled(x: Array, xp: Any) -> tuple[Array, Array]:
    """The vectors over their largest coordinates, and which are zero, (..., 1).

    So squares neither overflow nor vanish, and vectors that are multiples of one another become
    equal. They are divided by powers of two first. That is exact, the derivative of the powers is
    0, which changes no direction's, and the derivative of what is left neither overflows nor
    vanishes. The exponents are a little nearer to 0 than the vectors', so no power overflows.
    """
    largest, zero = _largest(x, xp)
    x = x / 2.0 ** xp.trunc(0.99 * xp.log2(largest))
    return x / _largest(x, xp)[0], zero


def _largest(x: Array, xp: Any) -> tuple[Array, Array]:
    """The largest absolute value of each vector, 1 if that is 0; and whether it is."""
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    zero = largest == 0  # not where it is NaN, which stays NaN
    return xp.where(zero, xp.ones_like(largest), largest), zero
