"""The compiled core, as kernels/src/bindings.cpp offers it.

Arrays are contiguous and float64, one-dimensional unless it says otherwise, indices int32 or int64,
both of one kind; anything else is a TypeError. Every function releases the GIL.
"""

from enum import Enum
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
    def start_from_entries(self, entries: Integers, plan: Integers, u: Doubles, v: Doubles) -> bool:
        """Start a matrix from a plan on some of its entries, in the integers of `quantise`.

        False, and nothing has happened, if it does not fit the masses or uses a forbidden pair.
        """
    def support(self) -> tuple[Integers, Doubles]:
        """Places, among the arcs given, of those that carry mass, and how much."""
    def shrink(self, most: int) -> None:
        """Drop all arcs but the `most` of least reduced cost, and the basic ones."""
    def arcs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Doubles]:
        """Rows, columns and costs of the arcs, in the order given."""
    def value(self) -> float:
        """Cost of the plan."""
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
def solve_arcs(
    a: Doubles,
    b: Doubles,
    rows: Indices,
    cols: Indices,
    costs: Doubles,
    u: Doubles | None,
    v: Doubles | None,
    center: bool,
    max_pivots: int,
    seconds: float,
    totals_tolerance: float,
) -> tuple[Doubles, Doubles, Doubles, Doubles, Integers]: ...
def solve_matrix(
    a: Doubles,
    b: Doubles,
    matrix: Doubles,
    u: Doubles | None,
    v: Doubles | None,
    center: bool,
    max_pivots: int,
    seconds: float,
    totals_tolerance: float,
) -> tuple[Doubles, Doubles, Doubles, Doubles, Integers]: ...
def modest_potentials(
    rows: Indices, cols: Indices, costs: Doubles, flow: Doubles, n: int, m: int
) -> tuple[Doubles, Doubles] | None: ...
def modest_potentials_of_matrix(
    matrix: Doubles, flow: Doubles, n: int, m: int
) -> tuple[Doubles, Doubles] | None: ...
def certify_matrix(
    a: Doubles,
    b: Doubles,
    matrix: Doubles,
    entries: Integers,
    flow: Doubles,
    u: Doubles,
    v: Doubles,
) -> tuple[float, float, float, float]:
    """Of a plan on a few entries of a matrix, named by their places in it."""

class DomainSweeps:
    """A plan between clouds, improved cell by cell (kernels, sweeps/sweeps.hpp)."""

    def __init__(
        self,
        x: Doubles,
        y: Doubles,
        d: int,
        metric: Metric,
        p: float,
        rows: Integers,
        cols: Integers,
        flow: Integers,
        u: Doubles,
        v: Doubles,
    ) -> None:
        """Points flat, row by row; the plan sorted by row."""
    def cut(self, most: int, seed: int, patience: int) -> None:
        """Begin a sweep over cells of at most so many sources, priced so often inside."""
    def run(self, threads: int, seconds: float, patience_seconds: float) -> bool:
        """Solve cells until all are done and in place (True), or the time is up.

        A cell that was begun is ended, unless it takes until `patience_seconds`.
        """
    @property
    def settled(self) -> bool:
        """Whether no pair inside any cell of the last sweep would still improve that cell."""
    def plan(self) -> tuple[Integers, Integers, Integers]: ...
    def potentials(self) -> tuple[Doubles, Doubles]: ...

def group(x: Doubles, d: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """A cloud in an order of groups (kernels, geometry/hierarchy.hpp); depths of the borders."""

class Metric(Enum):
    """The metrics of the core, as its own list names them (kernels, geometry/metrics.hpp)."""

    sqeuclidean = ...
    euclidean = ...
    cityblock = ...
    chebyshev = ...
    half_sqeuclidean = ...
    """1 - cos, of unit vectors."""
    minkowski = ...
    """With the parameter p, finite and at least 1; the others take no notice of theirs."""

class NearestIndex:
    """Targets prepared for searches: `query` finds what `nearest` does, any number of times."""

    def __init__(self, y: Doubles, metric: Metric, p: float = 1.0, threads: int = 0) -> None: ...
    def query(
        self,
        x: Doubles,
        k: int,
        offset: Doubles | None = None,
        loose: bool = False,
        threads: int = 0,
    ) -> tuple[Integers, Doubles, Doubles, int]:
        """Indices and costs, the minimum of every row, and how many groups were looked at."""
    @property
    def count(self) -> int: ...
    @property
    def dimension(self) -> int: ...

def nearest(
    x: Doubles,
    y: Doubles,
    k: int,
    metric: Metric,
    p: float = 1.0,
    offset: Doubles | None = None,
    loose: bool = False,
    threads: int = 0,
) -> tuple[Integers, Doubles]:
    """The k targets of least ``cost(x_i, y_j) + offset[j]`` of every source.

    Exactly, or, where ties are `loose`, up to 8 + d ulps of cost and offset.

    Points are (n, d) and (m, d). Indices and costs (n, k) ascend by (cost + offset, index); costs
    leave the offset out. Places beyond the number of targets hold −1 and +inf.
    """

def pair_costs(
    x: Doubles, y: Doubles, rows: Integers, cols: Integers, metric: Metric, p: float = 1.0
) -> Doubles:
    """Costs of listed pairs, to the last bit as `nearest` has them."""

def hilbert_order(points: Doubles) -> NDArray[np.int32]:
    """Points (n, d) in the order of a Hilbert curve (kernels, geometry/curve.hpp)."""

host_functions: dict[str, Any]
"""Python functions that XLA may call, by name; see kernels/src/xla_callback.cpp."""

def xla_ffi_targets() -> dict[str, Any]:
    """Capsules with the foreign functions for XLA's CPU platform, by name."""
