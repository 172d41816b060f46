"""An example or more of every public class, and what each must still answer after a round trip.

Other processes import this file, so its classes and functions are those of a module.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

import sparse_ot
from sparse_ot import errors
from sparse_ot.backends.protocol import CooParts
from sparse_ot.backends.registry import load_backend
from sparse_ot.files import FileError
from sparse_ot.metrics import METRICS, as_metric
from sparse_ot.result.ledger import TransferLedger

BOTTLENECK = np.asarray([[1.0, np.inf], [1.0, np.inf]])
"""A matrix without a plan: both sources reach the first target only."""


class FarAway(errors.InfeasibleError):
    """A user's error, whose constructor takes other things than the message."""

    def __init__(self, *, place: str, violation: errors.HallViolation) -> None:
        super().__init__(f"Nothing reaches {place}.", violation)
        self.place = place


class OfTwoWorlds(errors.MissingDependencyError):
    """A user's error of a builtin class that keeps state outside the dictionary."""

    def __init__(self, package: str) -> None:
        super().__init__(f"No {package} here.", name=package)


class Doubled:
    """A user's cost model of the required answers only: twice the costs of another."""

    scope = "dense"

    def __init__(self, inner: Any) -> None:
        self.inner, self.shape, self.backend = inner, inner.shape, inner.backend
        self.like = inner.like

    def arc_at(self, index: int) -> tuple[int, int]:
        place: tuple[int, int] = self.inner.arc_at(index)
        return place

    def candidate_arcs(self, per_point: int, potentials: Any = None) -> Any:
        arcs = self.inner.candidate_arcs(per_point)
        return arcs._replace(costs=2 * arcs.costs)

    def arc_costs(self, rows: Any, cols: Any) -> Any:
        return 2 * self.inner.arc_costs(rows, cols)

    def price(self, u: Any, v: Any, per_point: int) -> Any:
        found = self.inner.price(u / 2, v / 2, per_point)
        return found._replace(costs=2 * found.costs, row_minima=2 * found.row_minima)


def manhattan(x: Any, y: Any) -> Any:
    """A user's metric."""
    return abs(x - y).sum(axis=-1)


def solve(M: Any) -> Any:
    """The value of the optimum, or the error."""
    return float(sparse_ot.solve(M).value)


def infeasible() -> errors.InfeasibleError:
    """The error of a problem without a plan, as raised, with a cause and a note."""
    try:
        try:
            sparse_ot.solve(BOTTLENECK)
        except errors.InfeasibleError as error:
            raise error from KeyError("cause")
    except errors.InfeasibleError as error:
        with_note(error)
        return error
    raise AssertionError


def with_note(error: Exception) -> Exception:
    if hasattr(error, "add_note"):  # Python 3.11
        error.add_note("in the third batch")
    return error


def examples() -> dict[str, list[Any]]:
    """Objects by the name of their class; at least one of every public class."""
    rng = np.random.default_rng(7)
    X, Y = rng.random((6, 2)), rng.random((5, 2))
    graph = sparse_ot.knn_cost(X, Y, 2, feasible_for=(None, None))
    dense, sparse = sparse_ot.solve(rng.random((6, 5))), sparse_ot.solve(graph)
    cloud = sparse_ot.PointCloudCost(X, Y)
    cloud.candidate_arcs(2)  # now it keeps a prepared search, which cannot be pickled
    violation = infeasible().violation
    coo = graph.tocoo()
    found: dict[str, list[Any]] = {
        "InfeasibleError": [infeasible(), FarAway(place="the sea", violation=violation)],
        "MissingDependencyError": [OfTwoWorlds("sea")],
        "HallViolation": [violation],
        "Solution": [dense, sparse, sparse_ot.solve_sample(X, Y, metric="cosine")],
        "SolveStats": [dense.stats, sparse.stats],
        "Certificate": [dense.certificate, sparse.certificate],
        "DenseGap": [sparse_ot.dense_gap(sparse, X, Y)],
        "Round": [sparse_ot.Round(1, 2.0, 1.0, 9, 3, 4, 0.5)],
        "DenseCost": [sparse_ot.DenseCost(rng.random((4, 3)))],
        "SparseCost": [
            sparse_ot.SparseCost(graph),
            sparse_ot.SparseCost(sp.csc_matrix(graph)),
            sparse_ot.SparseCost(CooParts(coo.row, coo.col, coo.data, coo.shape)),
        ],
        "PointCloudCost": [
            cloud,
            *(
                sparse_ot.PointCloudCost(X, Y, metric)
                for metric in ("correlation", ("minkowski", 3), manhattan)
            ),
        ],
        "Status": list(sparse_ot.Status),
        "Doubled": [Doubled(cloud), Doubled(sparse_ot.DenseCost(rng.random((4, 3))))],
        "TransferLedger": [TransferLedger(1, 2, 3, 4)],
        "GroundMetric": [
            # Minkowski's own record only holds a name, with a parameter that is NaN.
            *(metric for metric in METRICS.values() if metric.of_p is None),
            as_metric(("minkowski", 3)),
            as_metric(manhattan),
            as_metric(manhattan).swapped(),
        ],
        "CooParts": [CooParts(coo.row, coo.col, coo.data, coo.shape)],
        "NumpyBackend": [load_backend("numpy")],
    }
    for kind in (FileError, *(getattr(errors, name) for name in errors.__all__)):
        if issubclass(kind, Exception) and kind is not errors.InfeasibleError:
            error = with_note(kind(f"Found a {kind.__name__}.", 3))
            error.__dict__["place"] = 4
            found.setdefault(kind.__name__, []).append(error)
    return found


def answers(x: Any) -> Any:
    """What `x` says when it is used, as plain values that compare."""
    if isinstance(x, BaseException):
        more = {name: answers(value) for name, value in vars(x).items()}
        return type(x), str(x), x.args, getattr(x, "name", None), more
    if isinstance(x, errors.HallViolation):
        return x.sources.tolist(), x.targets.tolist(), x.supply, x.demand, x.deficit
    if isinstance(x, sparse_ot.Solution):
        sent, received = x.marginals
        carried = x.apply(np.arange(float(len(sent))))
        arrays = [sent, received, carried, *x.potentials]
        plain = [array.tolist() for array in arrays]
        return plain, float(x.value), x.status, x.certificate, x.stats, x.converged
    if isinstance(x, sparse_ot.DenseGap):
        lists = [array.tolist() for array in (x.rows, x.cols, x.reduced_costs)]
        return lists, x.value, x.lower_bound, x.gap, x.relative
    if isinstance(x, sparse_ot.Certificate):
        return x, x.holds(), x.gap, x.scope
    if hasattr(x, "candidate_arcs"):
        return solve(x)
    if isinstance(x, CooParts):
        return [*(array.tolist() for array in x[:3]), x.shape]
    return x  # compares by itself


def echo(x: Any) -> Any:
    """An object that has arrived, and what it answers there."""
    return x, answers(x)
