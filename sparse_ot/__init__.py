"""Exact optimal transport on sparse costs, in the array library you already use."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

try:
    from sparse_ot import _core as _core
except ImportError as error:  # in a clone, its sources hide the installed package
    _message = (
        f"The compiled module of sparse_ot is missing ({error}). In a clone, install it with: "
        f"pip install -e ."
    )
    raise ImportError(_message) from error

from sparse_ot.api.dense_gap import DenseGap, dense_gap
from sparse_ot.api.pot import emd, emd2
from sparse_ot.api.solve import solve
from sparse_ot.api.solve_sample import solve_sample
from sparse_ot.costs.dense import DenseCost
from sparse_ot.costs.graphs import knn_cost, radius_cost, union
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import (
    BackendError,
    HallViolation,
    InfeasibleError,
    InputError,
    InternalError,
    MassError,
    MissingDependencyError,
    MixedBackendsError,
    NonFiniteError,
    ShapeError,
    SparseOTError,
    UnsupportedArrayError,
)
from sparse_ot.result.certificate import Certificate
from sparse_ot.result.ledger import transfers
from sparse_ot.result.solution import Solution, SolveStats
from sparse_ot.result.status import Status
from sparse_ot.solvers.progress import Round

if TYPE_CHECKING:
    from sparse_ot import plot

__version__ = version("sparseot")

__all__ = [
    "BackendError",
    "Certificate",
    "DenseCost",
    "DenseGap",
    "HallViolation",
    "InfeasibleError",
    "InputError",
    "InternalError",
    "MassError",
    "MissingDependencyError",
    "MixedBackendsError",
    "NonFiniteError",
    "PointCloudCost",
    "Round",
    "ShapeError",
    "Solution",
    "SolveStats",
    "SparseCost",
    "SparseOTError",
    "Status",
    "UnsupportedArrayError",
    "__version__",
    "dense_gap",
    "emd",
    "emd2",
    "knn_cost",
    "plot",
    "radius_cost",
    "solve",
    "solve_sample",
    "transfers",
    "union",
]


def __getattr__(name: str) -> Any:
    if name == "plot":  # needs matplotlib, so it is imported on first use
        return importlib.import_module("sparse_ot.plot")
    msg = f"module 'sparse_ot' has no attribute {name!r}"
    raise AttributeError(msg)
