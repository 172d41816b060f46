"""The questions that a solver may ask about costs: the protocol of every cost model.

No code above this folder tests the kind of a cost model. All that solvers, checks and messages need
to know about costs is a question here. So a model that wraps another (other costs on the same
points, pairs removed, a reservoir added) can be one file: it answers for itself or passes the
question on, and keeps the start, the precision, the plan and the messages of the model inside.

*Eight members are required*: `shape`, `backend`, `scope`, `like`, `arc_at`, `candidate_arcs`,
`arc_costs` and `price`. An object that has these can be solved, whatever its class
(`sparse_ot.costs.custom` completes it). The other questions have default answers that are always
valid; a class that derives from `CostModel` overrides them where it has better ones.

Invariant, on which the proof of optimality rests: `price` reports the least ``cost − v`` of every
source exactly, over all pairs that are not forbidden.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple, Protocol

from sparse_ot._typing import Array, Sparse
from sparse_ot.backends.generic.arrays import device_of, index_dtype
from sparse_ot.backends.protocol import Backend, CooParts, Pricing
from sparse_ot.costs.arc_lists import Arcs
from sparse_ot.costs.large_integers import Offsets
from sparse_ot.errors import HallViolation
from sparse_ot.metrics import GroundMetric

__all__ = ["REQUIRED", "Arcs", "CostModel", "Listed", "Points", "missing_answers"]

REQUIRED = (
    "shape",
    "backend",
    "scope",
    "like",
    "arc_at",
    "candidate_arcs",
    "arc_costs",
    "price",
)
"""What an object must have to be a cost model."""


class Listed(NamedTuple):
    """All arcs of a model, as arrays for one call of the simplex.

    Attributes
    ----------
    costs : array (p,), or (n, m) where every pair is an arc
        Differentiable in the inputs where the library differentiates; +inf forbids a pair.
    ends : (rows, cols), arrays of int (p,), or ()
        Sources and targets; empty where every pair is an arc.
    """

    costs: Array
    ends: tuple[Array, ...] = ()

    @property
    def is_matrix(self) -> bool:
        """Whether every pair is an arc."""
        return not self.ends

    @property
    def size(self) -> int:
        """Number of arcs, forbidden ones included: the length of a flow on them."""
        return prod(self.costs.shape)


class Points(NamedTuple):
    """Two clouds between which costs are distances: x (n, d), y (m, d), and the metric."""

    x: Array
    y: Array
    metric: GroundMetric


class CostModel(Protocol):
    """The questions that a solver may ask about costs; see the module docstring.

    Arrays are of `backend`, on the device of `like`: rows and cols are integer arrays (p,), costs
    float32 or float64 (p,), potentials u (n,) and v (m,) floats. A cost of +inf forbids a pair; NaN
    and −inf are faults, which the solver finds and `bad_cost` describes.

    Attributes
    ----------
    shape : tuple of int
        Numbers of sources and targets.
    backend : Backend
        The library of all arrays that come and go.
    scope : str
        "arcs" if only the listed arcs exist, "dense" if every pair is an arc. Bounds and
        certificates cover that set.
    like : array
        An array of the library, dtype and device that results are to have.
    offsets : (r, c), or None
        Arrays (n,) and (m,) that `solve` has to add to the potentials, because they were taken off
        the costs (`sparse_ot.costs.large_integers`). None unless a model is made with `may_offset`.
    """

    shape: tuple[int, int]
    backend: Backend
    scope: str
    offsets: Offsets | None = None

    @property
    def like(self) -> Array:
        """An array of the library, dtype and device that results are to have."""

    def arc_at(self, index: int) -> tuple[int, int]:
        """Source and target of the arc with this place in `listed`, for messages."""

    def candidate_arcs(self, per_point: int, potentials: tuple[Array, Array] | None = None) -> Arcs:
        """Arcs of a first restricted problem: promising ones for each point.

        Parameters
        ----------
        per_point : int
            How many for each source and for each target, at most; fewer where there are fewer.
        potentials : (u, v), optional
            Potentials near the optimal ones: then arcs of small reduced cost are promising.

        Returns
        -------
        Arcs
            A pair may be listed twice. They need not carry a plan.
        """

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, (p,), differentiable in the inputs where the library does.

        +inf for a pair that is not an arc.
        """

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Missing arcs, and exact row minima: the question that the proof rests on.

        Parameters
        ----------
        u : array, (n,)
        v : array, (m,)
        per_point : int
            Maximum of arcs to list per source, at least 1.

        Returns
        -------
        Pricing
            Arcs with negative ``cost − u[row] − v[col]``, the least of each source among them; and
            `row_minima` (n,), ``min_j cost(i, j) − v[j]`` over *all* arcs of source i, +inf if it
            has none. A minimum must not be too large; one too small by rounding only widens the
            gap.
        """

    # -- questions with a default answer -------------------------------------------------------

    def listed(self, *, must: bool = False) -> Listed | None:
        """All arcs at once, for one call of the simplex; None where pricing is better.

        Parameters
        ----------
        must : bool
            The arrays have no values yet (a JAX trace), so missing arcs cannot be priced: list all
            arcs if that is possible.
        """
        return None

    def detached(self) -> CostModel:
        """The same costs without derivatives, in the precision that pricing needs.

        Equal up to rounding; the same object if nothing has to change.
        """
        return self

    def points(self) -> Points | None:
        """Points whose distances the costs are, for coarse-to-fine starts; or None.

        All pairs must be allowed. Coordinates on the host must be finite. The costs may differ from
        the distances by rounding, or by a constant per source and per target: a start tolerates
        that.
        """
        return None

    def arrays(self) -> tuple[Array, ...]:
        """The arrays that costs are computed from, to find out whether they have values yet."""
        return (self.like,)

    def plan(self, flow: Array) -> Array | Sparse:
        """Flow on the arcs of `listed`, (p,) in their order, in the container of a plan."""
        msg = f"{type(self).__name__} lists no arcs, so there is no flow on them."
        raise NotImplementedError(msg)

    def plan_on(self, rows: Array, cols: Array, flow: Array) -> Array | Sparse:
        """Flow on a few pairs, (p,) each and no pair twice, in the container of a plan."""
        return self.backend.cost_container(CooParts(rows, cols, flow, self.shape))

    def no_plan(self) -> Array | Sparse:
        """The plan of a problem that has none: NaN in at least one entry of every source."""
        xp, (n, m) = self.backend.xp, self.shape
        device = device_of(self.like)
        rows = xp.arange(n, dtype=index_dtype(xp, device), device=device)
        nothing = xp.full((n,), float("nan"), dtype=self.like.dtype, device=device)
        return self.plan_on(rows, rows % m, nothing)

    def search_bytes(self) -> float:
        """Bytes of memory that `candidate_arcs` and `price` use while they run."""
        return 0.0

    def advice(self, violation: HallViolation) -> str:
        """A sentence that says how to give the starved sources more arcs."""
        return "Allow these sources more pairs: a cost of +inf forbids one."

    def bad_cost(self, row: int, col: int, found: str) -> str:
        """The message for a cost that is "nan" or "-inf": what was expected, and where to look."""
        return (
            f"The cost M has at ({row}, {col}) is {found}: the cost of an arc must be a number. "
            f"Use +inf for a forbidden pair."
        )


def missing_answers(model: object) -> list[str]:
    """The names that an object lacks to be a cost model."""
    return [name for name in REQUIRED if not hasattr(model, name)]
