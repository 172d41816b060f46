"""Farkas pricing: arcs for a restricted problem that carries no plan.

A failed start names sources that hold more mass than the targets they reach can take. At prices
along their dual ray only pairs from these sources to other targets have a negative reduced cost, so
pricing at them finds the cheapest ways out. If it finds none at the highest prices that floating
point allows, there is none, and the ray proves that no plan exists over all pairs.

Invariant: each rescue adds a pair that leaves the starved set, or raises the prices for the last
time, so the number of rescues is finite.

Reference: Desaulniers, Desrosiers and Solomon 2005, Column Generation, section 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.errors import HallViolation

__all__ = ["Starved", "dual_ray"]

FIRST_PENALTY = 2.0**20
"""Prices over the largest cost so far: high enough, with digits left for the costs."""


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
        The price of the ray now, and the largest price there is.
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
        """With prices suited to costs of that size, in that element type."""
        largest = float(np.finfo(dtype).max) / 16
        penalty = min(FIRST_PENALTY * (largest_cost or 1.0), largest)
        return cls(violation, potentials, penalty, largest)

    def prices(self, n: int, m: int) -> tuple[HostArray, HostArray]:
        """Prices u (n,), v (m,) that make reduced costs negative only out of the starved set."""
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
        """The same at the highest prices; None if these are the highest."""
        return replace(self, penalty=self.largest) if self.penalty < self.largest else None


def dual_ray(violation: HallViolation, n: int, m: int) -> tuple[HostArray, HostArray]:
    """The ray (n,), (m,) of a violation: 1 on starved sources, −1 on what they reach, else 0."""
    u, v = np.zeros(n), np.zeros(m)
    u[violation.sources], v[violation.targets] = 1.0, -1.0
    return u, v
