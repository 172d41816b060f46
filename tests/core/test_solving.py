"""The compiled solve, called as Python calls it: arrays in, arrays out, failure as data."""

from __future__ import annotations

import math
import os
import pickle
import signal
import threading
from typing import Any

import numpy as np
import pytest

from sparse_ot.core import (
    REPORT_CODES,
    REPORT_NUMBERS,
    Answer,
    Fault,
    FaultKind,
    LiveBasis,
    Masses,
    Report,
    SolveSettings,
    Status,
    certify,
    gauge,
    rounding,
    solve_arcs,
    solve_matrix,
)
from sparse_ot.errors import HallViolation
from sparse_ot.solvers.starts.levels import north_west


def settings(
    *, center: bool = True, max_pivots: int = -1, seconds: float = math.inf, elapsed: float = 0.0
) -> SolveSettings:
    return SolveSettings(center, max_pivots, seconds, elapsed)


def report_of(answer: Answer) -> Report:
    return Report.read(answer.numbers, answer.codes)


def problem(rng: np.random.Generator, n: int, m: int) -> tuple[Any, Any, Any]:
    a, b = rng.random(n) + 0.1, rng.random(m) + 0.1
    return a / a.sum(), b / b.sum(), rng.random((n, m))


def as_arcs(M: Any) -> tuple[Any, Any, Any]:
    rows, cols = np.indices(M.shape)
    return rows.reshape(-1), cols.reshape(-1), M.reshape(-1)


@pytest.mark.parametrize("index", [np.int32, np.int64, np.int16])
def test_arcs_and_a_small_matrix_are_one_problem(rng: np.random.Generator, index: Any) -> None:
    a, b, M = problem(rng, 25, 30)
    rows, cols, costs = as_arcs(M)
    masses = Masses(a, b, 1e-9)
    whole = solve_matrix(masses, M, settings=settings())
    listed = solve_arcs(masses, rows.astype(index), cols.astype(index), costs, settings=settings())
    for one, other in zip(whole[:4], listed[:4], strict=True):
        if one is not whole.numbers:
            np.testing.assert_array_equal(one, other)
    assert report_of(whole).status is report_of(listed).status is Status.OPTIMAL
    proof = certify(a, b, rows, cols, costs, listed.flow, listed.u, listed.v)
    report = report_of(listed)
    assert proof == (
        report.value,
        report.lower_bound,
        report.worst_reduced_cost,
        report.worst_marginal_error,
    )
    assert report.rounding == rounding(a, listed.u, b, listed.v)
    assert gauge(a, b, listed.u, listed.v) == pytest.approx(0.0, abs=1e-15)
    assert report.total_mass == pytest.approx(1.0, rel=1e-15)


def test_a_report_names_every_entry_of_its_vectors_once() -> None:
    names = [*REPORT_NUMBERS, *REPORT_CODES]
    assert len(set(names)) == len(names)
    numbers = np.arange(float(len(REPORT_NUMBERS)))
    codes = np.zeros(len(REPORT_CODES), np.int64)
    codes[REPORT_CODES.index("pivots")] = 77
    report = Report.read(numbers, codes)
    assert report.pivots == 77
    assert report.rounding == REPORT_NUMBERS.index("rounding")
    assert report.fault is None


def test_a_violation_comes_as_a_record_and_as_a_dual_ray() -> None:
    masses = Masses(np.asarray([1.0, 2.0]), np.asarray([2.0, 1.0]), 0.0)
    M = np.asarray([[0.0, 1.0], [np.inf, 1.0]])
    answer = solve_matrix(masses, M, settings=settings())
    assert report_of(answer).status is Status.INFEASIBLE
    violation = answer.violation
    assert isinstance(violation, HallViolation)
    assert (violation.sources.tolist(), violation.targets.tolist()) == ([1], [1])
    assert (violation.supply, violation.demand) == (2.0, 1.0)
    assert (answer.u.tolist(), answer.v.tolist()) == ([0.0, 1.0], [0.0, -1.0])
    assert np.isnan(answer.flow).all()
    assert math.isnan(report_of(answer).value)


@pytest.mark.parametrize(
    ("change", "kind", "index"),
    [
        ({"a": [1.0, np.nan]}, FaultKind.NON_FINITE_SUPPLY, 1),
        ({"b": [-1.0, 3.0]}, FaultKind.NEGATIVE_DEMAND, 0),
        ({"b": [1.0, 3.0]}, FaultKind.UNEQUAL_TOTALS, -1),
        ({"M": [[0.0, 1.0], [np.nan, 1.0]]}, FaultKind.NAN_COST, 2),
        ({"M": [[0.0, -np.inf], [0.0, 1.0]]}, FaultKind.MINUS_INFINITE_COST, 1),
        ({"v": [0.0, np.inf]}, FaultKind.NON_FINITE_V, 1),
    ],
)
def test_a_fault_is_an_enum_and_a_place(change: Any, kind: FaultKind, index: int) -> None:
    given: dict[str, Any] = {"a": [1.0, 1.0], "b": [1.0, 1.0], "M": [[0.0, 1.0], [1.0, 0.0]]}
    x = {name: np.asarray(values) for name, values in (given | change).items()}
    start = (np.zeros(2), x["v"]) if "v" in x else None
    answer = solve_matrix(Masses(x["a"], x["b"], 1e-9), x["M"], settings=settings(), start=start)
    report = report_of(answer)
    assert report.status is Status.INVALID
    assert report.fault is not None
    assert report.fault.kind is kind
    assert report.fault.index == index
    assert np.isnan(answer.u).all()


