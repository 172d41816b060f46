"""What a solver may ask about costs: the protocol that every cost model answers.

Nobody above this folder looks at what kind of model it has. Whatever solvers, checks and messages
need to know about costs is a question here, so a model that wraps another (other costs on the same
points, pairs taken away, a reservoir added) can be one file: it answers for itself or passes the
question on, and keeps the start, the precision, the plan and the words of the model inside.

*Eight answers make a model*: `shape`, `backend`, `scope`, `like`, `arc_at`, `candidate_arcs`,
`arc_costs` and `price`. An object that has these can be solved, whatever its class
(`sparse_ot.costs.custom` completes it). The other questions have answers that always serve; a class
that derives from `CostModel` gives better ones where it has them.

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
        Differentiable in the inputs where the library differentiates; +inf is no arc.
    ends : (rows, cols), arrays of int (p,), or ()
        Sources and targets; nothing where every pair is an arc.
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
    """What a solver may ask about costs; see the module docstring for which answers are needed.

    Arrays are those of `backend`, beside `like`: rows and cols are integer arrays (p,), costs
    float32 or float64 (p,), potentials u (n,) and v (m,) floats. A cost of +inf forbids a pair; NaN
    and −inf are faults, which the solver finds and `bad_cost` words.

    Attributes
    ----------
    shape : tuple of int
        Numbers of sources and targets.
    backend : Backend
        The library of all arrays that come and go.
    scope : str
        "arcs" if the arcs listed are all there are, "dense" if every pair is one. Bounds and
        certificates speak of that set.
    like : array
        Of the library, dtype and device that results are to have.
    """

    shape: tuple[int, int]
    backend: Backend
    scope: str

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
            How many for each source and for each target; no more than there are.
        potentials : (u, v), optional
            Near the optimal ones: arcs of small reduced cost are the promising ones then.

        Returns
        -------
        Arcs
            A pair may be listed twice. They need not carry a plan.
        """

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, (p,), differentiable in the inputs where the library does.

        +inf for a pair that is no arc.
        """

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Missing arcs, and exact row minima: the question that the proof is built on.

        Parameters
        ----------
        u : array, (n,)
        v : array, (m,)
        per_point : int
            Most arcs to list for a source, at least 1.

        Returns
        -------
        Pricing
            Arcs with negative ``cost − u[row] − v[col]``, the least of each source among them; and
            `row_minima` (n,), ``min_j cost(i, j) − v[j]`` over *all* arcs of source i, +inf if it
            has none. A minimum must not be too large; too small by a rounding only costs gap.
        """

    # -- questions with an answer that always serves -------------------------------------------

    def listed(self, *, must: bool = False) -> Listed | None:
        """All arcs at once, for one call of the simplex; None where asking for arcs is better.

        Parameters
        ----------
        must : bool
            Nothing has a value yet (a JAX trace), so which arcs are missing cannot be asked: list
            them all if that is possible at all.
        """
        return None

    def detached(self) -> CostModel:
        """The same costs to look at: without derivatives, in the precision that pricing needs.

        Equal up to rounding; the same object where there is nothing to change.
        """
        return self

    def points(self) -> Points | None:
        """Points whose distances the costs are, for starts from coarse to fine; or None.

        All pairs must be allowed. Coordinates that lie on the host must be finite. The costs may
        differ from the distances by rounding, or by constants of each source and target: a start
        forgives that.
        """
        return None

    def arrays(self) -> tuple[Array, ...]:
        """What costs are computed from: asked whether it has values yet."""
        return (self.like,)

    def plan(self, flow: Array) -> Array | Sparse:
        """Flow on the arcs of `listed`, (p,) in their order, in the container of a plan."""
        msg = f"{type(self).__name__} lists no arcs, so there is no flow on them."
        raise NotImplementedError(msg)

    def plan_on(self, rows: Array, cols: Array, flow: Array) -> Array | Sparse:
        """Flow on a few pairs, (p,) each and no pair twice, in the container of a plan."""
        return self.backend.cost_container(CooParts(rows, cols, flow, self.shape))

    def no_plan(self) -> Array | Sparse:
        """What stands in for a plan where there is none: NaN for every source, at least."""
        xp, (n, m) = self.backend.xp, self.shape
        device = device_of(self.like)
        rows = xp.arange(n, dtype=index_dtype(xp, device), device=device)
        nothing = xp.full((n,), float("nan"), dtype=self.like.dtype, device=device)
        return self.plan_on(rows, rows % m, nothing)

    def search_bytes(self) -> float:
        """Memory that `candidate_arcs` and `price` take for themselves while they work."""
        return 0.0

    def advice(self, violation: HallViolation) -> str:
        """A sentence: how the starved sources could be given more arcs."""
        return "Allow these sources more pairs: a cost of +inf forbids one."

    def bad_cost(self, row: int, col: int, found: str) -> str:
        """Sentences: a cost is "nan" or "-inf", what was expected, and where to look."""
        return (
            f"The cost M has at ({row}, {col}) is {found}: the cost of an arc must be a number. "
            f"Use +inf for a forbidden pair."
        )


def missing_answers(model: object) -> list[str]:
    """What an object lacks of a cost model."""
    return [name for name in REQUIRED if not hasattr(model, name)]
