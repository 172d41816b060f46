"""The outcome of a step on the host, which decides the next step: the legal order of calls.

A host function of column generation returns its arrays and one of these records. Only the arrays
cross; the record is passed as it is, and holds what the next step needs. So no step can be taken
too early: a `Solved` exists only once the restricted problem is solved.

    open ─► Opened ─ begin ─► Ready ─ run ─► Solved ─ advance ─► Stopped
                        │      ▲ ▲             ▲  │ └──────────► StartOver ─ begin_again ─► Ready
                        ▼      │ │             └──┘
                     Starved ──┘ └ rescue
                        │
                        └ rescue ─► Infeasible

`open` is `restricted_problem.open_problem`. A step may also end in `Bad`: numbers that form no
problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sparse_ot._typing import HostArray
from sparse_ot.errors import HallViolation
from sparse_ot.problem.faults import Fault
from sparse_ot.result.status import Status
from sparse_ot.solvers.column_generation.farkas import Starved

__all__ = [
    "Bad",
    "BadMinimum",
    "BadNumber",
    "BadPoint",
    "Event",
    "Infeasible",
    "Ready",
    "Solved",
    "StartOver",
    "Starved",
    "Stopped",
]


@dataclass(frozen=True)
class Ready:
    """There is a basis: a plan that the simplex can improve."""


@dataclass(frozen=True)
class Infeasible:
    """No pair leads out of the sources of `violation`: there is no plan at all."""

    violation: HallViolation


@dataclass(frozen=True)
class Solved:
    """The restricted problem is solved, or was stopped short, and pairs can be priced.

    Attributes
    ----------
    own : (u, v)
        The simplex's own potentials, with which entering arcs are tested.
    given : (u, v)
        The potentials passed out for pricing, rounded as on the device: the bound is theirs.
    """

    own: tuple[HostArray, HostArray]
    given: tuple[HostArray, HostArray]


@dataclass(frozen=True)
class StartOver:
    """The first lower bound shows that the first plan was poor."""


@dataclass(frozen=True)
class Stopped:
    """The end: a plan and a bound exist.

    Attributes
    ----------
    status : Status
        Why the solve stopped.
    used : int
        Arcs that carry flow.
    """

    status: Status
    used: int


@dataclass(frozen=True)
class BadPoint:
    """A point that is not finite: its cloud ("X" or "Y"), its place there, and its coordinates."""

    cloud: str
    place: int
    coordinates: list[float]


@dataclass(frozen=True)
class BadMinimum:
    """A source whose row minimum is NaN."""

    source: int


@dataclass(frozen=True)
class BadNumber:
    """A mass, cost or potential that the core refuses.

    Attributes
    ----------
    fault : Fault
    arc_at : callable
        Source and target of an arc by its index in the fault.
    """

    fault: Fault
    arc_at: Callable[[int], tuple[int, int]]


Bad: TypeAlias = BadPoint | BadMinimum | BadNumber
Event: TypeAlias = Ready | Starved | Infeasible | Solved | StartOver | Stopped | Bad
