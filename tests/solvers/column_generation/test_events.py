"""The host's half of column generation, step by step: each event is what the next step needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.brute_force import cost_matrix
from support.certify import certify_infeasible, certify_plan

from sparse_ot import DenseCost, Status
from sparse_ot.backends.protocol import Pricing
from sparse_ot.solvers.column_generation.events import (
    BadMinimum,
    BadNumber,
    BadPoint,
    Infeasible,
    Ready,
    Solved,
    StartOver,
    Starved,
    Stopped,
)
from sparse_ot.solvers.column_generation.farkas import dual_ray
from sparse_ot.solvers.column_generation.restricted_problem import (
    Opened,
    RestrictedProblem,
    Settings,
    open_problem,
)
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import NOBODY
from sparse_ot.solvers.starts.choose import FirstPlan, FirstPlans


def settings(**limits: Any) -> Settings:
    return Settings(Limits(**limits), NOBODY, True, "float64", 1e-6)


def masses(n: int = 40, m: int = 30) -> tuple[Any, Any]:
    rng = np.random.default_rng(n)
    a, b = rng.random(n), rng.random(m)
    return a / a.sum(), b / b.sum()


def opened(a: Any, b: Any, **limits: Any) -> Opened:
    _, event = open_problem(settings(**limits), FirstPlans(), True, a, b)
    assert isinstance(event, Opened)
    return event


def price(M: Any, u: Any, v: Any) -> Pricing:
    return DenseCost(M).price(u, v, 4)


def solved_on_the_plan(M: Any, a: Any, b: Any) -> tuple[RestrictedProblem, Any, Solved]:
    host, plan, _ = opened(a, b)
    assert plan is not None
    _, ready = host.begin(plan, plan.rows, plan.cols, M[plan.rows, plan.cols])
    assert ready == Ready()
    potentials, solved = host.run()
    assert isinstance(solved, Solved)
    return host, potentials, solved


def test_steps_lead_from_masses_to_a_proof() -> None:
    a, b = masses()
    M = np.random.default_rng(1).random((40, 30))
    event: Any
    host, potentials, event = solved_on_the_plan(M, a, b)
    while isinstance(event, Solved):
        potentials, event = host.advance(event, False, *price(M, *potentials))
    assert isinstance(event, Stopped)
    assert event.status is Status.OPTIMAL
    (rows, cols, flow, u, v, value), record = host.finish()
    assert len(rows) == event.used
    plan = np.zeros_like(M)
    plan[rows, cols] = flow
    assert certify_plan(a, b, M, plan) == pytest.approx(float(value), rel=1e-12)
    assert (M - u[:, None] - v).min() > -1e-14
    assert record.value == pytest.approx(record.lower_bound, rel=1e-12)
    assert record.rounds > 1


def test_potentials_and_the_record_of_them_come_together() -> None:
    a, b = masses()
    M = np.random.default_rng(2).random((40, 30))
    _, (u, v), solved = solved_on_the_plan(M, a, b)
    np.testing.assert_array_equal(solved.given[0], u)
    np.testing.assert_array_equal(solved.given[1], v)
    assert u @ a == pytest.approx(v @ b, rel=1e-9)


def test_a_poor_first_plan_is_given_up_only_if_there_is_a_second() -> None:
    a, b = masses(200, 150)
    rng = np.random.default_rng(3)
    M = cost_matrix(rng.random((200, 2)), rng.random((150, 2)) + 0.1, "sqeuclidean")
    for second in (True, False):
        host, potentials, solved = solved_on_the_plan(M, a, b)
        _, event = host.advance(solved, second, *price(M, *potentials))
        assert isinstance(event, StartOver if second else Solved)


def test_starved_sources_are_led_out_or_proved_to_have_no_way() -> None:
    M = np.full((4, 4), np.inf)
    M[:, 0] = 1.0
    M[np.arange(4), np.arange(4)] = 100.0
    a = np.full(4, 0.25)
    host = opened(a, a).problem
    event: Any
    rows, cols = np.arange(4), np.zeros(4, int)
    _, event = host.begin(None, rows, cols, M[rows, cols])
    assert isinstance(event, Starved)
    certify_infeasible(a, a, np.where(np.arange(4) == 0, M, np.inf), event.violation)
    while isinstance(event, Starved):
        found = price(M, *event.prices(4, 4))
        _, event = host.rescue(event, found.rows, found.cols, found.costs)
    assert event == Ready()
    forbidden = opened(a, a).problem
    _, event = forbidden.begin(None, rows, cols, M[rows, cols])
    nothing = (np.empty(0, int), np.empty(0, int), np.empty(0))
    penalties = []
    while isinstance(event, Starved):
        penalties.append(event.penalty)
        _, event = forbidden.rescue(event, *nothing)
    assert isinstance(event, Infeasible)
    assert len(penalties) == 2
    assert penalties[0] < penalties[1], "the dearest prices are tried before giving up"
    u, v = dual_ray(event.violation, 4, 4)
    assert a @ u + a @ v > 0
    assert (u[:, None] + v)[:, 0].max() <= 0


def test_bad_numbers_come_back_as_events() -> None:
    a, b = masses()
    x = np.zeros((40, 2))
    x[3] = np.nan
    event: Any
    _, event = open_problem(settings(), FirstPlans(), False, a, b, x, np.zeros((30, 2)))
    assert isinstance(event, BadPoint)
    assert (event.cloud, event.place) == ("X", 3)
    _, event = open_problem(settings(), FirstPlans(), True, -a, b)
    assert isinstance(event, BadNumber)
    assert event.fault.index == 0
    M = np.random.default_rng(4).random((40, 30))
    host, plan, _ = opened(a, b)
    assert plan is not None
    costs = M[plan.rows, plan.cols].copy()
    costs[5] = np.nan
    _, event = host.begin(plan, plan.rows, plan.cols, costs)
    assert isinstance(event, BadNumber)
    assert event.arc_at(event.fault.index) == (plan.rows[5], plan.cols[5])
    host, potentials, solved = solved_on_the_plan(M, a, b)
    pricing = price(M, *potentials)
    minima = pricing.row_minima.copy()
    minima[7] = np.nan
    _, event = host.advance(solved, False, *pricing[:3], minima)
    assert event == BadMinimum(7)


def test_ctrl_c_outside_ends_the_solve_as_soon_as_there_is_a_bound() -> None:
    a, b = masses()
    M = np.random.default_rng(5).random((40, 30))
    host, potentials, solved = solved_on_the_plan(M, a, b)
    assert host.interrupt(solved) is solved, "a bound is made first"
    assert host.interrupt(solved) is None, "the second time"
    _, event = host.advance(solved, False, *price(M, *potentials))
    assert isinstance(event, Stopped)
    assert event.status is Status.INTERRUPTED
    fresh = opened(a, b).problem
    assert fresh.interrupt(Ready()) is None, "there is no plan yet"
    host, potentials, solved = solved_on_the_plan(M, a, b)
    _, event = host.advance(solved, True, *price(M, *potentials))
    stopped = host.interrupt(event)
    assert isinstance(stopped, Stopped)
    assert stopped.status is Status.INTERRUPTED


def test_a_first_plan_knows_what_the_device_needs() -> None:
    rows = np.arange(3)
    assert len(FirstPlan(rows, rows).arrays) == 2
    assert len(FirstPlan(rows, rows, rows, (rows, rows)).arrays) == 4