def test_codes_are_numbers_in_python_too() -> None:
    assert [status.code for status in Status] == list(range(8))
    assert pickle.loads(pickle.dumps(FaultKind.NAN_COST)) is FaultKind.NAN_COST
    assert pickle.loads(pickle.dumps(Status.OPTIMAL)) is Status.OPTIMAL
    assert FaultKind(7) == 7
    fault = Fault(FaultKind.NAN_COST, 3, math.nan, 0.0)
    assert (fault.kind, fault.index) == (FaultKind.NAN_COST, 3)
    assert "index=3" in repr(fault)


def test_progress_is_called_at_the_end_with_the_value_of_the_report(
    rng: np.random.Generator,
) -> None:
    a, b, M = problem(rng, 40, 50)
    seen: list[tuple[int, float, float]] = []
    answer = solve_matrix(
        Masses(a, b, 1e-9), M, settings=settings(), progress=lambda *x: seen.append(x)
    )
    report = report_of(answer)
    assert seen[-1][0] == report.pivots
    assert seen[-1][2] == pytest.approx(report.value, rel=1e-12)


def test_an_exception_of_progress_comes_out_of_the_solve(rng: np.random.Generator) -> None:
    a, b, M = problem(rng, 20, 20)

    def refuse(*_: float) -> None:
        msg = "enough"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="enough"):
        solve_matrix(Masses(a, b, 1e-9), M, settings=settings(), progress=refuse)


def test_ctrl_c_ends_a_long_solve(rng: np.random.Generator) -> None:
    """Long, as it starts from a poor plan; the signal comes while the core works."""
    n = 3000
    a, b, M = problem(rng, n, n)
    masses, zero = Masses(a, b, 1e-9), np.zeros(n)
    rows, cols, flow = north_west(masses.supply, masses.demand)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        solve_matrix(
            masses, M, settings=settings(), start=(zero, zero), plan=(rows * n + cols, flow)
        )
    timer.join()


def test_limits_count_what_was_used_up_before_the_call(rng: np.random.Generator) -> None:
    a, b, M = problem(rng, 60, 60)
    masses, start = Masses(a, b, 1e-9), (np.zeros(60), -rng.random(60))
    late = solve_matrix(masses, M, settings=settings(seconds=1.0, elapsed=2.0), start=start)
    few = solve_matrix(masses, M, settings=settings(max_pivots=2), start=start)
    assert report_of(late).status is Status.TIME_LIMIT
    assert report_of(few).status is Status.PIVOT_LIMIT
    assert report_of(few).pivots == 2
    for answer in (late, few):
        assert report_of(answer).worst_marginal_error < 1e-15


def test_masses_are_quantised_once_for_all_that_ask(rng: np.random.Generator) -> None:
    a, b, M = problem(rng, 30, 20)
    masses = Masses(a, b, 1e-9)
    again = Masses(a, b, 1e-9)
    np.testing.assert_array_equal(masses.supply, again.supply)
    np.testing.assert_array_equal(masses.demand, again.demand)
    assert masses.unit == again.unit
    np.testing.assert_allclose(masses.supply * masses.unit, a, rtol=1e-6)
    assert masses.supply.sum() == masses.demand.sum()
    rows, cols, costs = as_arcs(M)
    plans = []
    for basis in (LiveBasis(masses), LiveBasis(a, b, 1e-9)):
        basis.add(rows, cols, costs)
        assert basis.start()
        assert basis.run(10**6, math.inf) is Status.OPTIMAL
        plans.append(basis.flow())
    np.testing.assert_array_equal(plans[0], plans[1])


def test_calls_in_the_wrong_order_are_refused(rng: np.random.Generator) -> None:
    a, b, M = problem(rng, 5, 4)
    basis = LiveBasis(a, b, 1e-9)
    basis.add(*as_arcs(M))
    for call in (basis.flow, basis.value, basis.arcs, basis.potentials):
        with pytest.raises(ValueError, match="before start"):
            call()
    with pytest.raises(ValueError, match="before start"):
        basis.run(1, 1.0)
    assert basis.start()
    with pytest.raises(ValueError, match="started already"):
        basis.start()


def test_a_basis_that_starves_starts_again_with_more_arcs() -> None:
    basis = LiveBasis(np.asarray([1.0, 2.0]), np.asarray([2.0, 1.0]), 0.0)
    basis.add(np.asarray([0, 1]), np.asarray([0, 1]), np.asarray([1.0, 3.0]))
    assert not basis.start()
    violation = basis.starved()
    assert (violation.sources.tolist(), violation.supply, violation.demand) == ([1], 2.0, 1.0)
    basis.add(np.asarray([1]), np.asarray([0]), np.asarray([5.0]))
    assert basis.start()
    assert basis.run(100, math.inf) is Status.OPTIMAL
    assert basis.flow().tolist() == [1.0, 1.0, 1.0]
