"""Calls that are written for POT's `emd` and `emd2` work, with its errors and its warnings."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify

import sparse_ot
from sparse_ot import MassError, ShapeError

RNG = np.random.default_rng(7)
X, Y = RNG.random((2, 30, 2))
M = ((X[:, None] - Y[None]) ** 2).sum(axis=-1)
A, B = RNG.dirichlet(np.ones(30), 2)


@pytest.mark.parametrize("name", ["emd", "emd2"])
def test_the_arguments_are_pots(name: str) -> None:
    ot = pytest.importorskip("ot")
    theirs = list(inspect.signature(getattr(ot, name)).parameters)
    ours = list(inspect.signature(getattr(sparse_ot, name)).parameters)
    assert ours[: len(theirs)] == theirs


WRONG_SHAPES: dict[str, Any] = {
    "a": (np.full(31, 1 / 31), B, M),
    "b": (A, np.full(29, 1 / 29), M),
    "both": (A[:2], B[:2], M),
    "graph": (A[:2], B, sp.csr_array(M)),
    "vector of costs": (A, B, M[0]),
    "a column": (A[:, None], B, M),
    "no costs": (A, B, np.empty((0, 30))),
}


@pytest.mark.parametrize("what", WRONG_SHAPES)
@pytest.mark.parametrize("function", [sparse_ot.emd, sparse_ot.emd2])
def test_wrong_shapes_are_assertion_errors_as_in_pot(what: str, function: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        function(*WRONG_SHAPES[what])
    assert isinstance(caught.value, ShapeError)


def test_unequal_totals_are_assertion_errors_as_in_pot() -> None:
    for function in (sparse_ot.emd, sparse_ot.emd2):
        with pytest.raises(AssertionError) as caught:
            function(A, 2 * B, M)
        assert isinstance(caught.value, MassError)


@pytest.mark.parametrize("function", [sparse_ot.emd, sparse_ot.emd2])
@pytest.mark.parametrize("cost", ["matrix", "graph", "cloud"])
def test_a_limit_warns_in_pots_category_and_words(function: Any, cost: str) -> None:
    costs = {"matrix": M, "graph": sp.csr_array(M), "cloud": sparse_ot.PointCloudCost(X, Y)}
    with pytest.warns(UserWarning, match=r"^numItermax reached before optimality") as caught:
        _, log = function(A, B, costs[cost], numItermax=1, log=True)
    assert [warning.category for warning in caught] == [UserWarning]
    assert log["warning"].startswith("numItermax")
    assert log["result_code"] == 3


def test_no_plan_warns_in_pots_category() -> None:
    blocked = np.where(np.arange(30) == 0, 1.0, np.inf) * np.ones((30, 1))
    with pytest.warns(UserWarning, match="sources") as caught:
        _, log = sparse_ot.emd(A, B, blocked, log=True, on_infeasible="warn")
    assert [warning.category for warning in caught] == [UserWarning]
    assert log["result_code"] == 0


def test_a_solve_that_ends_at_the_first_basis_warns_of_nothing() -> None:
    """POT counts a limit of one pivot as reached; here the first plan may be the best one."""
    points = np.arange(100.0)
    masses = [np.exp(-((points - mean) ** 2) / (2 * s * s)) for mean, s in ((30, 5), (50, 10))]
    a, b = (x / x.sum() for x in masses)
    cost = np.abs(points[:, None] - points)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan, log = sparse_ot.emd(a, b, cost, numItermax=1, log=True)
    certify(a, b, cost, (plan, log["u"], log["v"]))
    assert log["result_code"] == 1


def test_starts_from_the_potentials_of_a_log() -> None:
    with pytest.warns(UserWarning, match="numItermax"):
        _, log = sparse_ot.emd(A, B, M, numItermax=5, log=True)
    start = log["u"], log["v"]
    assert sparse_ot.emd2(A, B, M, potentials_init=start) == sparse_ot.emd2(A, B, M)
