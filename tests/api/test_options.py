"""Options: any library's scalar will do, and what makes no sense is named; nothing else escapes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import sparse_ot
from sparse_ot import InputError, Status

X, Y = np.random.default_rng(0).random((2, 12, 2))
M = np.abs(X[:, :1] - Y[:, 0])
NO_NUMBERS: Any = (
    *("1", b"1", [1], (1,), np.ones(1), np.ones(2), True, np.True_, 1j, float("nan"), {}),
)


def solved_graph() -> sparse_ot.Solution:
    return sparse_ot.solve(sparse_ot.knn_cost(X, Y, 3, feasible_for=(None, None)))


@pytest.mark.parametrize("name", ["tol", "time_limit", "memory_limit"])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_is_no_limit(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"{name} must be a .*number.*; found"):
        sparse_ot.solve_sample(X, Y, **{name: value})


@pytest.mark.parametrize("value", [*NO_NUMBERS, -1, 10**400], ids=str)
def test_what_is_no_time_stops_no_solve(value: Any) -> None:
    with pytest.raises(InputError, match="time_limit must be a positive number of seconds"):
        sparse_ot.solve(M, time_limit=value)
    with pytest.raises(InputError, match="tol must be a number of at least 0"):
        sparse_ot.dense_gap(solved_graph(), X, Y, tol=value)


def test_none_is_no_tolerance_but_no_limit() -> None:
    with pytest.raises(InputError, match="tol must be a number of at least 0; found None"):
        sparse_ot.solve_sample(X, Y, tol=None)  # type: ignore[arg-type]
    solution = sparse_ot.solve_sample(X, Y, time_limit=None, memory_limit=None, seed=None)
    assert solution.status is Status.OPTIMAL


@pytest.mark.parametrize(
    "number", [1, 1.0, np.float32(1), np.int64(1), np.asarray(1.0), Fraction(1)], ids=repr
)
def test_a_number_is_a_number_in_every_type(number: Any) -> None:
    assert sparse_ot.solve_sample(X, Y, tol=number).converged
    assert sparse_ot.solve_sample(X, Y, time_limit=100 * number).converged
    assert sparse_ot.solve_sample(X, Y, memory_limit=10**9 * number).converged


def test_an_infinite_limit_is_none() -> None:
    assert sparse_ot.solve_sample(X, Y, time_limit=np.inf, memory_limit=np.inf).converged


def test_a_whole_number_is_one_in_every_type() -> None:
    assert sparse_ot.solve_sample(X, Y, seed=np.int64(3)).converged
    assert sparse_ot.solve_sample(X, Y, seed=2**63 - 1).converged
    missing = sparse_ot.dense_gap(solved_graph(), X, Y, per_source=np.int64(2))
    assert (np.bincount(missing.rows) <= 2).all()
    sparse_ot.emd2(None, None, M, numThreads=np.int32(2))


@pytest.mark.parametrize("value", [-1, 1.5, "3", True, [3], 2**63, 2**70])
def test_what_is_no_seed_is_named(value: Any) -> None:
    with pytest.raises(InputError, match=r"seed must be a whole number from 0 to 2\*\*63 - 1"):
        sparse_ot.solve_sample(X, Y, seed=value)


def test_the_largest_seed_starts_a_large_cloud() -> None:
    rng = np.random.default_rng(1)
    P, Q = rng.random((2, 1000, 2))
    value = sparse_ot.solve_sample(P, Q, seed=2**63 - 1).value
    assert value == pytest.approx(float(sparse_ot.solve_sample(P, Q).value), rel=1e-12)


@pytest.mark.parametrize("value", [0, 1.5, "2", True, None, [2]])
def test_what_is_no_count_is_named(value: Any) -> None:
    with pytest.raises(InputError, match="per_source must be a whole number of at least 1"):
        sparse_ot.dense_gap(solved_graph(), X, Y, per_source=value)


@pytest.mark.parametrize("value", [1, "yes", [print]])
def test_progress_that_cannot_be_called_is_named(value: Any) -> None:
    with pytest.raises(InputError, match="progress must be True, False, or a function"):
        sparse_ot.solve_sample(X, Y, progress=value)
    with pytest.raises(InputError, match="progress must be a function of pivots, seconds and"):
        sparse_ot.solve(M, progress=value)


def test_no_progress_is_asked_for_in_three_ways(capsys: pytest.CaptureFixture[str]) -> None:
    for nothing in (False, None, np.False_):
        sparse_ot.solve_sample(X, Y, progress=nothing)  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", [1, None, "solution", (1, 2)])
def test_a_gap_is_that_of_a_solution(value: Any) -> None:
    with pytest.raises(InputError, match=r"solution is .* Expected a Solution"):
        sparse_ot.dense_gap(value, X, Y)


def test_too_little_memory_is_told_in_bytes() -> None:
    with pytest.raises(InputError, match=r"memory_limit is 100,000 bytes, and 12 against 12"):
        sparse_ot.solve_sample(X, Y, memory_limit=1e5)
