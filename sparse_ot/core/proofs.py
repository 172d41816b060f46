"""What any plan and any potentials prove: proof/ in kernels/include/sparse_ot, typed."""

from __future__ import annotations

import numpy as np

from sparse_ot import _core
from sparse_ot._typing import HostArray

__all__ = ["as_double", "certify", "gauge", "rounding"]


def certify(*arrays: HostArray) -> tuple[float, float, float, float]:
    """Value, lower bound, worst reduced cost and worst marginal error of a plan and potentials.

    The arrays are ``a, b, rows, cols, costs, flow, u, v``; see proof/certificate.hpp in the
    kernels.
    """
    a, b, rows, cols, *rest = arrays
    return _core.certify(as_double(a), as_double(b), rows, cols, *map(as_double, rest))


def gauge(a: HostArray, b: HostArray, u: HostArray, v: HostArray) -> float:
    """The constant c that makes <u + c, a> equal <v - c, b>.

    Examples
    --------
    >>> import numpy as np
    >>> gauge(np.ones(2), np.ones(2), np.asarray([1.0, 3.0]), np.zeros(2))
    -1.0
    """
    return _core.gauge(as_double(a), as_double(b), as_double(u), as_double(v))


def rounding(a: HostArray, u: HostArray, b: HostArray, v: HostArray) -> float:
    """How far apart the bounds of an optimum may lie because potentials were rounded.

    A small part of ``sum a |u| + sum b |v|``; see proof/rounding.hpp in the kernels.
    """
    return _core.rounding(as_double(a), as_double(u), as_double(b), as_double(v))


def as_double(x: HostArray) -> HostArray:
    """A contiguous float64 array; `x` itself where it already is one."""
    return np.ascontiguousarray(x, dtype=np.float64)
