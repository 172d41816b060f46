"""Lower bounds of a solve over all pairs, and the masses that they are computed with.

Given v, the largest feasible potentials of the sources are the row minima of ``cost − v`` over all
pairs, which pricing finds anyway. Together with v they give a lower bound. The bound may fall from
one round to the next, so the best one is kept, with the potentials that prove it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.core import gauge

__all__ = ["Balanced", "Bounds"]


@dataclass(frozen=True)
class Balanced:
    """Sound masses in float64: a (n,), b (m,), and b rescaled to the total of a."""

    a: HostArray
    b: HostArray
    b_scaled: HostArray
    total: float

    @classmethod
    def of(cls, a: HostArray, b: HostArray) -> Balanced:
        """From masses that the core has found sound."""
        total_a, total_b = math.fsum(a), math.fsum(b)
        return cls(a, b, b if total_a == total_b else b * (total_a / total_b), total_a)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return self.a.size, self.b.size

    def rescaling(self, met: HostArray) -> float:
        """The largest relative change of b to the demands (m,) that a plan meets."""
        positive = self.b > 0
        return float(np.abs(met[positive] / self.b[positive] - 1.0).max(initial=0.0))

    def shift(self, u: HostArray, v: HostArray) -> float:
        """The constant to add to u, and subtract from v, for ``<u, a> == <v, b>``."""
        return gauge(self.a, self.b_scaled, u, v)


class Bounds:
    """The best lower bound so far.

    Attributes
    ----------
    lower : float
        −inf before the first one.
    potentials : (u, v)
        Feasible for all pairs; they prove `lower`.
    """

    def __init__(self, masses: Balanced) -> None:
        self._masses = masses
        self.potentials = np.zeros(masses.a.size), np.zeros(masses.b.size)
        self.lower = -math.inf

    @property
    def known(self) -> bool:
        """Whether there is a bound yet."""
        return self.lower > -math.inf

    def tighten(self, minima: HostArray, u: HostArray, v: HostArray) -> None:
        """Keep the row minima (n,) of a pricing at (u, v), if their bound is the best so far."""
        # A source whose pairs are all forbidden has no mass, so any potential is valid for it.
        minima = np.where(np.isfinite(minima), minima, u)
        lower = float(self._masses.a @ minima + self._masses.b_scaled @ v)
        if lower > self.lower:
            self.potentials = minima, v
            self.lower = lower  # last, since Ctrl-C may come between the two

    def centred(self) -> tuple[HostArray, HostArray]:
        """The potentials, shifted to ``<u, a> == <v, b>`` unless that holds up to rounding."""
        u, v = self.potentials
        shift = self._masses.shift(u, v)
        if abs(shift) > 1e-12 * max(np.abs(u).max(), np.abs(v).max()):
            return u + shift, v - shift
        return u, v
