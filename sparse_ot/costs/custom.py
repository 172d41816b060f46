"""Completes a user's own cost model: questions that it does not answer are answered here.

Such an object has the eight members of `CostModel` that are required (`model.REQUIRED`), and may
lack the others. A class that derives from `CostModel` has them all, and is used as it is.
"""

from __future__ import annotations

from typing import Any

from sparse_ot._typing import Array
from sparse_ot.backends.protocol import Pricing
from sparse_ot.costs.model import Arcs, CostModel, missing_answers
from sparse_ot.errors import UnsupportedArrayError

__all__ = ["CustomCost", "as_cost_model", "is_cost_model"]


class CustomCost(CostModel):
    """A user's model: its answers are passed on, and the protocol's defaults fill in the others.

    Parameters
    ----------
    model : object
        Has everything in `sparse_ot.costs.model.REQUIRED`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        n, m = model.shape
        self.shape = (int(n), int(m))
        self.backend = model.backend
        self.scope = model.scope

    @property
    def like(self) -> Array:
        """An array of the library, dtype and device that results are to have."""
        return self._model.like

    def arc_at(self, index: int) -> tuple[int, int]:
        """Source and target of an arc, for messages."""
        row, col = self._model.arc_at(index)
        return row, col

    def candidate_arcs(self, per_point: int, potentials: tuple[Array, Array] | None = None) -> Arcs:
        """Arcs of a first restricted problem, as the model chooses them."""
        arcs: Arcs = self._model.candidate_arcs(per_point, potentials)
        return arcs

    def arc_costs(self, rows: Array, cols: Array) -> Array:
        """Costs of the listed pairs, (p,)."""
        return self._model.arc_costs(rows, cols)

    def price(self, u: Array, v: Array, per_point: int) -> Pricing:
        """Missing arcs and exact row minima, as the model finds them."""
        pricing: Pricing = self._model.price(u, v, per_point)
        return pricing

    def arrays(self) -> tuple[Array, ...]:
        """All attributes of the object, since it does not say which of them are arrays."""
        return (self.like, *getattr(self._model, "__dict__", {}).values())


def is_cost_model(M: object) -> bool:
    """Whether `M` is meant as a cost model: it has the three main methods.

    Examples
    --------
    >>> from sparse_ot import DenseCost
    >>> is_cost_model(DenseCost([[1.0]])), is_cost_model([[1.0]])
    (True, False)
    """
    return hasattr(M, "candidate_arcs") and hasattr(M, "arc_costs") and hasattr(M, "price")


def as_cost_model(M: Any) -> CostModel:
    """`M`, completed if it does not derive from `CostModel`.

    Raises
    ------
    UnsupportedArrayError
        An incomplete model; the message names what it lacks.
    """
    if missing := missing_answers(M):
        msg = (
            f"M is a cost model of the type {type(M).__name__} that lacks {', '.join(missing)}. "
            f"Expected everything that the protocol sparse_ot.costs.CostModel asks for."
        )
        raise UnsupportedArrayError(msg)
    if CostModel in type(M).__mro__:
        model: CostModel = M
        return model
    return CustomCost(M)
