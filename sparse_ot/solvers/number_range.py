"""Answers that do not fit: numbers in double precision, to be returned in the type of the costs.

Value and potentials are computed in double precision, and returned in the type of the costs, which
may be single. Where they do not fit, the error says so: an infinite value would pass for an answer.
(Costs that cannot be added up are a fault that the core finds.)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.errors import InputError

__all__ = ["Overflow", "overflow_of"]


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
    if dtype == np.float64 and abs(value) <= limit:
        return None  # flows are masses, and sums of costs are finite
    numbers = {"The value of the plan": np.asarray([value]), "A flow": flow}
    for name, x in (numbers | {"A potential u": u, "A potential v": v}).items():
        if x.size and not (-limit <= x.min() and x.max() <= limit):
            return Overflow(name, float(x[~(np.abs(x) <= limit)][0]), dtype.name)
    return None
