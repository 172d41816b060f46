"""Arcs and masses in, plan and potentials out: the one caller of the compiled core.

`NetworkSimplex` is a host function: it holds NumPy arrays only and is handed to
`Backend.host_call`, the one door between device and host. Its results have shapes that are known
before the call, as compiled array programs need: a flow for every arc given, a potential for
every node, the value, and two short vectors of numbers and codes (`Report`).

Failure is data here. An infeasible problem comes back with a dual ray in place of potentials
(see `problem.hall_violation`), a faulty one with the fault; the value and the plan are NaN in both,
so that no plausible number can leak out of a trace.

The core runs in slices of a fraction of a second with the GIL released. Between slices Python
sees Ctrl-C, reports progress, and stops at the time limit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sparse_ot import _core
from sparse_ot.backends.protocol import ArraySpec
from sparse_ot.errors import HallViolation
from sparse_ot.problem.faults import Fault
from sparse_ot.result.status import Status
from sparse_ot.solvers.starts.matrix_plan import start_behind

__all__ = ["LiveBasis", "NetworkSimplex", "Progress", "Report", "as_double", "certify", "gauge"]

Progress: TypeAlias = Callable[[int, float, float], None]
HostArray: TypeAlias = npt.NDArray[Any]

SLICE_SECONDS = 0.1
SMALL_ARCS = 20_000  # a few milliseconds at most: calls and clocks would be much of the time
N_NUMBERS = 9
N_CODES = 7


@dataclass(frozen=True)
class Report:
    """What the host says about a solve, beside plan and potentials."""

    status: Any
    fault: Fault | None
    lower_bound: Any
    worst_reduced_cost: Any
    worst_marginal_error: Any
    quantisation_error: Any
    value: Any
    total_mass: Any
    pivots: Any
    degenerate_pivots: Any
    arcs: Any
    seconds: dict[str, Any]

    @classmethod
    def read(cls, numbers: Any, codes: Any) -> Report:
        """Name the entries of the two vectors; under a trace they stay traced."""
        concrete = isinstance(codes, np.ndarray)
        fault = None
        if concrete and codes[1] != 0:
            fault = Fault(int(codes[1]), int(codes[2]), float(numbers[4]), float(numbers[5]))
        x, k = (numbers.tolist(), codes.tolist()) if concrete else (numbers, codes)
        return cls(
            status=Status.from_code(int(codes[0])) if concrete else codes[0],
            fault=fault,
            value=x[0],
            lower_bound=x[1],
            worst_reduced_cost=x[2],
            worst_marginal_error=x[3],
            total_mass=x[4],
            quantisation_error=x[6],
            seconds={"start": x[7], "pivots": x[8]},
            pivots=k[3],
            degenerate_pivots=k[4],
            arcs=k[5],
        )


@dataclass(frozen=True)
class NetworkSimplex:
    """One cold or warm solve on explicit arcs, or on all entries of a matrix.

    Call with ``(a, b, rows, cols, costs)``, or ``(a, b, matrix)`` where `dense`; a warm start adds
    potentials ``u, v`` at the end.

    Attributes
    ----------
    dense : bool
        Whether costs come as a matrix (every pair an arc) or as arcs.
    center : bool
        Shift the potentials so that ``<u, a> == <v, b>``, as POT does.
    max_pivots : int or None
    seconds : float
        Time limit, infinite if there is none.
    totals_tolerance : float
    progress : callable or None
        Called several times a second, and at the end, with pivots, seconds, current value.
    """

    dense: bool = False
    center: bool = True
    max_pivots: int | None = None
    seconds: float = math.inf
    totals_tolerance: float = 1e-6
    progress: Progress | None = None

    @property
    def foreign_name(self) -> str | None:
        """Compiled code that does the same; none where Python is to see the progress."""
        return "sparse_ot_network_simplex" if self.progress is None else None

    def foreign_attributes(self) -> dict[str, Any]:
        """The same settings for compiled callers, which see neither slices nor progress."""
        return {
            "dense": np.int64(self.dense),
            "center": np.int64(self.center),
            "max_pivots": np.int64(-1 if self.max_pivots is None else self.max_pivots),
            "seconds": np.float64(self.seconds),
            "totals_tolerance": np.float64(self.totals_tolerance),
        }

    @staticmethod
    def outputs(n: int, m: int, n_arcs: int, dtype: str) -> tuple[ArraySpec, ...]:
        """Specs of flow, u, v, value, numbers, codes."""
        return (
            ArraySpec((n_arcs,), dtype),
            ArraySpec((n,), dtype),
            ArraySpec((m,), dtype),
            ArraySpec((), dtype),
            ArraySpec((N_NUMBERS,), "float64", on_host=True),
            ArraySpec((N_CODES,), "int64", on_host=True),
        )

    def __call__(self, *arrays: HostArray) -> tuple[HostArray, ...]:
        begin = time.perf_counter()
        a, b = as_double(arrays[0]), as_double(arrays[1])
        n_cost_arrays = 1 if self.dense else 3
        arcs = self._arcs(*arrays[2 : 2 + n_cost_arrays])
        warm: Any = tuple(as_double(x) for x in arrays[2 + n_cost_arrays :]) or (None, None)
        if len(arcs[-1]) <= SMALL_ARCS and self.progress is None:
            return self._at_once(a, b, arcs, warm)
        core = _core.Transport(a, b, self.totals_tolerance)
        (core.add_matrix if self.dense else core.add_arcs)(*arcs)
        numbers, codes = np.full(N_NUMBERS, np.nan), np.zeros(N_CODES, dtype=np.int64)
        feasible = core.fault[0] == 0 and (
            (self.dense and warm[0] is None and self._start_coarse_to_fine(core, arrays[2], a, b))
            or core.start(*warm)
        )
        kind, index, value, other = core.fault
        if kind != 0:
            codes[:3] = Status.INVALID.code, kind, index
            numbers[4:6] = value, other
            return self._nothing(a, b, arcs, numbers, codes)
        if not feasible:
            codes[0] = Status.INFEASIBLE.code
            sources, targets, _, _ = core.hall()
            flow, u, v, _, _, _ = self._nothing(a, b, arcs, numbers, codes)
            u[:], v[:] = 0.0, 0.0
            u[sources], v[targets] = 1.0, -1.0
            return flow, u, v, np.array(np.nan), numbers, codes
        started = time.perf_counter()
        codes[0] = self._run(core, arcs, begin)
        ran = time.perf_counter()
        u, v = core.potentials()
        flow, prove = self._flow_and_proof(core, a, b, arcs)
        proof = prove(u, v)
        if codes[0] == Status.OPTIMAL.code and abs(proof[0] - proof[1]) > 1e-12 * abs(proof[0]):
            settle: Any = (
                _core.modest_potentials_of_matrix if self.dense else _core.modest_potentials
            )
            modest = settle(*arcs, flow, len(a), len(b))
            if modest is not None:
                better = prove(*modest)
                if abs(better[0] - better[1]) < abs(proof[0] - proof[1]):
                    u, v = modest
        if self.center:
            shift = gauge(a, b, u, v)
            u += shift
            v -= shift
        numbers[:4] = prove(u, v)
        numbers[4] = float(np.sum(a))
        stats = core.stats()
        numbers[6:9] = stats["quantisation_error"], started - begin, ran - started
        codes[3:6] = stats["pivots"], stats["degenerate_pivots"], stats["arcs"]
        return flow, u, v, np.array(numbers[0]), numbers, codes

    def _at_once(
        self, a: HostArray, b: HostArray, arcs: tuple[HostArray, ...], warm: tuple[Any, Any]
    ) -> tuple[HostArray, ...]:
        """The same in one call: nobody waits for Ctrl-C or a clock here."""
        solve: Any = _core.solve_matrix if self.dense else _core.solve_arcs
        most = -1 if self.max_pivots is None else self.max_pivots
        flow, u, v, numbers, codes = solve(
            a, b, *arcs, *warm, self.center, most, self.seconds, self.totals_tolerance
        )
        return flow, u, v, numbers[0], numbers, codes

    def _arcs(self, *arrays: HostArray) -> tuple[HostArray, ...]:
        if self.dense:
            return (as_double(arrays[0]).reshape(-1),)
        rows, cols, costs = arrays
        narrow = rows.dtype == np.int32 and cols.dtype == np.int32
        index = np.int32 if narrow else np.int64
        return (
            np.ascontiguousarray(rows, dtype=index),
            np.ascontiguousarray(cols, dtype=index),
            as_double(costs),
        )

    def _start_coarse_to_fine(
        self, core: Any, matrix: HostArray, a: HostArray, b: HostArray
    ) -> bool:
        """Start from a near-optimal plan, where the matrix turns out to hold distances of points.

        False: nothing has happened.
        """
        found = start_behind(matrix, a, b, self.seconds)
        if found is None:
            return False
        entries = found.rows * matrix.shape[1] + found.cols
        return bool(core.start_from_entries(entries, found.flow, found.u, found.v))

    def _flow_and_proof(
        self, core: Any, a: HostArray, b: HostArray, arcs: tuple[HostArray, ...]
    ) -> tuple[HostArray, Callable[..., tuple[float, float, float, float]]]:
        """The flow on all arcs given, and what proves potentials against it."""
        flow = core.flow()
        if self.dense:
            entries, carried = core.support()
            return flow, lambda u, v: _core.certify_matrix(a, b, arcs[0], entries, carried, u, v)
        rows, cols, costs = arcs
        return flow, lambda u, v: certify(a, b, rows, cols, costs, flow, u, v)

    def _run(self, core: Any, arcs: tuple[HostArray, ...], begin: float) -> int:
        """Run in slices until optimal or a limit; return the status code."""
        left = 2**62 if self.max_pivots is None else self.max_pivots
        deadline = begin + self.seconds
        while True:
            until = min(SLICE_SECONDS, max(0.0, deadline - time.perf_counter()))
            before = core.pivots
            code = int(core.run(left, until))
            left -= core.pivots - before
            now = time.perf_counter()
            if self.progress is not None:
                self.progress(core.pivots, now - begin, float(core.flow() @ finite(arcs[-1])))
            if code != Status.TIME_LIMIT.code or now >= deadline:
                return code

    @staticmethod
    def _nothing(
        a: HostArray,
        b: HostArray,
        arcs: tuple[HostArray, ...],
        numbers: HostArray,
        codes: HostArray,
    ) -> tuple[HostArray, ...]:
        """No answer: NaN wherever a number could be mistaken for one."""
        return (
            np.full(len(arcs[-1]), np.nan),
            np.full(len(a), np.nan),
            np.full(len(b), np.nan),
            np.array(np.nan),
            numbers,
            codes,
        )


class LiveBasis:
    """A restricted problem whose basis lives on while arcs come and go, for column generation.

    Call `add`, then `start` or `start_from_plan`, then `run`, `add` and `shrink` in turn. The core
    holds the only list of the arcs: what `arcs` and `flow` return always fits together.

    Parameters
    ----------
    a, b : ndarray of float64, (n,) and (m,)
        Masses.
    totals_tolerance : float
    """

    def __init__(self, a: HostArray, b: HostArray, totals_tolerance: float) -> None:
        self._core = _core.Transport(as_double(a), as_double(b), totals_tolerance)

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the masses, or with the arcs and potentials given so far."""
        kind, index, value, other = self._core.fault
        return Fault(kind, index, value, other) if kind != 0 else None

    @property
    def pivots(self) -> int:
        """Pivots so far."""
        return self._core.pivots

    @property
    def size(self) -> int:
        """How many arcs there are."""
        return int(self._core.stats()["arcs"])

    @property
    def stats(self) -> dict[str, Any]:
        """Counts of the core, by name."""
        return self._core.stats()

    def add(self, rows: HostArray, cols: HostArray, costs: HostArray) -> None:
        """More arcs, (p,) each; a cost of +inf keeps its place and is no arc."""
        rows, cols = (np.ascontiguousarray(x, np.int32) for x in (rows, cols))
        self._core.add_arcs(rows, cols, as_double(costs))

    def start(self, u: HostArray | None = None, v: HostArray | None = None) -> bool:
        """Build the first basis, from potentials near the optimal ones if there are any.

        False if no plan exists on the arcs so far (see `starved`). Add arcs and start again.
        """
        given = (None, None) if u is None or v is None else (as_double(u), as_double(v))
        return self._core.start(*given)

    def start_from_plan(self, flow: HostArray, u: HostArray, v: HostArray) -> None:
        """Build the first basis from a feasible plan: an int64 flow in units of `quantised`."""
        self._core.start_from_plan(flow, as_double(u), as_double(v))

    def starved(self) -> HallViolation:
        """Sources that hold more than all the targets they reach can take."""
        return HallViolation(*self._core.hall())

    def run(self, max_pivots: int, seconds: float) -> Status:
        """Pivot until OPTIMAL on the arcs so far, or a limit: PIVOT_LIMIT, TIME_LIMIT."""
        return Status.from_code(int(self._core.run(max_pivots, seconds)))

    def shrink(self, most: int) -> None:
        """Drop all arcs but the `most` of least reduced cost, and the basic ones."""
        self._core.shrink(most)

    def arcs(self) -> tuple[HostArray, HostArray, HostArray]:
        """Rows, columns and costs of the arcs there are, in the order given."""
        return self._core.arcs()

    def value(self) -> float:
        """Cost of the plan."""
        return self._core.value()

    def flow(self) -> HostArray:
        """Mass on every arc there is, in the order of `arcs`; float64."""
        return self._core.flow()

    def potentials(self) -> tuple[HostArray, HostArray]:
        """The core's own u, v, not centred: float64 (n,), (m,)."""
        return self._core.potentials()


def certify(*arrays: HostArray) -> tuple[float, float, float, float]:
    """Value, lower bound, worst reduced cost and marginal error of arcs and a plan on them.

    Of ``(a, b, rows, cols, costs, flow, u, v)``; see certificate.hpp in kernels/.
    """
    a, b, rows, cols, *rest = arrays
    return _core.certify(as_double(a), as_double(b), rows, cols, *map(as_double, rest))


def as_double(x: HostArray) -> HostArray:
    """A contiguous float64 array; `x` itself where it already is one."""
    return np.ascontiguousarray(x, dtype=np.float64)


def finite(costs: HostArray) -> HostArray:
    """Costs with forbidden arcs, which carry nothing, set to 0."""
    return np.where(np.isinf(costs), 0.0, costs)


def gauge(a: HostArray, b: HostArray, u: HostArray, v: HostArray) -> float:
    """The constant c that makes <u + c, a> equal <v - c, b>."""
    return float((np.dot(v, b) - np.dot(u, a)) / (np.sum(a) + np.sum(b)))
