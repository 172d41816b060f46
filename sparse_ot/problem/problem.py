"""The transportation problem as the solver wants it, and every complaint about the input.

Two kinds of checks, by where they can run. What an array *is* (library, shape, element type) is
known at once, also under a trace, and is checked here before anything crosses to the host. What
it *holds* (a NaN, a negative mass, unequal totals, a graph that cannot carry the masses) is found
by the compiled core and comes back as a code; `raise_for` turns it into an error that names the
place and the remedy. Under a trace the code itself is the answer, since data cannot raise there.

Invariant: a `Problem` is well formed. Below it nothing is checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from sparse_ot._typing import Array
from sparse_ot.backends.protocol import Backend
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import ShapeError, UnsupportedArrayError
from sparse_ot.masses import as_masses, totals_tolerance
from sparse_ot.problem.faults import Fault, raise_for

__all__ = ["Problem", "Words", "is_cost_model"]

Cost = SparseCost | DenseCost | PointCloudCost


@dataclass(frozen=True)
class Words:
    """How errors speak to a caller: of its own arguments only.

    Attributes
    ----------
    start : str
        The argument that holds potentials to start from.
    rescaling : str
        How to have b brought to the total of a, where the caller can.
    """

    start: str = "potentials_init"
    rescaling: str = ", or pass check_marginals=False to rescale b"


@dataclass(frozen=True)
class Problem:
    """Masses and a cost model of one backend, well formed.

    Attributes
    ----------
    a, b : arrays (n,), (m,)
        Masses, in the caller's library.
    cost : SparseCost, DenseCost or PointCloudCost
        Which arcs exist and what they cost.
    totals_tolerance : float
        Relative difference of the totals of a and b that passes as rounding.
    words : Words
        What the caller's arguments are called.
    """

    a: Array
    b: Array
    cost: Any
    totals_tolerance: float
    words: Words

    @property
    def backend(self) -> Backend:
        """The library of the arrays."""
        backend: Backend = self.cost.backend
        return backend

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        n, m = self.cost.shape
        return n, m

    @property
    def is_traced(self) -> bool:
        """Whether masses or costs have no values yet (JAX)."""
        arrays = (self.a, self.b, *getattr(self.cost, "__dict__", {}).values())
        return any(self.backend.is_traced(x) for x in arrays)

    @classmethod
    def parse(
        cls, M: Any, a: Any, b: Any, *, check_marginals: bool = True, words: Words | None = None
    ) -> Problem:
        """Check shapes and types of everything, and wrap `M` in its cost model."""
        if is_cost_model(M):
            _refuse_half_a_model(M)
            get_backend(a, b, M.like, names=("a", "b", "M"))
            cost: Any = M
        else:
            backend = get_backend(a, b, M, names=("a", "b", "M"))
            model = SparseCost if backend.is_sparse(M) else DenseCost
            try:
                cost = model(M, backend=backend)
            except (UnsupportedArrayError, ShapeError) as error:
                msg = f"M: {error}"
                raise type(error)(msg) from error
        n, m = cost.shape
        if n == 0 or m == 0:
            msg = (
                f"M has shape {(n, m)}: there is nothing to transport. "
                f"Give at least one source and one target."
            )
            raise ShapeError(msg)
        a = as_masses(cost.backend, a, n, "a", cost.like)
        b = as_masses(cost.backend, b, m, "b", cost.like)
        tolerance = totals_tolerance(a, b, check=check_marginals)
        return cls(a, b, cost, tolerance, words or Words())

    def raise_for(
        self, fault: Fault, arc_at: Callable[[int], tuple[int, int]] | None = None
    ) -> NoReturn:
        """Turn a fault of the numbers into the error that names it; see `faults.raise_for`."""
        raise_for(fault, self, arc_at)


def is_cost_model(M: Any) -> bool:
    """Whether `M` answers the questions of `sparse_ot.costs.CostModel`, whoever wrote it."""
    return all(hasattr(M, name) for name in ("candidate_arcs", "arc_costs", "price"))


def _refuse_half_a_model(M: Any) -> None:
    """Name what a cost model lacks before somebody asks for it."""
    missing = [
        name for name in ("shape", "backend", "scope", "like", "arc_at") if not hasattr(M, name)
    ]
    if missing:
        msg = (
            f"M is a cost model of the type {type(M).__name__} that lacks {', '.join(missing)}. "
            f"Expected everything that the protocol sparse_ot.costs.CostModel lists."
        )
        raise UnsupportedArrayError(msg)
