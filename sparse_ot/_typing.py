"""Type aliases for signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sparse_ot.metrics.ground_metric import GroundMetric

__all__ = ["Array", "Floats", "HostArray", "Integers", "Metric", "Sparse"]

Array: TypeAlias = Any
"""A dense array of the caller's library."""

Sparse: TypeAlias = Any
"""A sparse container of the caller's library."""

Metric: TypeAlias = "str | tuple[str, float] | Callable[[Array, Array], Array] | GroundMetric"
"""A name, a name with a parameter, a function of two (p, d) arrays that returns (p,) costs, or the
record that `sparse_ot.metrics.as_metric` makes of any of them."""

HostArray: TypeAlias = npt.NDArray[Any]
"""A NumPy array, on the host side of the door."""

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
