"""The compiled core, as kernels/bindings/python defines it; used through `sparse_ot.core`.

Arrays are contiguous and float64, one-dimensional unless stated otherwise. Indices are int32 or
int64, rows and columns alike; anything else is a TypeError. Long computations release the GIL.
"""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Indices = NDArray[np.int32] | NDArray[np.int64]

REDUCED_COST_ULPS: float
"""A reduced cost is negative below minus this share of ``|cost| + |u| + |v|`` (base/duals.hpp)."""

SLICE_SECONDS: float
"""How long the core works before Python checks for Ctrl-C."""

REPORT_NUMBERS: tuple[str, ...]
REPORT_CODES: tuple[str, ...]
"""Names of the entries of the two vectors of a report (solve/report.hpp)."""

class StatusCode(IntEnum):
    """Why a solve stopped, as a number."""

    OPTIMAL = 0
    PIVOT_LIMIT = 1
    TIME_LIMIT = 2
    INFEASIBLE = 3
    INVALID = 4
    GAP_REACHED = 5
    INTERRUPTED = 6
    MEMORY_LIMIT = 7

class FaultKind(IntEnum):
    """What can be wrong with the numbers of a problem."""

    NONE = 0
    NON_FINITE_SUPPLY = 1
    NON_FINITE_DEMAND = 2
    NEGATIVE_SUPPLY = 3
    NEGATIVE_DEMAND = 4
    UNEQUAL_TOTALS = 5
    ZERO_TOTAL = 6
    NAN_COST = 7
    MINUS_INFINITE_COST = 8
    NON_FINITE_U = 9
    NON_FINITE_V = 10
    LIGHT_SUPPLY = 11
    LIGHT_DEMAND = 12
    COST_TOO_LARGE = 13

class Fault:
    """The first fault met in the numbers of a problem."""

    def __init__(self, kind: FaultKind, index: int, value: float, other: float) -> None: ...
    @property
    def kind(self) -> FaultKind: ...
    @property
    def index(self) -> int:
        """Index of a mass, of a potential, or of an arc as given; −1 if there is none."""
    @property
    def value(self) -> float:
        """The value found there, or the total of a where totals are at fault."""
    @property
    def other(self) -> float:
        """The total that the value is held against: of b, or of all masses."""

class Masses:
    """Masses of sources and targets, and the integers made of them (base/masses.hpp).

    The integers are those of a plan to start from. They are perturbed where there is room, so that
    no two sums of masses are equal; a solve rounds the perturbation away.
    """

    def __init__(self, a: Doubles, b: Doubles, totals_tolerance: float) -> None: ...
    @property
    def fault(self) -> Fault | None: ...
    @property
    def supply(self) -> Integers: ...
    @property
    def demand(self) -> Integers: ...
    @property
    def unit(self) -> float:
        """Mass of one integer."""

class LiveBasis:
    """A problem on some arcs, and its basis once it has started (solve/instance.hpp, basis.hpp)."""

    def __init__(self, masses: Masses) -> None: ...
    def add_arcs(self, rows: Indices, cols: Indices, costs: Doubles) -> None: ...
    def start(self, u: Doubles | None, v: Doubles | None, complete: bool) -> bool:
        """Build the first basis, from potentials if given. If False, see `fault`, `violation`."""
    def start_from_plan(self, plan: Integers, u: Doubles, v: Doubles) -> None:
        """Start from a plan in the integers of the masses: a flow for every arc given."""
    def run(self, max_pivots: int, seconds: float) -> StatusCode: ...
    def shrink(self, most: int) -> None:
        """Drop all arcs but the `most` of least reduced cost, and the basic ones."""
    def arcs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Doubles]:
        """Rows, columns and costs of the arcs, in the order given."""
    def value(self) -> float:
        """Cost of the plan."""
    def flow(self) -> Doubles: ...
    def demand(self) -> Doubles:
        """The masses of the targets that the flow meets."""
    def potentials(self) -> tuple[Doubles, Doubles]: ...
    def violation(self) -> tuple[Integers, Integers, float, float]:
        """After a start without a plan, or a misfit: sources, targets, supply, demand."""
    def stats(self) -> dict[str, Any]: ...
    @property
    def fault(self) -> Fault | None: ...
    @property
    def misfit(self) -> Fault | None: ...
    @property
    def pivots(self) -> int: ...
    @property
    def size(self) -> int:
        """Number of arcs."""

