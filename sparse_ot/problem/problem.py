"""The transportation problem as the solver needs it, and the checks of the input.

There are two kinds of checks, by where they can run. What an array *is* (library, shape, element
type) is known at once, also under a trace; the cost models and `masses` check it when a `Problem`
is made, before any array crosses to the host. What an array *holds* (a NaN, a negative mass,
unequal totals, a graph that cannot carry the masses) is found by the compiled core and comes back
as a code; `raise_for` turns the code into an error that names the place and the remedy. Under a
trace the code itself is the answer, since nothing can be raised there.

Invariant: a `Problem` is well formed. Solvers do not check its shapes and types again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from sparse_ot._typing import Array
from sparse_ot.backends.protocol import Backend
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.custom import as_cost_model, is_cost_model
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.model import CostModel
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import ShapeError
from sparse_ot.masses import as_masses, totals_tolerance
from sparse_ot.problem.faults import Fault, raise_for

__all__ = ["Problem", "Words", "parse_cost"]


@dataclass(frozen=True)
class Words:
    """The names of a caller's own arguments, for error messages.

    Attributes
    ----------
    costs : str
        The argument that costs come from.
    start : str
        The argument that holds potentials to start from.
    start_is : str
        What that argument may be.
    rescaling : str
        How the caller can have b rescaled to the total of a, if at all.
    """

    costs: str = "M"
    start: str = "potentials_init"
    start_is: str = "a pair of arrays (u, v), as Solution.potentials is"
    rescaling: str = ", or pass check_marginals=False to rescale b"


WORDS = Words()


@dataclass(frozen=True, eq=False)
class Problem:
    """Masses and a cost model of one backend, well formed.

    Attributes
    ----------
    a, b : arrays (n,), (m,)
        Masses, in the caller's library.
    cost : CostModel
        Which arcs exist and what they cost.
    totals_tolerance : float
        Relative difference of the totals of a and b that passes as rounding.
    words : Words
        What the caller's arguments are called.
    """

    a: Array
    b: Array
    cost: CostModel
    totals_tolerance: float
    words: Words

    @property
    def backend(self) -> Backend:
        """The library of the arrays."""
        return self.cost.backend

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.cost.shape

    @property
    def is_traced(self) -> bool:
        """Whether masses or costs have no values yet (JAX)."""
        arrays = (self.a, self.b, *self.cost.arrays())
        return any(self.backend.is_traced(x) for x in arrays)

    @classmethod
    def parse(
        cls, M: Any, a: Any, b: Any, *, check_marginals: bool = True, words: Words = WORDS
    ) -> Problem:
        """Check shapes and types of all arguments, and find the cost model of `M`."""
        return cls.of(parse_cost(M, a, b), a, b, check_marginals=check_marginals, words=words)

    @classmethod
    def of(
        cls,
        cost: CostModel,
        a: Any,
        b: Any,
        *,
        check_marginals: bool = True,
        words: Words = WORDS,
    ) -> Problem:
        """Check masses for a cost model from `parse_cost`, which may serve many problems."""
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
        return cls(a, b, cost, tolerance, words)

    def raise_for(
        self, fault: Fault, arc_at: Callable[[int], tuple[int, int]] | None = None
    ) -> NoReturn:
        """Turn a fault of the numbers into the error that names it; see `faults.raise_for`."""
        raise_for(fault, self, arc_at)


def parse_cost(M: Any, a: Any, b: Any) -> CostModel:
    """The cost model of `M`, which may be a cost model, a sparse container, or a matrix.

    Parameters
    ----------
    M : cost model, sparse container, array or nested list
    a, b : arrays, nested lists, or None
        Used only to find the library, which an `M` given as nested lists takes from them.

    Raises
    ------
    MixedBackendsError
        Costs and masses of two libraries.
    ShapeError, UnsupportedArrayError
        `M` does not hold costs.
    InputError
        An integer in `M` that floats do not hold.
    """
    names = ("a", "b", "M")
    if is_cost_model(M):
        cost = as_cost_model(M)
        get_backend(a, b, cost.like, names=names)
        return cost
    backend = get_backend(a, b, M, names=names)
    kind = SparseCost if backend.is_sparse(M) else DenseCost
    return kind(M, backend=backend, may_offset=True)
