"""Coarse levels of a cloud, and how a coarse plan is carried down to the next level.

A cloud is cut in two across its widest side, and each part is cut again, down to single points
(kernels/include/sparse_ot/geometry/hierarchy.hpp). This puts the points in an order in which the
groups of every depth are contiguous. A level is a depth, that is, a list of borders. The two clouds
of a problem are cut at random and independently; the essay of that header says why.

Plans are dealt out by the north-west rule: lay the masses sent along one line, and the masses
received along another of the same total length; a pair is in the plan where its two stretches
overlap. Cutting both lines at all borders of either does this for all groups at once, in integers,
without a loop.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sparse_ot._typing import Floats, Integers
from sparse_ot.core import sweeps as core_sweeps

__all__ = ["Groups", "Level", "Plan", "deal", "north_west"]


class Plan(NamedTuple):
    """Pairs and the mass between them."""

    rows: Integers
    cols: Integers
    flow: Integers

    def sorted(self) -> Plan:
        """By row, then column."""
        order = np.lexsort((self.cols, self.rows))
        return Plan(self.rows[order], self.cols[order], self.flow[order])

    def transposed(self) -> Plan:
        """With sources and targets exchanged."""
        return Plan(self.cols, self.rows, self.flow)


class Level(NamedTuple):
    """A cloud at one level.

    Attributes
    ----------
    points : ndarray of float64, (p, d)
        Means of the groups, weighted by mass.
    mass : ndarray of int64, (p,)
    borders : ndarray of int64, (p + 1,)
        Group g holds the points from ``borders[g]`` up to ``borders[g + 1]``, in the order of
        `Groups`.
    """

    points: Floats
    mass: Integers
    borders: Integers

    def groups_of(self, finer: Level) -> Integers:
        """The group on this level of every point of a finer one."""
        found: Integers = np.searchsorted(self.borders, finer.borders[:-1], side="right") - 1
        return found


class Groups(NamedTuple):
    """A cloud in the order of its groups.

    Attributes
    ----------
    order : ndarray of int64, (n,)
        The point at each place.
    depth : ndarray of uint8, (n,)
        Depth of the border before each place.
    points : ndarray of float64, (n, d)
    mass : ndarray of int64, (n,)
        In this order.
    """

    order: Integers
    depth: npt.NDArray[np.uint8]
    points: Floats
    mass: Integers

    @staticmethod
    def of(points: Floats, mass: Integers, seed: int) -> Groups:
        """Group points (n, d) with positive masses (n,)."""
        flat = np.ascontiguousarray(points).reshape(-1)
        order, depth = core_sweeps.group(flat, points.shape[1], seed)
        return Groups(order.astype(np.int64), depth, points[order], mass[order])

    def level(self, depth: int | None) -> Level:
        """The groups of a depth; the points themselves for None."""
        if depth is None:
            return Level(self.points, self.mass, np.arange(self.mass.size + 1))
        first = np.flatnonzero(self.depth <= depth)
        weights = self.mass / self.mass.max()  # at most 1, so that sums of large coordinates fit
        sums = np.add.reduceat(self.points * weights[:, None], first)
        return Level(
            sums / np.add.reduceat(weights, first)[:, None],
            np.add.reduceat(self.mass, first),
            np.append(first, self.mass.size),
        )

    def as_given(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values given in the order of the groups, returned in the order of the points as given."""
        out = np.empty_like(values)
        out[self.order] = values
        return out


def north_west(sent: Integers, taken: Integers) -> Plan:
    """The overlaps of two lines of mass of equal total: positions in both, and how much.

    Examples
    --------
    >>> import numpy as np
    >>> north_west(np.asarray([3, 1]), np.asarray([2, 2]))
    Plan(rows=array([0, 0, 1]), cols=array([0, 1, 1]), flow=array([2, 1, 1]))
    """
    ends_sent, ends_taken = np.cumsum(sent), np.cumsum(taken)
    cuts = np.union1d(ends_sent, ends_taken)
    flow = np.diff(cuts, prepend=0)
    rows = np.searchsorted(ends_sent, cuts - flow, side="right")
    cols = np.searchsorted(ends_taken, cuts - flow, side="right")
    return Plan(rows[flow > 0], cols[flow > 0], flow[flow > 0])


def deal(plan: Plan, sources: Integers, targets: Integers) -> Plan:
    """A plan between groups, dealt out among their members.

    Parameters
    ----------
    plan : Plan
        Between groups.
    sources, targets : ndarray of int64
        Masses of the members, group after group; sums over groups are the marginals of `plan`.

    Returns
    -------
    Plan
        Between members, sorted, with these masses as marginals.
    """
    by_row = plan.sorted()
    arc, source, flow = north_west(by_row.flow, sources)
    half = Plan(by_row.cols[arc], source, flow).sorted()
    arc, target, flow = north_west(half.flow, targets)
    return Plan(half.cols[arc], target, flow).sorted()
