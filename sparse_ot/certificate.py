"""What an answer proves about itself.

A plan that sends every mass is an upper bound of the optimum; potentials that no arc violates
are a lower bound. Where the two meet, the answer is optimal, and nobody has to trust the solver
to believe it. The numbers here are computed from the caller's own masses and costs and from the
plan and potentials as handed out, by code that shares nothing with the solver
(kernels/include/sparse_ot/certificate.hpp): compensated sums, one pass over the arcs.

The lower bound does not assume that the potentials are feasible. From v alone it takes
``u'[i] = min over arcs (i, j) of cost - v[j]``, the largest u that v allows; (u', v) is feasible
by construction, so its dual value is a bound whatever happened before.

Reference: Peyré and Cuturi 2019, Computational Optimal Transport, section 3.2 (c-transforms,
Prop. 3.1) and section 2.5 (the dual).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Certificate"]

SINGLE_RTOL = 2.0**-21  # two roundings of float32, and room for two more


@dataclass(frozen=True)
class Certificate:
    """Bounds on the optimum, and how well plan and potentials obey their constraints.

    Attributes
    ----------
    value : float
        ``sum cost * flow`` of the plan: an upper bound, in units of cost times mass.
    lower_bound : float
        Dual value of the potentials after they were made feasible.
    worst_reduced_cost : float
        ``min over arcs of cost - u - v``; 0 or a rounding error below it at the optimum.
    worst_marginal_error : float
        Largest difference, over all nodes, between the mass asked for and the mass sent.
    scope : {"arcs", "dense"}
        Which problem the bounds speak of: the arcs given, or every pair of source and target.
    total_mass : float
        What there is to move: the measure of a marginal error.

    Examples
    --------
    >>> import sparse_ot
    >>> c = sparse_ot.solve([[0.0, 1.0], [1.0, 0.0]]).certificate
    >>> c.value, c.lower_bound, c.scope, c.holds()
    (0.0, 0.0, 'dense', True)
    """

    value: Any
    lower_bound: Any
    worst_reduced_cost: Any
    worst_marginal_error: Any
    scope: str
    total_mass: Any = 1.0

    @property
    def gap(self) -> Any:
        """Upper bound minus lower bound; 0 up to rounding at the optimum."""
        return self.value - self.lower_bound

    def holds(self, rtol: float = 1e-9) -> bool:
        """Whether the bounds meet and the plan has the marginals asked for, up to `rtol`.

        Marginal errors are relative to the total mass. The scale of the gap is the value itself,
        which may cancel where costs have both signs; a zero value asks for a zero gap up to `rtol`
        in absolute terms. Bounds in single precision (under a JAX trace without x64) are compared
        as exactly as it allows.
        """
        if "float32" in str(getattr(self.value, "dtype", "")):
            rtol = max(rtol, SINGLE_RTOL)
        scale = max(abs(self.value), abs(self.lower_bound))
        meet = abs(self.gap) <= rtol * (scale or 1.0)
        return bool(meet and self.worst_marginal_error <= rtol * self.total_mass)
