"""The compiled core, as kernels/src/bindings.cpp offers it.

Arrays are contiguous, one-dimensional and float64, indices int32 or int64, both of one kind;
anything else is a TypeError. Every function releases the GIL.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Indices = NDArray[np.int32] | NDArray[np.int64]

class Transport:
    def __init__(self, a: Doubles, b: Doubles, totals_tolerance: float) -> None: ...
    def add_arcs(self, rows: Indices, cols: Indices, costs: Doubles) -> None: ...
    def add_matrix(self, costs: Doubles) -> None: ...
    @property
    def fault(self) -> tuple[int, int, float, float]: ...
    @property
    def pivots(self) -> int: ...
    def start(self, u: Doubles | None, v: Doubles | None) -> bool: ...
    def start_from_plan(self, plan: Integers, u: Doubles, v: Doubles) -> None:
        """Start from any plan feasible for the integers of `quantise`, a flow an arc given."""
    def run(self, max_pivots: int, seconds: float) -> int: ...
    def flow(self) -> Doubles: ...
    def plan(self) -> Integers:
        """The flow in integers; after `start_from_plan`, in those of `quantise`."""
    def potentials(self) -> tuple[Doubles, Doubles]: ...
    def hall(self) -> tuple[Integers, Integers, float, float]: ...
    def stats(self) -> dict[str, Any]: ...

def quantise(
    a: Doubles, b: Doubles, totals_tolerance: float
) -> tuple[Integers, Integers, float, tuple[int, int, float, float]]:
    """Supply and demand in integers of equal totals, the mass of one, and the fault if any.

    Perturbed where there is room, so that no two sums of masses are equal: `Transport` rounds it
    away in `flow`.
    """

def certify(
    a: Doubles,
    b: Doubles,
    rows: Indices,
    cols: Indices,
    costs: Doubles,
    flow: Doubles,
    u: Doubles,
    v: Doubles,
) -> tuple[float, float, float, float]: ...
def certify_matrix(
    a: Doubles, b: Doubles, matrix: Doubles, flow: Doubles, u: Doubles, v: Doubles
) -> tuple[float, float, float, float]: ...

host_functions: dict[str, Any]
"""Python functions that XLA may call, by name; see kernels/src/xla_callback.cpp."""

def xla_ffi_targets() -> dict[str, Any]:
    """Capsules with the foreign functions for XLA's CPU platform, by name."""