class SolveSettings:
    """Limits of a solve, and the shift of its potentials (solve/solve.hpp)."""

    def __init__(self, center: bool, max_pivots: int, seconds: float, elapsed: float) -> None:
        """Negative `max_pivots` means no limit; `elapsed` seconds have been used already."""

def solve_arcs(
    masses: Masses,
    rows: Indices,
    cols: Indices,
    costs: Doubles,
    start: tuple[Doubles, Doubles] | None,
    settings: SolveSettings,
    progress: Callable[[int, float, float], None] | None,
) -> tuple[Any, ...]:
    """Flow, u, v, the report's numbers and codes, and the Hall violation or None."""

def solve_matrix(
    masses: Masses,
    matrix: Doubles,
    start: tuple[Doubles, Doubles] | None,
    plan: tuple[Integers, Integers] | None,
    settings: SolveSettings,
    progress: Callable[[int, float, float], None] | None,
) -> tuple[Any, ...]:
    """The same on all entries of a matrix, from a plan (entries, flow) if one is given and fits."""

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
def gauge(a: Doubles, b: Doubles, u: Doubles, v: Doubles) -> float:
    """The constant c that makes <u + c, a> equal <v - c, b>."""

def rounding(a: Doubles, u: Doubles, b: Doubles, v: Doubles) -> float:
    """How far apart bounds may lie because the potentials were rounded (proof/rounding.hpp)."""

class DomainSweeps:
    """A plan between clouds, improved cell by cell (sweeps/sweeps.hpp)."""

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
        """Points are flat, row by row; the plan is sorted by row."""
    def cut(self, most: int, seed: int, patience: int) -> None:
        """Begin a sweep over cells of at most `most` sources, priced up to `patience` times."""
    def run(self, threads: int, seconds: float, patience_seconds: float) -> bool:
        """Solve cells until all are done and in place (True), or until `seconds` have passed.

        A cell that has begun is finished, unless that takes longer than `patience_seconds`.
        """
    @property
    def settled(self) -> bool:
        """Whether no pair inside any cell of the last sweep would still improve that cell."""
    def plan(self) -> tuple[Integers, Integers, Integers]: ...
    def potentials(self) -> tuple[Doubles, Doubles]: ...

def group(x: Doubles, d: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """A cloud in an order of groups (geometry/hierarchy.hpp), and the depth of every border."""

class Metric(Enum):
    """The metrics of the core, named as in its own list (geometry/metrics.hpp)."""

    sqeuclidean = 0
    euclidean = 1
    cityblock = 2
    chebyshev = 3
    half_sqeuclidean = 4
    """1 - cos, of unit vectors."""
    minkowski = 5
    """With the parameter p, finite and at least 1; the other metrics ignore p."""

class NearestIndex:
    """Targets prepared for repeated searches; `query` returns what `nearest` does, and more."""

    def __init__(self, y: Doubles, metric: Metric, p: float = 1.0, threads: int = 0) -> None: ...
    def query(
        self,
        x: Doubles,
        k: int,
        offset: Doubles | None = None,
        loose: bool = False,
        threads: int = 0,
    ) -> tuple[Integers, Doubles, Doubles, int]:
        """Indices and costs, the minimum of every row, and the number of groups visited."""
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

    Exact, or with `loose` ties up to 8 + d ulps of cost and offset.

    Points are (n, d) and (m, d). Indices and costs (n, k) ascend by (cost + offset, index); costs
    leave the offset out. Places beyond the number of targets hold −1 and +inf.
    """

def pair_costs(
    x: Doubles, y: Doubles, rows: Integers, cols: Integers, metric: Metric, p: float = 1.0
) -> Doubles:
    """Costs of listed pairs, equal to those of `nearest` to the last bit."""

def hilbert_order(points: Doubles) -> NDArray[np.int32]:
    """The order of points (n, d) along a Hilbert curve (geometry/curve.hpp)."""

host_functions: dict[str, Any]
"""Python functions that XLA may call, by name; see kernels/bindings/xla/callback.cpp."""

def xla_ffi_targets() -> dict[str, Any]:
    """Capsules with the foreign functions for XLA's CPU platform, by name."""
