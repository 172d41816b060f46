"""Costs that lack an offset for each source and target: the same problem, and back.

Integers that floats do not hold are kept less r[i] and c[j] (`sparse_ot.costs.large_integers`). A
solve of those costs finds the same plans. Its potentials lack r and c, and its value and bounds
lack ``<r, a> + <c, b>``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sparse_ot._typing import Array, HostArray
from sparse_ot.backends.generic.arrays import dtype_name
from sparse_ot.backends.protocol import ArraySpec
from sparse_ot.core import Progress
from sparse_ot.costs.large_integers import Offsets
from sparse_ot.problem.problem import Problem
from sparse_ot.result.certificate import rounding_of_bounds
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution

__all__ = ["OffsetCosts"]


class OffsetCosts:
    """The offsets of one problem, and what they add to its value and potentials.

    Parameters
    ----------
    problem : Problem
    offsets : Offsets
        Of its cost model.
    center : bool
        Whether potentials are to satisfy ``<u, a> == <v, b>``.
    """

    def __init__(self, problem: Problem, offsets: Offsets, *, center: bool) -> None:
        self._problem, self._offsets = problem, offsets
        (n, m), dtype = problem.shape, dtype_name(problem.cost.like.dtype)
        number = ArraySpec((), "float64", on_host=True)
        self._u, self._v, self._value, self._bound, self._rounding = problem.backend.host_call(
            _Additions(center),
            *(problem.a, problem.b, *offsets),
            out=(*(ArraySpec(s, dtype) for s in ((n,), (m,), ())), number, number),
            ledger=TransferLedger(),
        )

    def start(self, start: tuple[Array, Array] | None) -> tuple[Array, Array] | None:
        """Potentials to start from, less the offsets."""
        if start is None:
            return None
        (u, v), (r, c) = start, self._offsets
        return u - r, v - c

    def progress(self, progress: Progress | None) -> Progress | None:
        """A receiver that is told the values of the problem as given."""
        if progress is None:
            return None
        return lambda pivots, seconds, value: progress(pivots, seconds, value + float(self._bound))

    def restored(self, solution: Solution) -> Solution:
        """The solution of the problem as given.

        If there is no plan, the potentials are a dual ray, which offsets do not change.
        """
        problem, (u, v), proof = self._problem, solution.potentials, solution.certificate
        backend, none = problem.backend, problem.backend.xp.isnan(solution.value)
        constant = (self._offsets.of_rows, self._offsets.of_rows)  # no costs that could vary
        more = backend.envelope(self._value, constant, (self._u, problem.a), (self._v, problem.b))
        return replace(
            solution,
            value=solution.value + more,
            potentials=tuple(
                x + backend.xp.where(none, 0.0 * added, added)
                for x, added in ((u, self._u), (v, self._v))
            ),
            certificate=replace(
                proof,
                value=proof.value + self._bound,
                lower_bound=proof.lower_bound + self._bound,
                rounding=proof.rounding + self._rounding,
            ),
        )


@dataclass(frozen=True)
class _Additions:
    """The host function that finds what offsets add; called with a (n,), b (m,), r (n,), c (m,)."""

    center: bool

    def __call__(self, *arrays: HostArray) -> tuple[HostArray, ...]:
        """Additions to u, to v, and to the value (twice); and the rounding of the bounds."""
        a, b, r, c = (np.asarray(x, np.longdouble) for x in arrays)
        with np.errstate(all="ignore"):  # the solve finds masses that are none
            total = a.sum()
            b = b * (total / b.sum())
            of_rows, of_cols = (r * a).sum(), (c * b).sum()
            shift = (of_rows - of_cols) / (2 * total) if self.center else 0.0
            rounding = rounding_of_bounds(*(x.astype(np.float64) for x in (a, r, b, c)))
            additions = (r - shift, c + shift, of_rows + of_cols, of_rows + of_cols, rounding)
            return tuple(np.asarray(x, np.float64) for x in additions)
