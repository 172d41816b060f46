"""What a solve reports while it runs: after every round, and several times a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["NOBODY", "Round", "Watch", "relative_gap"]


@dataclass(frozen=True)
class Round:
    """Where a solve stands after a round: what its `progress` function receives.

    Attributes
    ----------
    number : int
        Rounds of pricing so far, from 1.
    upper : float
        Cost of the feasible plan at hand.
    lower : float
        Best lower bound so far.
    arcs : int
        Arcs on which the plan was found, before some are dropped and those of this round added.
    added : int
        Missing arcs that pricing found, and that are now added.
    pivots : int
        Pivots so far.
    seconds : float
        Time since the start.
    """

    number: int
    upper: float
    lower: float
    arcs: int
    added: int
    pivots: int
    seconds: float

    @property
    def gap(self) -> float:
        """Relative distance of the bounds."""
        return relative_gap(self.upper, self.lower)

    def __str__(self) -> str:
        return (
            f"round {self.number:>3}  upper {self.upper:.9e}  lower {self.lower:.9e}  "
            f"gap {max(self.gap, 0.0):.1e}  arcs {self.arcs:,} (+{self.added:,})  "
            f"{self.seconds:.1f} s"
        )


@dataclass(frozen=True)
class Watch:
    """The functions that receive the progress of a solve over all pairs.

    Attributes
    ----------
    on_round : callable, optional
        Receives a `Round` after each pricing.
    on_slice : callable, optional
        Receives ``(pivots, seconds, value)``, several times a second in the simplex.
    """

    on_round: Callable[[Round], None] | None = None
    on_slice: Callable[[int, float, float], None] | None = None


NOBODY = Watch()


def relative_gap(upper: float, lower: float) -> float:
    """``(upper − lower)`` over the larger of the two in magnitude; 0 where both are 0.

    Examples
    --------
    >>> relative_gap(2.0, 1.5), relative_gap(0.0, 0.0)
    (0.25, 0.0)
    """
    scale = max(abs(upper), abs(lower))
    return (upper - lower) / scale if scale > 0 else 0.0
