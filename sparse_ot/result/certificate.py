"""The certificate of an answer: its own proof of optimality.

The cost of a plan that sends every mass is an upper bound of the optimum; the dual value of
potentials that no arc violates is a lower bound. Where the two meet, the answer is optimal, and
this can be verified without trusting the solver. The numbers here are computed from the caller's
own masses and costs and from the plan and potentials as returned, by code apart from the simplex
(kernels/include/sparse_ot/proof/certificate.hpp): compensated sums, one pass over the arcs.

The lower bound does not assume that the potentials are feasible. From v alone it takes
``u'[i] = min over arcs (i, j) of cost - v[j]``, the largest u that v allows. (u', v) is feasible by
construction, so its dual value is a bound whatever happened before.

Reference: Peyré and Cuturi 2019, Computational Optimal Transport, section 3.2 (c-transforms,
Prop. 3.1) and section 2.5 (the dual).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sparse_ot._contents import ByContents
from sparse_ot.core import REDUCED_COST_ULPS, rounding

__all__ = ["RESOLUTION", "RESOLUTION_SINGLE", "Certificate", "rounding_of_bounds"]

RESOLUTION, RESOLUTION_SINGLE = REDUCED_COST_ULPS, 4 * 2.0**-23
"""Relative resolution of a sum of potentials. In double precision a reduced cost must be negative
by more than this for the solvers to act on it; in single precision it is two roundings of each
potential, and room for two more."""


@dataclass(frozen=True, eq=False)
class Certificate(ByContents):
    """Bounds on the optimum, and how well plan and potentials satisfy their constraints.

    Two certificates are equal if their numbers are.

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
        Which problem the bounds cover: the arcs given, or every pair of source and target.
    total_mass : float
        Mass to move, to which a marginal error is compared.
    rounding : float
        How far apart the bounds of an optimum may lie because potentials were rounded, see
        `rounding_of_bounds`. The gap is compared to it where the value is nearly 0, or cancels.

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
    rounding: Any = 0.0

    @property
    def gap(self) -> Any:
        """Upper bound minus lower bound; 0 up to rounding at the optimum."""
        return self.value - self.lower_bound

    def holds(self, rtol: float = 1e-9) -> bool:
        """Whether the bounds meet and the plan has the marginals asked for, up to `rtol`.

        Marginal errors are relative to the total mass, the gap to the value. A gap within
        `rounding` counts as none, however small the value: between a cloud and itself the value is
        0, and the lower bound is a sum of potentials, maybe large, that cancel to the last digit.
        """
        value = max(abs(self.value), abs(self.lower_bound))
        meet = abs(self.gap) <= max(rtol * value, self.rounding) < math.inf
        return bool(meet and self.worst_marginal_error <= rtol * self.total_mass)


def rounding_of_bounds(a: Any, u: Any, b: Any, v: Any, *, single: bool = False) -> float:
    """The gap that rounding alone can cause: a small part of ``sum a |u| + sum b |v|``.

    A solver stops when no reduced cost ``cost - u - v`` is below ``-64 eps (|cost| + |u| + |v|)``;
    with the masses as weights these tolerances add up to the largest remaining gap. Costs are left
    out, because they are ``u + v`` where mass moves.

    Parameters
    ----------
    a, u : ndarray (n,)
        Masses and potentials of the sources.
    b, v : ndarray (m,)
        Masses and potentials of the targets.
    single : bool
        Whether the potentials or the bounds went through single precision.

    Examples
    --------
    >>> import numpy as np
    >>> rounding_of_bounds(np.ones(2), np.ones(2), np.ones(2), -np.ones(2)) == 2**-44
    True
    """
    measured = rounding(a, u, b, v)
    return measured * (RESOLUTION_SINGLE / RESOLUTION) if single else measured
