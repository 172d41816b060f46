"""What does moving mass cost, and which arcs exist?

Three cost models answer the same three questions: which arcs to begin with, what given arcs cost,
and which arcs would still improve a solution.

- `SparseCost`: explicit arcs; the graph is what the user says it is.
- `DenseCost`: a matrix of all pairs, which stays on its device.
- `PointCloudCost`: points and a metric; all pairs, and never a matrix.

`graph` assembles sparse costs for users.
"""

from __future__ import annotations

from typing import Protocol

from sparse_ot._typing import Array
from sparse_ot.backends.protocol import Backend, Pricing
from sparse_ot.costs.arc_lists import Arcs

__all__ = ["Arcs", "CostModel"]


class CostModel(Protocol):
    """What a solver may ask about costs.

    Attributes
    ----------
    shape : tuple of int
        Numbers of sources and targets.
    backend : Backend
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
        """Source and target of an arc, for messages."""

    def candidate_arcs(self, per_point: int, potentials: tuple[Array, Array] | None = None) -> Arcs:
        """Arcs of a first restricted problem: `per_point` promising ones for each point."""

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, differentiable in the inputs where the library does."""

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Up to `per_point` arcs a source with negative reduced cost, and exact row minima."""
