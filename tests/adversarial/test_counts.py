"""Counts and limits are whole numbers of any type; what is none is named."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from conformance.libraries import Library

import sparse_ot
from sparse_ot import InputError, Status

RNG = np.random.default_rng(7)
X, Y = RNG.random((2, 30, 2))
M = ((X[:, None] - Y[None]) ** 2).sum(axis=-1)
A, B = RNG.dirichlet(np.ones(30), 2)


def graph() -> Any:
    return sparse_ot.knn_cost(X, Y, 3, feasible_for=(None, None))


WHOLE: list[Any] = [
    *(2, 2.0, np.float64(2), np.float32(2), np.int8(2), np.uint64(2)),
    *(np.array(2), np.array(2.0), Fraction(4, 2), Decimal(2)),
]
NO_COUNTS: list[Any] = [
    *(1.5, float("nan"), -1, -1.0, 0, 0.0, True, np.True_, np.array(True), "2", b"2", np.str_("2")),
    *(np.array("2"), [2], np.array([2]), (2,), 2j, np.complex128(2), np.timedelta64(2, "s")),
    *({}, -float("inf"), Fraction(3, 2), Decimal("nan")),
]
COUNTS: dict[str, Any] = {
    "k": lambda x: sparse_ot.knn_cost(X, Y, x),
    "per_source": lambda x: sparse_ot.dense_gap(sparse_ot.solve(graph()), X, Y, per_source=x),
    "numThreads": lambda x: sparse_ot.emd2(A, B, M, numThreads=x),
    "processes": lambda x: sparse_ot.emd2(A, B, M, processes=x),
}
LIMITS: dict[str, Any] = {
    "numItermax": lambda x: sparse_ot.emd(A, B, M, numItermax=x, log=True)[1]["result_code"],
    "max_pivots": lambda x: sparse_ot.solve(M, A, B, max_pivots=x).status,
}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("count", WHOLE, ids=repr)
def test_a_count_is_a_whole_number_of_any_type(name: str, count: Any) -> None:
    COUNTS[name](count)


@pytest.mark.parametrize("name", [*COUNTS, *LIMITS])
@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
def test_what_is_no_count_is_named(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"{name} must be a .*whole number.*; found "):
        (COUNTS | LIMITS)[name](value)


@pytest.mark.parametrize("name", COUNTS)
def test_infinity_is_no_count(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be a whole number"):
        COUNTS[name](float("inf"))


@pytest.mark.parametrize("value", [1e6, 10**6, 1e300, 10**400, np.float64(1e6), np.inf, None])
def test_a_large_limit_is_written_in_any_way(value: Any) -> None:
    assert LIMITS["numItermax"](value) == 1
    assert LIMITS["max_pivots"](value) is Status.OPTIMAL


@pytest.mark.parametrize("value", WHOLE, ids=repr)
def test_a_small_limit_stops_whatever_its_type(value: Any) -> None:
    solution = sparse_ot.solve(M, A, B, max_pivots=value)
    assert (solution.status, solution.stats.pivots) == (Status.PIVOT_LIMIT, 2)
    assert sparse_ot.solve_sample(X, Y, A, B, seed=value).converged


def test_every_neighbour_is_asked_for_in_any_number() -> None:
    for k in (30, 30.0, 1e300, 10**400):
        assert sparse_ot.knn_cost(X, Y, k).nnz == 900  # type: ignore[arg-type]


def test_scalars_of_every_library_are_counts(library: Library) -> None:
    for count in (library.put(np.asarray(2)), library.put(np.asarray(2.0, np.float32))):
        assert sparse_ot.solve(M, A, B, max_pivots=count).stats.pivots == 2
        assert sparse_ot.knn_cost(X, Y, count, symmetric=False).nnz == 60
    with pytest.raises(InputError, match="max_pivots must be a positive whole number"):
        sparse_ot.solve(M, A, B, max_pivots=library.put(np.asarray(2.5, np.float32)))
