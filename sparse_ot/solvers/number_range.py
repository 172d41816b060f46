"""The range of floating point: costs that cannot be added up, and answers that do not fit.

*Costs.* A potential is a sum of costs along a path of the spanning tree, of up to n + m − 1 arcs.
If such sums are infinite their differences are NaN, no comparison means anything, and the simplex
would not end. So a cost must be smaller than the largest double by a factor of 8 (n + m), which
leaves room for the reduced costs, too. Costs that large are mostly meant to forbid a pair.

*Answers.* Value and potentials are computed in double precision, and returned in the type of the
costs, which may be single. Where they do not fit, the error says so: an infinite value would pass
for an answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sparse_ot._typing import Array, HostArray
from sparse_ot.backends.generic.arrays import spans
from sparse_ot.errors import InputError

__all__ = ["Overflow", "any_too_large", "cost_out_of_range", "first_too_large", "overflow_of"]

BLOCK = 2**20
"""Costs that are looked at together."""


def first_too_large(costs: HostArray, shape: tuple[int, int]) -> tuple[int, float] | None:
    """Place, in the flat array, and size of the first finite cost that is too large; or None.

    Parameters
    ----------
    costs : ndarray, (p,) or (n, m)
    shape : tuple of int
        Numbers of sources and targets.

    Examples
    --------
    >>> first_too_large(np.array([1.0, np.inf, -1e308]), (2, 2))
    (2, -1e+308)
    """
    limit, width = _largest(shape), costs[0].size if costs.size else 1
    if float(np.finfo(costs.dtype).max) <= limit:
        return None
    for span in spans(costs.shape[0], max(1, BLOCK // width)):
        block = costs[span]
        if block.size and not (-limit <= block.min() and block.max() <= limit):
            bad = np.flatnonzero((np.abs(block) > limit) & np.isfinite(block))
            if bad.size:
                return span.start * width + int(bad[0]), float(block.flat[bad[0]])
    return None


def any_too_large(costs: Array, shape: tuple[int, int], xp: Any) -> Array:
    """Whether a finite cost is too large, as an array of the library: for traced costs."""
    return xp.any((xp.abs(costs) > _largest(shape)) & xp.isfinite(costs))


def cost_out_of_range(row: int, col: int, cost: float, shape: tuple[int, int]) -> InputError:
    """The error for a cost that is too large."""
    msg = (
        f"The cost from source {row} to target {col} is {cost:.6g}. Expected at most "
        f"{_largest(shape):.3g} in magnitude, so that potentials, which are sums of costs, are "
        "finite. Use +inf to forbid a pair, or divide all costs by a constant."
    )
    return InputError(msg)


def _largest(shape: tuple[int, int]) -> float:
    return float(np.finfo(np.float64).max) / (8 * sum(shape))


class Overflow(NamedTuple):
    """A number of an answer that does not fit into the type of the answer."""

    what: str
    number: float
    dtype: str

    def error(self) -> InputError:
        """The error that names it."""
        wider = "Convert the costs to float64, or divide" if self.dtype == "float32" else "Divide"
        msg = (
            f"{self.what} is {self.number:.6g}, and the answer is in {self.dtype}, as the costs "
            f"are, which holds at most {float(np.finfo(self.dtype).max):.3g}. {wider} costs or "
            "masses by a constant: the value is then divided by it, too."
        )
        return InputError(msg)


def overflow_of(
    dtype: Any, flow: HostArray, u: HostArray, v: HostArray, value: float
) -> Overflow | None:
    """The first number of an answer, in double precision, that `dtype` does not hold; or None.

    Examples
    --------
    >>> one = np.ones(1)
    >>> overflow_of("float32", one, one, one, 1e39).what
    'The value of the plan'
    """
    dtype = np.dtype(dtype)
    limit = float(np.finfo(dtype).max)
    numbers = {"The value of the plan": np.asarray([value]), "A flow": flow}
    for name, x in (numbers | {"A potential u": u, "A potential v": v}).items():
        if x.size and not (-limit <= x.min() and x.max() <= limit):
            return Overflow(name, float(x[~(np.abs(x) <= limit)][0]), dtype.name)
    return None
