"""The choice of arcs to add among those that pricing found: the ones that would improve the plan.

The test is the simplex's own rule,

    (cost − u[row]) − v[col] < −64 ε slack (|cost| + |u[row]| + |v[col]|),

with the simplex's own potentials, in its own order of operations
(kernels/include/sparse_ot/base/duals.hpp). The simplex stops when no arc of its own passes this
test, so an arc that passes it is new to the problem, unless its cost now differs in the last digit.
If no arc is new, the simplex makes no pivot. Then `slack` doubles until the test fails.
"""

from __future__ import annotations

import numpy as np

from sparse_ot._typing import HostArray
from sparse_ot.core import REDUCED_COST_ULPS

__all__ = ["REDUCED_COST_ULPS", "Priced"]


class Priced:
    """Arcs that pricing found, with their reduced costs at the simplex's own potentials."""

    def __init__(
        self, rows: HostArray, cols: HostArray, costs: HostArray, u: HostArray, v: HostArray
    ) -> None:
        listed = costs < np.inf
        self.rows, self.cols, self.costs = rows[listed], cols[listed], costs[listed]
        of_row, of_col = u[self.rows], v[self.cols]
        self._reduced = (self.costs - of_row) - of_col
        self._scale = np.abs(self.costs) + np.abs(of_row) + np.abs(of_col)

    def violated(self, slack: float) -> HostArray:
        """Places of the arcs that would improve the plan."""
        return np.flatnonzero(self._reduced < -slack * REDUCED_COST_ULPS * self._scale)

    def most_negative(self, places: HostArray, count: int) -> HostArray:
        """The `count` places of least reduced cost, in order of place."""
        best = np.argpartition(self._reduced[places], count)[:count]
        return np.sort(places[best])
