"""What the messages say: which argument, what was found, what was expected, what to do.

A table of wrong calls and of the words of their messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp
from support.words import GRAPH, A, B, M, X, Y, check_the_form_of

import sparse_ot
from sparse_ot import DenseCost, PointCloudCost, SparseCost, errors
from sparse_ot.backends.protocol import CooParts

SOLUTION = sparse_ot.solve(M)


class Case(NamedTuple):
    """A wrong call, and what its message is, or begins with, and what it says besides."""

    call: Callable[[], Any]
    error: type[Exception]
    begins: str
    says: tuple[str, ...] = ()


def parts(rows: Any, cols: Any, values: Any, shape: Any = (3, 2)) -> CooParts:
    return CooParts(np.asarray(rows), np.asarray(cols), np.asarray(values), shape)


CASES: dict[str, Case] = {
    # The costs.
    "a cube": Case(
        lambda: sparse_ot.solve(M[None]),
        errors.ShapeError,
        "M has shape (1, 3, 2). Expected (n, m): a row for each source and a column for each "
        "target.",
    ),
    "a cube for the model": Case(
        lambda: DenseCost(M[None]), errors.ShapeError, "M has shape (1, 3, 2). Expected (n, m)"
    ),
    "no costs": Case(
        lambda: sparse_ot.solve(None),
        errors.UnsupportedArrayError,
        "M is None: the costs are missing. Expected a matrix (n, m), a sparse container or a cost "
        "model.",
        ("solve_sample(X, Y)",),
    ),
    "no costs for emd": Case(
        lambda: sparse_ot.emd(A, B, None), errors.UnsupportedArrayError, "M is None: the costs are"
    ),
    "no costs for emd2": Case(
        lambda: sparse_ot.emd2(A, B, None), errors.UnsupportedArrayError, "M is None: the costs"
    ),
    "no costs for the model": Case(
        lambda: DenseCost(None), errors.UnsupportedArrayError, "M is None: the costs are missing."
    ),
    "no graph": Case(
        lambda: SparseCost(None), errors.UnsupportedArrayError, "M is None. Expected a sparse"
    ),
    "no second graph": Case(
        lambda: sparse_ot.union(GRAPH, None),
        errors.UnsupportedArrayError,
        "others[0] is None. Expected a sparse container",
    ),
    "a matrix for a graph": Case(
        lambda: SparseCost(M),
        errors.UnsupportedArrayError,
        "M is an ndarray. Expected a sparse container",
        ("DenseCost",),
    ),
    "a list in a union": Case(
        lambda: sparse_ot.union(GRAPH, GRAPH, [[1.0]]),
        errors.UnsupportedArrayError,
        "others[1] is a list. Expected a sparse container",
    ),
    "complex costs": Case(
        lambda: sparse_ot.solve(M + 1j),
        errors.UnsupportedArrayError,
        "M: Found an array of dtype complex128. Expected real numbers",
        ("real part",),
    ),
    "complex arcs in a union": Case(
        lambda: sparse_ot.union(GRAPH, GRAPH * 1j),
        errors.UnsupportedArrayError,
        "others[0]: Found an array of dtype complex128.",
    ),
    "a list of words": Case(
        lambda: sparse_ot.solve([["1", "2"], ["3", "4"]]),
        errors.UnsupportedArrayError,
        "an item of M is '",
        ("Expected numbers", "`.astype(float)`"),
    ),
    "an array of words": Case(
        lambda: sparse_ot.solve(np.asarray([["1", "2"]])),
        errors.UnsupportedArrayError,
        "M: Found an array of dtype <U1. Expected real numbers",
        ("convert with `.astype(float)`",),
    ),
    "objects": Case(
        lambda: DenseCost([[1.0, None]]),
        errors.UnsupportedArrayError,
        "M: Found an array of dtype object. Expected real numbers",
        ("convert with `.astype(float)`", "fill in"),
    ),
    "moments": Case(
        lambda: PointCloudCost(np.asarray(["2020-01-01"], "datetime64[s]"), [[1.0]]),
        errors.UnsupportedArrayError,
        "X: Found an array of dtype datetime64[s].",
        ("numpy.timedelta64(1, 's')",),
    ),
    "durations": Case(
        lambda: sparse_ot.solve(M.astype("timedelta64[s]")),
        errors.UnsupportedArrayError,
        "M: Found an array of dtype timedelta64[s].",
        ("Divide by a unit",),
    ),
    "records": Case(
        lambda: sparse_ot.solve_sample(np.zeros(3, [("x", float), ("y", float)]), Y),
        errors.UnsupportedArrayError,
        "X: Found an array of dtype [('x', '<f8'), ('y', '<f8')].",
        ("one field", "structured_to_unstructured"),
    ),
    "ragged rows": Case(
        lambda: DenseCost([[1.0, 2.0], [3.0]]),
        errors.ShapeError,
        "M: Cannot make an array of this list: ",
        ("rows of equal length.",),
    ),
    "three sparse dimensions": Case(
        lambda: SparseCost(sp.coo_array(np.ones(3))),
        errors.ShapeError,
        "M: Found a sparse array of shape (3,). Expected two dimensions",
    ),
    "lists of two lengths": Case(
        lambda: sparse_ot.solve(parts([0, 1], [0], [1.0, 2.0])),
        errors.ShapeError,
        "M: Found rows (2,), cols (1,) and values (2,) for a cost of shape (3, 2).",
    ),
    "an index too large": Case(
        lambda: sparse_ot.solve(parts([0, 3], [0, 1], [1.0, 2.0])),
        errors.ShapeError,
        "M: Found row index 3 in a cost of shape (3, 2). Expected 0 to 2.",
    ),
    "indices that are no integers": Case(
        lambda: SparseCost(parts([0.0, 1.0], [0.0, 1.0], [1.0, 2.0])),
        errors.UnsupportedArrayError,
        "M: Found indices of dtype float64 and float64. Expected integers.",
    ),
    # Masses.
    "a column of masses": Case(
        lambda: sparse_ot.solve(M, A[:, None]),
        errors.ShapeError,
        "a has shape (3, 1). Expected (3,): one number for every point. Flatten it",
    ),
    "masses of words": Case(
        lambda: sparse_ot.emd2(A, "ab", M),
        errors.UnsupportedArrayError,
        "b is 'ab'. Expected numbers.",
    ),
    "histograms of complex numbers": Case(
        lambda: sparse_ot.emd2(A, np.ones((2, 2)) * 1j, M),
        errors.UnsupportedArrayError,
        "b: Found an array of dtype complex128.",
    ),
    "sparse histograms": Case(
        lambda: sparse_ot.emd2(A, sp.csr_array(np.ones((2, 2))), M),
        errors.UnsupportedArrayError,
        "b is a sparse container (csr_array).",
    ),
    # Points.
    "no sources": Case(
        lambda: sparse_ot.solve_sample(None, Y),
        errors.UnsupportedArrayError,
        "X is None. Expected the coordinates of points",
    ),
    "no targets": Case(
        lambda: sparse_ot.knn_cost(X, None, 2),
        errors.UnsupportedArrayError,
        "Y is None. Expected the coordinates of points",
    ),
    "an empty vector": Case(
        lambda: sparse_ot.solve_sample([], Y),
        errors.ShapeError,
        "X has shape (0,). Expected (points, coordinates), both at least 1",
    ),
    "points that are no pair": Case(
        lambda: sparse_ot.union(GRAPH, points=X, feasible_for=(None, None)),  # type: ignore[arg-type]
        errors.InputError,
        "points is an ndarray. Expected the two clouds (X, Y)",
    ),
    "three clouds": Case(
        lambda: sparse_ot.union(GRAPH, points=(X, Y, Y), feasible_for=(None, None)),  # type: ignore[arg-type]
        errors.InputError,
        "points is a tuple of length 3. Expected the two clouds (X, Y)",
    ),
    "masses that are no pair": Case(
        lambda: sparse_ot.knn_cost(X, Y, 1, feasible_for=A),  # type: ignore[arg-type]
        errors.InputError,
        "feasible_for is an ndarray. Expected the two masses (a, b)",
    ),
    # Metrics.
    "a metric in a list": Case(
        lambda: sparse_ot.solve_sample(X, Y, metric=X),  # type: ignore[arg-type]
        errors.InputError,
        "metric is an ndarray. Expected one of sqeuclidean, ",
    ),
    "a metric with a typing error": Case(
        lambda: sparse_ot.solve_sample(X, Y, metric="Euclidian"),
        errors.InputError,
        "Unknown metric 'Euclidian'. Expected one of ",
        ("Did you mean 'euclidean'?",),
    ),
    "a metric that returns a number": Case(
        lambda: sparse_ot.solve_sample(X, Y, metric=lambda x, y: 1.0),
        errors.ShapeError,
        "The metric function returned a float for 6 pairs of points. Expected an array of shape "
        "(6,): one cost a row.",
    ),
    "a metric that returns nothing": Case(
        lambda: sparse_ot.solve_sample(X, Y, metric=lambda x, y: None),
        errors.ShapeError,
        "The metric function returned None for 6 pairs of points.",
    ),
    "a metric that returns words": Case(
        lambda: sparse_ot.solve_sample(X, Y, metric=lambda x, y: np.full(len(x), "far")),
        errors.UnsupportedArrayError,
        "The metric function returned costs of dtype <U3. Expected real numbers.",
    ),
    # Options.
    "potentials that are no pair": Case(
        lambda: sparse_ot.solve(M, potentials_init=A),  # type: ignore[arg-type]
        errors.ShapeError,
        "potentials_init must be a pair of arrays (u, v), as Solution.potentials is; found an "
        "ndarray.",
    ),
    "sparse potentials": Case(
        lambda: sparse_ot.solve(M, potentials_init=GRAPH),  # type: ignore[arg-type]
        errors.ShapeError,
        "potentials_init must be a pair of arrays",
    ),
    "one potential": Case(
        lambda: sparse_ot.solve(M, potentials_init=(A, None)),
        errors.ShapeError,
        "potentials_init must be a pair of arrays (u, v), as Solution.potentials is; found a tuple",
    ),
    "an array of choices": Case(
        lambda: sparse_ot.emd(A, B, M, on_infeasible=np.asarray([1, 2])),  # type: ignore[arg-type]
        errors.InputError,
        'on_infeasible must be "raise" or "warn"',
    ),
    "no solution": Case(
        lambda: sparse_ot.dense_gap(None, X, Y),  # type: ignore[arg-type]
        errors.InputError,
        "solution is None. Expected a Solution",
    ),
    # Solutions.
    "a vector of words": Case(
        lambda: SOLUTION.apply(["a", "b", "c"]),
        errors.UnsupportedArrayError,
        "vec: Found an array of dtype <U1.",
    ),
    "no vector": Case(
        lambda: SOLUTION.apply(None), errors.UnsupportedArrayError, "vec: Found an array of dtype"
    ),
    "a number": Case(
        lambda: SOLUTION.apply(1.0), errors.ShapeError, "vec has shape (); axis 0 needs (3,)"
    ),
    "a masked vector": Case(
        lambda: SOLUTION.apply(np.ma.masked_array(A, mask=[True, False, False])),
        errors.UnsupportedArrayError,
        "vec: ",
    ),
    "a third axis": Case(
        lambda: SOLUTION.apply(A, axis=2), errors.InputError, "axis must be 0 (from the sources)"
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_the_message_says(what: str) -> None:
    case = CASES[what]
    with pytest.raises(case.error) as caught:
        case.call()
    assert type(caught.value) is case.error
    message = str(caught.value)
    assert message.startswith(case.begins), message
    for words in case.says:
        assert words in message, message
    check_the_form_of(message)
