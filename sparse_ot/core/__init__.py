"""The compiled core, typed: the only folder that uses `sparse_ot._core`.

It works with NumPy arrays and numbers, and has no notion of other libraries or of cost models:

- `Masses`: masses, quantised once for all parts of a solve
- `solve_arcs`, `solve_matrix`, `Report`: one problem from numbers to proof, in one call
- `LiveBasis`: a basis that is kept while arcs are added and dropped
- `certify`, `gauge`, `rounding`: what any plan and any potentials prove
- `Status`, `Fault`, `FaultKind`: why a solve stopped, and what was wrong with its numbers
- `search`, `sweeps`: searches, groups and sweeps over points
- `xla_ffi_targets`, `host_functions`: the foreign functions for XLA, and the functions they call
"""

from sparse_ot._core import (
    REDUCED_COST_ULPS,
    REPORT_CODES,
    REPORT_NUMBERS,
    SLICE_SECONDS,
    Fault,
    FaultKind,
    Masses,
    SolveSettings,
    host_functions,
    xla_ffi_targets,
)
from sparse_ot.core.live_basis import LiveBasis
from sparse_ot.core.proofs import as_double, certify, gauge, rounding
from sparse_ot.core.report import Report
from sparse_ot.core.solving import Answer, Progress, solve_arcs, solve_matrix
from sparse_ot.core.status import Status

__all__ = [
    "REDUCED_COST_ULPS",
    "REPORT_CODES",
    "REPORT_NUMBERS",
    "SLICE_SECONDS",
    "Answer",
    "Fault",
    "FaultKind",
    "LiveBasis",
    "Masses",
    "Progress",
    "Report",
    "SolveSettings",
    "Status",
    "as_double",
    "certify",
    "gauge",
    "host_functions",
    "rounding",
    "solve_arcs",
    "solve_matrix",
    "xla_ffi_targets",
]
