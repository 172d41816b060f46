"""Names for the types that signatures speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Floats", "HostArray", "Integers", "Metric", "Sparse"]

Array: TypeAlias = Any
"""A dense array of the caller's library."""

Sparse: TypeAlias = Any
"""A sparse container of the caller's library."""

Metric: TypeAlias = "str | Callable[[Array, Array], Array]"
"""The name of a metric, or a function of two (p, d) arrays that returns (p,) costs."""

HostArray: TypeAlias = npt.NDArray[Any]
"""A NumPy array, inside the door."""

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
