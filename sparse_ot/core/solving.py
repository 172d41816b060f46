"""One problem from numbers to proof: the compiled solve, typed.

The core runs in slices of a fraction of a second with the GIL released. Between slices Python
checks for Ctrl-C and calls `progress`; an exception from either ends the solve and is raised.

Failure is data. An infeasible problem returns a dual ray in place of potentials (1 on the starved
sources, −1 on the targets they reach), a faulty one has its fault in the report. In both cases the
value and the plan are NaN, so that no plausible number can leak out of a trace.
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
    """The results of a solve.

    Attributes
    ----------
    flow : ndarray of float64, (p,)
        Mass on every arc given; for a matrix, on its entries row by row.
    u, v : ndarray of float64, (n,) and (m,)
        Potentials.
    numbers, codes : ndarray of float64 and int64
        See `Report.read`.
    violation : HallViolation or None
        The proof that there is no plan, if there is none.
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

    An entry at the cost +inf, or with an index out of range, is not an arc, but keeps its place.
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
    """Solve on all entries of a matrix (n, m), from potentials u, v or from a plan if given.

    A plan is a pair: places in the flat matrix, and their flow in the integers of `masses`; its
    potentials are in `start`. If the plan does not fit, both are ignored.
    """
    flat = as_double(matrix).reshape(-1)
    return _answer(_core.solve_matrix(masses, flat, _doubles(start), plan, settings, progress))


def _doubles(start: Pair | None) -> Pair | None:
    return None if start is None else (as_double(start[0]), as_double(start[1]))


def _answer(found: tuple[Any, ...]) -> Answer:
    flow, u, v, numbers, codes, violation = found
    proof = None if violation is None else HallViolation(*violation)
    return Answer(flow, u, v, numbers, codes, proof)
