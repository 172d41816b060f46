"""The way out of a restricted problem that carries no plan: Farkas pricing.

A failed start names sources that hold more mass than all the targets they reach can take. Their
dual ray, plus nothing, is a set of prices at which only pairs from these sources to other targets
pay: pricing at them finds the cheapest ways out. If it finds none at the dearest prices that
floating point allows, there is none, and the ray proves that no plan exists over all pairs.

Invariant: each rescue adds a pair that leaves the starved set, so rescues are finitely many.

Reference: Desaulniers, Desrosiers and Solomon 2005, Column Generation, section 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.errors import HallViolation

__all__ = ["Starved", "dual_ray"]

FIRST_PENALTY = 2.0**20
"""Of prices, over the largest cost so far: dear enough, and with digits left for the costs."""


@dataclass(frozen=True)
class Starved:
    """The arcs so far carry no plan.

    Attributes
    ----------
    violation : HallViolation
        Sources that hold too much, and the targets they reach.
    potentials : (u, v), or ()
        To start from, once there is a way out.
    penalty, largest : float
        What a way out may cost, and what it may cost at most.
    """

    violation: HallViolation
    potentials: tuple[HostArray, ...]
    penalty: float
    largest: float

    @classmethod
    def at(
        cls,
        violation: HallViolation,
        potentials: tuple[HostArray, ...],
        *,
        largest_cost: float,
        dtype: str,
    ) -> Starved:
        """With prices for costs of that size, in that element type."""
        largest = float(np.finfo(dtype).max) / 16
        penalty = min(FIRST_PENALTY * (largest_cost or 1.0), largest)
        return cls(violation, potentials, penalty, largest)

    def prices(self, n: int, m: int) -> tuple[HostArray, HostArray]:
        """Prices u (n,), v (m,) at which only pairs out of the starved set pay."""
        u, v = np.full(n, -2.0 * self.penalty), np.zeros(m)
        u[self.violation.sources] = self.penalty / 2
        v[self.violation.targets] = -self.penalty
        return u, v

    def leads_out(
        self, rows: HostArray, cols: HostArray, costs: HostArray, n: int, m: int
    ) -> HostArray:
        """Which of the pairs leave the starved set."""
        inside, reached = np.zeros(n, bool), np.zeros(m, bool)
        inside[self.violation.sources] = True
        reached[self.violation.targets] = True
        found: HostArray = inside[rows] & ~reached[cols] & (costs < np.inf)
        return found

    def dearer(self) -> Starved | None:
        """The same at the dearest prices; None if these were they."""
        return replace(self, penalty=self.largest) if self.penalty < self.largest else None


def dual_ray(violation: HallViolation, n: int, m: int) -> tuple[HostArray, HostArray]:
    """The ray (n,), (m,) of a violation: 1 on starved sources, −1 on what they reach, else 0."""
    u, v = np.zeros(n), np.zeros(m)
    u[violation.sources], v[violation.targets] = 1.0, -1.0
    return u, v
