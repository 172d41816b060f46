"""A problem whose basis is kept while arcs are added and dropped, for column generation."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_ot import _core
from sparse_ot._core import Fault, Masses
from sparse_ot._typing import HostArray
from sparse_ot.core.proofs import as_double
from sparse_ot.core.status import Status
from sparse_ot.errors import HallViolation

__all__ = ["LiveBasis"]


class LiveBasis:
    """A restricted problem whose basis is kept while arcs are added and dropped.

    Call `add`, then `start` or `start_from_plan`, then `run`, `add` and `shrink` in any order. The
    core holds the only list of the arcs, so the results of `arcs` and `flow` always agree.

    Parameters
    ----------
    masses : Masses, or ndarray (n,)
        The masses of both sides; or those of the sources, with the other two parameters.
    b : ndarray (m,), optional
    totals_tolerance : float
    """

    def __init__(
        self, masses: Masses | HostArray, b: HostArray | None = None, totals_tolerance: float = 0.0
    ) -> None:
        if not isinstance(masses, Masses):
            assert b is not None, "masses of the sources come with those of the targets"
            masses = Masses(as_double(masses), as_double(b), totals_tolerance)
        self._core = _core.LiveBasis(masses)

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the masses, or with the arcs and potentials given so far."""
        return self._core.fault

    @property
    def misfit(self) -> Fault | None:
        """A mass that the arcs so far cannot place, since it is too light next to the others.

        The potentials then are such that only pairs that lead out of the `starved` set have a
        negative reduced cost.
        """
        return self._core.misfit

    @property
    def pivots(self) -> int:
        """Pivots so far."""
        return self._core.pivots

    @property
    def size(self) -> int:
        """Number of arcs."""
        return self._core.size

    @property
    def stats(self) -> dict[str, Any]:
        """Counts of the core, by name."""
        return self._core.stats()

    def add(self, rows: HostArray, cols: HostArray, costs: HostArray) -> None:
        """Add arcs, (p,) each; an entry at the cost +inf is not an arc, but keeps its place."""
        rows, cols = (np.ascontiguousarray(x, np.int32) for x in (rows, cols))
        self._core.add_arcs(rows, cols, as_double(costs))

    def start(
        self, u: HostArray | None = None, v: HostArray | None = None, *, complete: bool = False
    ) -> bool:
        """Build the first basis, from potentials near the optimal ones if given.

        False if no plan exists on the arcs so far (see `starved`): add arcs and start again. If the
        arcs are `complete`, a part of the graph that no arc leaves may be off by rounding of sums.
        """
        if u is None or v is None:
            return self._core.start(None, None, complete)
        return self._core.start(as_double(u), as_double(v), complete)

    def start_from_plan(self, flow: HostArray, u: HostArray, v: HostArray) -> None:
        """Build the first basis from a feasible plan: an int64 flow in the integers of `Masses`."""
        self._core.start_from_plan(flow, as_double(u), as_double(v))

    def starved(self) -> HallViolation:
        """The sources that hold more than the targets they reach can take.

        After a failed start; after a misfit, without sources if the masses do not show it.
        """
        return HallViolation(*self._core.violation())

    def run(self, max_pivots: int, seconds: float) -> Status:
        """Pivot until OPTIMAL on the arcs so far, or a limit: PIVOT_LIMIT, TIME_LIMIT."""
        return Status.from_code(self._core.run(max_pivots, seconds))

    def shrink(self, most: int) -> None:
        """Drop all arcs but the `most` of least reduced cost, and the basic ones."""
        self._core.shrink(most)

    def arcs(self) -> tuple[HostArray, HostArray, HostArray]:
        """Rows, columns and costs of the arcs, in the order given."""
        return self._core.arcs()

    def value(self) -> float:
        """Cost of the plan."""
        return self._core.value()

    def flow(self) -> HostArray:
        """Mass on every arc, in the order of `arcs`; float64."""
        return self._core.flow()

    def demand(self) -> HostArray:
        """The masses of the targets that the flow meets: b, rescaled to the total of a. (m,)."""
        return self._core.demand()

    def potentials(self) -> tuple[HostArray, HostArray]:
        """The core's own u, v, not centred: float64 (n,), (m,)."""
        return self._core.potentials()
