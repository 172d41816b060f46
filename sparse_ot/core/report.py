"""The report of a solve, by name.

It comes as two short vectors, of numbers and of codes, because compiled array programs can return
only arrays. The core defines the order of their entries (solve/report.hpp in the kernels).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sparse_ot._core import REPORT_CODES, REPORT_NUMBERS, Fault, FaultKind
from sparse_ot.core.status import Status

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """The results of a solve besides plan and potentials. Under a trace its entries stay traced.

    Attributes
    ----------
    status : Status, or its code
    fault : Fault or None
        What is wrong with the numbers of the problem; None under a trace.
    value, lower_bound, worst_reduced_cost, worst_marginal_error, total_mass : float
        The certificate.
    rounding : float
        How far apart the bounds may lie because the potentials were rounded.
    quantisation_error, rescaling : float
    start_seconds, pivot_seconds : float
    pivots, degenerate_pivots, arcs : int
    """

    status: Any
    fault: Fault | None
    value: Any
    lower_bound: Any
    worst_reduced_cost: Any
    worst_marginal_error: Any
    total_mass: Any
    rounding: Any
    quantisation_error: Any
    rescaling: Any
    start_seconds: Any
    pivot_seconds: Any
    pivots: Any
    degenerate_pivots: Any
    arcs: Any

    @classmethod
    def read(cls, numbers: Any, codes: Any) -> Report:
        """Name the entries of the two vectors."""
        concrete = isinstance(codes, np.ndarray)
        if concrete:
            numbers, codes = numbers.tolist(), codes.tolist()
        named = dict(zip(REPORT_NUMBERS, numbers, strict=True))
        named |= dict(zip(REPORT_CODES, codes, strict=True))
        what = [named.pop(f"fault_{name}") for name in ("kind", "index", "value", "other")]
        fault = None
        if concrete:
            named["status"] = Status.from_code(named["status"])
            if what[0] != FaultKind.NONE:
                fault = Fault(FaultKind(what[0]), *what[1:])
        return cls(fault=fault, **named)
