"""The formulas of the metrics, written once in the array API.

Each takes two arrays whose last axis is the coordinate and whose other axes broadcast, so one
formula serves listed pairs, (p, d) against (p, d), and whole tiles, (n, 1, d) against (1, m, d).
All are built from sums or maxima of coordinate *differences*. The expansion
``|x|² + |y|² − 2 x·y`` is faster, but loses all digits for near neighbours far from the origin,
which are the pairs that a transport plan uses.

Where only directions matter, points are made unit vectors first; see `directions`.

Every formula is differentiable where the metric is. At a kink (two coinciding points under the
Euclidean metric, two equal coordinates under Minkowski's) the derivative is 0, not NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sparse_ot._messages import kind_of
from sparse_ot._typing import Array
from sparse_ot.errors import ShapeError, UnsupportedArrayError

__all__ = [
    "Minkowski",
    "OfPairs",
    "chebyshev",
    "cityblock",
    "euclidean",
    "half_sqeuclidean",
    "sqeuclidean",
]


def sqeuclidean(x: Array, y: Array, xp: Any) -> Array:
    """Sum of squared differences."""
    difference = x - y
    return xp.sum(difference * difference, axis=-1)


def euclidean(x: Array, y: Array, xp: Any) -> Array:
    """Square root of the sum of squared differences."""
    return _guarded_sqrt(sqeuclidean(x, y, xp), xp)


def cityblock(x: Array, y: Array, xp: Any) -> Array:
    """Sum of absolute differences."""
    return xp.sum(xp.abs(x - y), axis=-1)


def chebyshev(x: Array, y: Array, xp: Any) -> Array:
    """Largest absolute difference."""
    return xp.max(xp.abs(x - y), axis=-1)


def half_sqeuclidean(x: Array, y: Array, xp: Any) -> Array:
    """Half the squared chord; of unit vectors, 1 − cos."""
    return 0.5 * sqeuclidean(x, y, xp)


@dataclass(frozen=True)
class Minkowski:
    """The p-norm of the differences, for finite p above 1.

    They are divided by the largest one first, so that powers neither overflow nor vanish.
    """

    p: float

    def __call__(self, x: Array, y: Array, xp: Any) -> Array:
        """Costs over the last axis."""
        gaps = xp.abs(x - y)
        largest = xp.max(gaps, axis=-1, keepdims=True)
        apart = largest != 0  # also where it is NaN, which stays NaN
        sums = xp.sum((gaps / xp.where(apart, largest, xp.ones_like(largest))) ** self.p, axis=-1)
        apart, largest = apart[..., 0], largest[..., 0]
        costs = largest * xp.where(apart, sums, xp.ones_like(sums)) ** (1 / self.p)
        return xp.where(apart, costs, xp.zeros_like(costs))  # so the derivative is 0, too


def _guarded_sqrt(squares: Array, xp: Any) -> Array:
    positive = squares > 0
    return xp.where(
        positive,
        xp.sqrt(xp.where(positive, squares, xp.ones_like(squares))),
        xp.zeros_like(squares),
    )


@dataclass(frozen=True)
class OfPairs:
    """The formula of a caller's function of two (p, d) arrays, which returns (p,) costs."""

    function: Callable[[Array, Array], Array]

    def __call__(self, x: Array, y: Array, xp: Any) -> Array:
        """Costs over the last axis.

        Raises
        ------
        ShapeError
            The function returned something other than one cost per pair.
        UnsupportedArrayError
            It did not return real numbers.
        """
        x, y = xp.broadcast_arrays(x, y)
        leading, d = x.shape[:-1], x.shape[-1]
        costs = self.function(xp.reshape(x, (-1, d)), xp.reshape(y, (-1, d)))
        pairs = 1
        for size in leading:
            pairs *= size
        shape = getattr(costs, "shape", None)
        if shape is None or tuple(shape) != (pairs,):
            found = kind_of(costs) if shape is None else f"shape {tuple(shape)}"
            msg = (
                f"The metric function returned {found} for {pairs} pairs of points. Expected "
                f"an array of shape ({pairs},): one cost a row. Reduce over the last axis, as in "
                "`lambda x, y: abs(x - y).sum(axis=-1)`."
            )
            raise ShapeError(msg)
        if not xp.isdtype(costs.dtype, ("bool", "integral", "real floating")):
            msg = (
                f"The metric function returned costs of dtype {costs.dtype}. Expected real "
                "numbers. Of complex ones take the real part, or the absolute value, whichever is "
                "meant."
            )
            raise UnsupportedArrayError(msg)
        return xp.reshape(costs, leading)
