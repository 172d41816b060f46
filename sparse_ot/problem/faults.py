"""What the compiled core finds wrong with the numbers of a problem."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fault"]


@dataclass(frozen=True)
class Fault:
    """What the core found wrong with the numbers (types.hpp, FaultKind), and where."""

    kind: int
    index: int
    value: float
    other: float
