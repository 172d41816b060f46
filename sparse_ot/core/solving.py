"""One problem from numbers to proof: the compiled solve, typed.

The core runs in slices of a fraction of a second with the GIL released. Between slices Python sees
Ctrl-C, and `progress` is called; whatever either raises ends the solve and comes out of it.

Failure is data. An infeasible problem comes back with a dual ray in place of potentials (1 on the
starved sources, −1 on all the targets they reach), a faulty one with its fault in the report; the
value and the plan are NaN in both, so that no plausible number can leak out of a trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sparse_ot import _core
from sparse_ot._core import Masses, SolveSettings
from sparse_ot._typing import HostArray
from sparse_ot.core.proofs import as_double
from sparse_ot.errors import HallViolation

__all__ = ["Answer", "Progress", "solve_arcs", "solve_matrix"]

Pair: TypeAlias = tuple[HostArray, HostArray]

Progress: TypeAlias = Callable[[int, float, float], None]
"""Called with pivots, seconds, and the cost of the plan; several times a second, and at the end."""


class Answer(NamedTuple):
    """What comes out of a solve.

    Attributes
    ----------
    flow : ndarray of float64, (p,)
        Mass on every arc given, row by row if they are a matrix.
    u, v : ndarray of float64, (n,) and (m,)
        Potentials.
    numbers, codes : ndarray of float64 and int64
        See `Report.read`.
    violation : HallViolation or None
        Why there is no plan.
    """

    flow: HostArray
    u: HostArray
    v: HostArray
    numbers: HostArray
    codes: HostArray
    violation: HallViolation | None


def solve_arcs(
    masses: Masses,
    rows: HostArray,
    cols: HostArray,
    costs: HostArray,
    *,
    settings: SolveSettings,
    start: Pair | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Solve on listed arcs, from potentials u, v if given.

    A cost of +inf, or an index out of range, keeps its place in the list and is no arc.
    """
    narrow = rows.dtype == np.int32 and cols.dtype == np.int32
    index: Any = np.int32 if narrow else np.int64
    rows, cols = np.ascontiguousarray(rows, index), np.ascontiguousarray(cols, index)
    return _answer(
        _core.solve_arcs(masses, rows, cols, as_double(costs), _doubles(start), settings, progress)
    )


def solve_matrix(
    masses: Masses,
    matrix: HostArray,
    *,
    settings: SolveSettings,
    start: Pair | None = None,
    plan: Pair | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Solve on all entries of a matrix (n, m), from potentials u, v if given.

    Or from a plan, entries as places in the flat matrix and their flow in the integers of `masses`,
    with its potentials in `start`. A plan that does not fit is as if neither had been given.
    """
    flat = as_double(matrix).reshape(-1)
    return _answer(_core.solve_matrix(masses, flat, _doubles(start), plan, settings, progress))


def _doubles(start: Pair | None) -> Pair | None:
    return None if start is None else (as_double(start[0]), as_double(start[1]))


def _answer(found: tuple[Any, ...]) -> Answer:
    flow, u, v, numbers, codes, violation = found
    proof = None if violation is None else HallViolation(*violation)
    return Answer(flow, u, v, numbers, codes, proof)
