"""What a solve returns: an object that is built once, complete, and never changed.

`Solution` holds the plan in the caller's own container, the potentials, a certificate, and
statistics. Read-only aliases give it the names of POT (`value_linear`, `potential_a`, `marginals`,
...) and of OTT-JAX (`matrix`, `primal_cost`, `f`, `g`, `apply`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparse_ot._contents import ByContents
from sparse_ot._messages import named
from sparse_ot._typing import Array, Sparse
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.status import Status

if TYPE_CHECKING:
    from sparse_ot.backends.protocol import Backend
    from sparse_ot.result.certificate import Certificate

__all__ = ["Solution", "SolveStats"]


@dataclass(frozen=True, eq=False)
class SolveStats(ByContents):
    """The work that a solve did; equal to another if all its numbers are.

    Attributes
    ----------
    pivots, degenerate_pivots : int
        Steps of the simplex, and the number of them that moved no mass.
    arcs : int
        Arcs that took part (forbidden pairs and padding do not count).
    rounds : int
        Restricted problems solved; 1 unless arcs were generated.
    seconds : dict of str to float
        Time by stage: "start" (feasibility and first basis) and "pivots"; where arcs are generated,
        "coarse to fine", "candidates", "simplex", "pricing" and "certificate".
    crossings : TransferLedger
        Copies between device and host, and their bytes.
    quantisation_error : float
        Largest error of a mass, relative to the total, in the integers that the simplex works with.
        The plan has the masses given.
    rescaling : float
        Largest relative change of a mass of b, from rescaling b to the total of a, and the masses
        of a part of the graph that no arc leaves to the supply of that part. 0 if they agreed.
    """

    pivots: Any = 0
    degenerate_pivots: Any = 0
    arcs: Any = 0
    rounds: Any = 1
    seconds: dict[str, Any] = field(default_factory=dict)
    crossings: TransferLedger = field(default_factory=TransferLedger)
    quantisation_error: Any = 0.0
    rescaling: Any = 0.0


@dataclass(frozen=True, eq=False)
class Solution:
    """An optimal transport plan with its proof.

    It can be copied and pickled if its arrays can. It holds arrays of the caller's library, and
    ``==`` does not look into them: a solution equals itself only. Compare `value`, `plan` or
    `certificate`.

    Attributes
    ----------
    status : Status
        Why the solve stopped. Under a JAX trace, its integer code instead.
    value : number
        Cost of the plan, in the caller's library, on its device: for NumPy a scalar, otherwise an
        array without dimensions.
    plan : array (n, m) or sparse container
        Mass from every source to every target: dense if the costs are a matrix, otherwise sparse,
        in the container and format of the costs if they have one.
    potentials : tuple of arrays (n,), (m,)
        Dual variables u, v: ``u[i] + v[j] <= cost[i, j]`` on every arc.
    certificate : Certificate
        Upper and lower bound, and how well all constraints hold.
    stats : SolveStats
        Pivots, arcs, seconds, crossings.

    Examples
    --------
    >>> import numpy as np, sparse_ot
    >>> s = sparse_ot.solve(np.array([[1.0, 2.0], [4.0, 1.0]]), [0.5, 0.5], [0.25, 0.75])
    >>> float(s.value), s.status.name
    (1.25, 'OPTIMAL')
    >>> s.apply(np.array([1.0, 0.0])).tolist()  # mass that reaches each target from source 0
    [0.25, 0.25]
    """

    status: Any
    value: Array
    plan: Any
    potentials: tuple[Array, Array]
    certificate: Certificate
    stats: SolveStats
    _backend: Backend = field(repr=False)

    @property
    def gap(self) -> Any:
        """Upper bound minus lower bound."""
        return self.certificate.gap

    @property
    def converged(self) -> Any:
        """Whether the plan is optimal (or within the tolerance asked for)."""
        if isinstance(self.status, Status):
            return self.status in (Status.OPTIMAL, Status.GAP_REACHED)
        return (self.status == Status.OPTIMAL.code) | (self.status == Status.GAP_REACHED.code)

    @property
    def marginals(self) -> tuple[Array, Array]:
        """Row and column sums of the plan: the masses sent and received."""
        return self._sum(1), self._sum(0)

    def apply(self, vec: Array, axis: int = 0) -> Array:
        """Transport a vector: ``plan.T @ vec`` for axis 0, ``plan @ vec`` for axis 1 (as OTT).

        Parameters
        ----------
        vec : array or nested list, (n,) or (n, p) for axis 0, (m,) or (m, p) for axis 1
        axis : {0, 1}

        Raises
        ------
        InputError
            Another axis.
        ShapeError, UnsupportedArrayError
            Not one number, or row of numbers, for every source (axis 0) or target (axis 1).
        """
        if axis not in (0, 1):
            msg = f"axis must be 0 (from the sources) or 1 (from the targets); found {axis!r}."
            raise InputError(msg)
        backend, ends = self._backend, self.potentials[axis]
        # A sum may be complex, though costs may not. A masked array is read for its mask.
        is_complex = "complex" in str(getattr(vec, "dtype", "")) and not hasattr(vec, "filled")
        if not (backend.is_sparse(vec) or is_complex):
            with named("vec"):
                vec = backend.asarray(vec, like=ends)
        count = ends.shape[0]
        if len(vec.shape) not in (1, 2) or vec.shape[0] != count:
            msg = f"vec has shape {tuple(vec.shape)}; axis {axis} needs ({count},) or ({count}, p)."
            raise ShapeError(msg)
        return (backend.transpose(self.plan) if axis == 0 else self.plan) @ vec

    def _sum(self, axis: int) -> Array:
        xp = self._backend.xp
        if not self._backend.is_sparse(self.plan):
            return xp.sum(self.plan, axis=axis)
        u, v = self.potentials
        return self.apply(xp.ones_like(v) if axis == 1 else xp.ones_like(u), axis)

    # Names that other libraries use for the same things.
    @property
    def sparse_plan(self) -> Sparse:
        """The plan, as POT names it for sparse costs."""
        return self.plan

    @property
    def matrix(self) -> Any:
        """The plan, as OTT names it."""
        return self.plan

    @property
    def value_linear(self) -> Array:
        """The value, as POT names it."""
        return self.value

    @property
    def primal_cost(self) -> Array:
        """The value, as OTT names it."""
        return self.value

    @property
    def dual_cost(self) -> Any:
        """The certified lower bound, as OTT names it."""
        return self.certificate.lower_bound

    @property
    def potential_a(self) -> Array:
        """Potentials of the sources, as POT names them."""
        return self.potentials[0]

    @property
    def potential_b(self) -> Array:
        """Potentials of the targets, as POT names them."""
        return self.potentials[1]

    @property
    def f(self) -> Array:
        """Potentials of the sources, as OTT names them."""
        return self.potentials[0]

    @property
    def g(self) -> Array:
        """Potentials of the targets, as OTT names them."""
        return self.potentials[1]

    @property
    def n_iters(self) -> Any:
        """Pivots of the simplex, as OTT names its iterations."""
        return self.stats.pivots
