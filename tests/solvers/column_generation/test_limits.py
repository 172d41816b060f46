"""A solve that is stopped short returns a feasible plan and honest bounds, or raises cleanly."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.brute_force import cost_matrix
from support.certify import certify_plan

import sparse_ot
from sparse_ot import Round, Status, solve_sample


def two_clouds(n: int = 750, m: int = 700, d: int = 2) -> tuple[Any, Any, Any, Any]:
    """Random masses, and few enough points for a plain start, which takes several rounds."""
    rng = np.random.default_rng(11)
    X, Y = rng.random((n, d)), rng.random((m, d)) ** 2
    a, b = rng.random(n), rng.random(m)
    return X, Y, a / a.sum(), b / b.sum()


@pytest.fixture(scope="module")
def optimum() -> float:
    return float(solve_sample(*two_clouds()).value)


def check_bounds(solution: sparse_ot.Solution, optimum: float) -> None:
    """The plan is a plan, the potentials are feasible for all pairs, and the bounds are bounds."""
    X, Y, a, b = two_clouds()
    M = cost_matrix(X, Y, "sqeuclidean")
    upper = certify_plan(a, b, M, solution.plan)
    u, v = solution.potentials
    assert (M - u[:, None] - v).min() > -1e-14
    certificate = solution.certificate
    assert certificate.value == pytest.approx(upper, rel=1e-12)
    assert certificate.lower_bound == pytest.approx(float(u @ a + v @ b), rel=1e-9, abs=1e-12)
    assert certificate.lower_bound <= optimum * (1 + 1e-12)
    assert certificate.value >= optimum * (1 - 1e-12)


def test_every_round_brings_the_bounds_closer(optimum: float) -> None:
    rounds: list[Round] = []
    solution = solve_sample(*two_clouds(), progress=rounds.append)
    assert [r.number for r in rounds] == list(range(1, len(rounds) + 1))
    assert len(rounds) == solution.stats.rounds
    for before, after in itertools.pairwise(rounds):
        assert after.upper <= before.upper * (1 + 1e-14)
        assert after.lower >= before.lower
        assert after.arcs <= before.arcs + before.added
        assert after.pivots >= before.pivots
        assert after.seconds >= before.seconds
    assert all(r.lower <= optimum * (1 + 1e-12) <= r.upper * (1 + 2e-12) for r in rounds)
    assert rounds[-1].added == 0
    assert rounds[-1].gap < 1e-13


def test_progress_true_prints_a_line_a_round(capsys: pytest.CaptureFixture[str]) -> None:
    solution = solve_sample(*two_clouds(), progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert len(lines) == solution.stats.rounds
    assert all("upper" in line and "lower" in line and "arcs" in line for line in lines)


@pytest.mark.parametrize("tol", [0.3, 1e-2, 1e-4])
def test_a_tolerance_stops_as_soon_as_the_gap_is_within_it(tol: float, optimum: float) -> None:
    exact = solve_sample(*two_clouds())
    solution = solve_sample(*two_clouds(), tol=tol)
    assert solution.converged
    assert solution.certificate.gap <= tol * solution.certificate.value
    assert solution.stats.rounds <= exact.stats.rounds
    check_bounds(solution, optimum)


def test_a_tolerance_that_was_not_needed_is_not_claimed() -> None:
    solution = solve_sample([[0.0, 1.0]], [[1.0, 1.0]], tol=0.5)
    assert solution.status in (Status.OPTIMAL, Status.GAP_REACHED)
    assert solution.certificate.gap == 0.0


def test_a_time_limit_returns_the_best_plan_with_its_gap(optimum: float) -> None:
    solution = solve_sample(*two_clouds(), time_limit=1e-6)
    assert solution.status is Status.TIME_LIMIT
    assert not solution.converged
    assert solution.stats.rounds == 1
    check_bounds(solution, optimum)


@pytest.mark.slow
def test_a_time_limit_is_kept() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.random((20_000, 2)), rng.random((20_000, 2))
    began = time.perf_counter()
    solution = solve_sample(X, Y, time_limit=1.0)
    taken = time.perf_counter() - began
    if solution.status is Status.TIME_LIMIT:  # else the machine is fast enough
        assert taken < 15.0
        assert solution.certificate.gap > 0


class Interrupt:
    """A progress function that plays the user: Ctrl-C in the round given."""

    def __init__(self, *at: int) -> None:
        self.at = at

    def __call__(self, a_round: Round) -> None:
        if a_round.number in self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("at", [1, 2])
def test_ctrl_c_returns_the_best_plan_with_its_gap(at: int, optimum: float) -> None:
    solution = solve_sample(*two_clouds(), progress=Interrupt(at))
    assert solution.status is Status.INTERRUPTED
    assert solution.stats.rounds == at
    check_bounds(solution, optimum)


def test_an_interrupted_solve_can_be_continued(optimum: float) -> None:
    stopped = solve_sample(*two_clouds(), progress=Interrupt(2))
    rounds: list[Round] = []
    solution = solve_sample(*two_clouds(), start=stopped, progress=rounds.append)
    assert solution.status is Status.OPTIMAL
    assert float(solution.value) == pytest.approx(optimum, rel=1e-12)
    assert rounds[0].gap < stopped.certificate.gap / stopped.certificate.value


def ctrl_c_while_pricing(times: int) -> type[sparse_ot.PointCloudCost]:
    """Points whose pricing is interrupted by the user, the first `times` times."""

    class Interrupted(sparse_ot.PointCloudCost):
        left = times

        def price(self, u: Any, v: Any, per_point: int) -> Any:
            if type(self).left > 0:
                type(self).left -= 1
                raise KeyboardInterrupt
            return super().price(u, v, per_point)

    return Interrupted


class Wrapped:
    """Any cost model, as a user's own: only the protocol shows."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.shape, self.backend = model.shape, model.backend
        self.scope, self.like = model.scope, model.like
        self.candidate_arcs, self.arc_costs = model.candidate_arcs, model.arc_costs
        self.price, self.arc_at = model.price, model.arc_at


def test_ctrl_c_before_there_is_a_bound_makes_the_bound_first(optimum: float) -> None:
    X, Y, a, b = two_clouds()
    solution = sparse_ot.solve(Wrapped(ctrl_c_while_pricing(1)(X, Y)), a, b)
    assert solution.status is Status.INTERRUPTED
    check_bounds(solution, optimum)


def test_ctrl_c_twice_raises() -> None:
    X, Y, a, b = two_clouds()
    with pytest.raises(KeyboardInterrupt):
        sparse_ot.solve(Wrapped(ctrl_c_while_pricing(2)(X, Y)), a, b)


def test_ctrl_c_inside_the_simplex_ends_the_solve(optimum: float) -> None:
    X, Y, a, b = two_clouds()

    def interrupt(pivots: int, seconds: float, value: float) -> None:
        raise KeyboardInterrupt

    solution = sparse_ot.solve(sparse_ot.PointCloudCost(X, Y), a, b, progress=interrupt)
    assert solution.status is Status.INTERRUPTED
    check_bounds(solution, optimum)


def test_max_pivots_stops_the_solve_of_a_cloud(optimum: float) -> None:
    X, Y, a, b = two_clouds()
    solution = sparse_ot.solve(sparse_ot.PointCloudCost(X, Y), a, b, max_pivots=50)
    assert solution.status is Status.PIVOT_LIMIT
    assert solution.stats.pivots == 50
    check_bounds(solution, optimum)


def test_too_little_memory_is_refused_up_front() -> None:
    def nothing_starts(a_round: Round) -> None:
        raise AssertionError(a_round)

    with pytest.raises(sparse_ot.InputError, match=r"estimated to take .* MiB. Raise the limit"):
        solve_sample(*two_clouds(), memory_limit=1e6, progress=nothing_starts)


def test_enough_memory_changes_nothing(optimum: float) -> None:
    solution = solve_sample(*two_clouds(), memory_limit=4e9)
    assert solution.status is Status.OPTIMAL
    assert float(solution.value) == optimum


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tol": -1e-3}, "tol must be a number of at least 0"),
        ({"tol": float("nan")}, "tol must be"),
        ({"tol": "small"}, "tol must be"),
        ({"time_limit": 0.0}, "time_limit must be a positive number"),
        ({"memory_limit": "1 GB"}, "memory_limit must be a positive number"),
        ({"metric": "euclid"}, "Did you mean 'euclidean'"),
        ({"start": 3.0}, "start must be a Solution, or a pair"),
        ({"start": (np.zeros(750), None)}, "start must be a Solution, or a pair"),
    ],
)
def test_options_that_make_no_sense_are_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(sparse_ot.InputError, match=message):
        solve_sample(*two_clouds(), **wrong)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X, Y, a, b: (X, Y, -a, b), sparse_ot.MassError, r"a\[0\]"),
        (lambda X, Y, a, b: (X, Y, a, 2 * b), sparse_ot.MassError, "a sums to"),
        (lambda X, Y, a, b: (X, Y, a * np.nan, b), sparse_ot.NonFiniteError, r"a\[0\]"),
        (lambda X, Y, a, b: (X, Y, a[:-1], b), sparse_ot.ShapeError, "a has shape"),
        (lambda X, Y, a, b: (X, Y[:, :1], a, b), sparse_ot.ShapeError, "coordinates"),
        (lambda X, Y, a, b: (X * np.inf, Y, a, b), sparse_ot.NonFiniteError, r"X\[0\]"),
    ],
)
def test_faults_of_the_input_are_named(
    change: Callable[..., Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        solve_sample(*change(*two_clouds()))


def test_a_metric_that_gives_nan_is_named_by_its_pair() -> None:
    def broken(x: Any, y: Any) -> Any:
        return np.where(x[:, 0] > 0.99, np.nan, ((x - y) ** 2).sum(-1))

    with pytest.raises(sparse_ot.NonFiniteError, match=r"from X\[\d+\] to Y\[\d+\] is nan"):
        solve_sample(*two_clouds(), metric=broken)


SIGINT_SCRIPT = """
import os, sys, numpy as np, sparse_ot
rng = np.random.default_rng(0)
X, Y = rng.random((8000, 2)), rng.random((8000, 2)) ** 2
a, b = rng.random(8000), rng.random(8000)
a, b = a / a.sum(), b / b.sum()
start = (np.zeros(8000), np.zeros(8000)) if sys.argv[1] == "plain" else None
sparse_ot.solve_sample(X[:100], Y[:100])  # everything is imported
print("go", flush=True)
try:
    s = sparse_ot.solve_sample(X, Y, a, b, start=start)
except KeyboardInterrupt:
    print("raised")
else:
    sums = np.asarray(s.plan.sum(axis=1)), np.asarray(s.plan.sum(axis=0))
    sound = np.allclose(sums[0], a, atol=1e-14) and np.allclose(sums[1], b, atol=1e-14)
    print(s.status.name, sound and s.certificate.lower_bound <= s.certificate.value)
sys.stdout.flush()
os._exit(0)  # an interpreter that is shutting down no longer knows of Ctrl-C, and dies of it
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("start", ["plain", "coarse_to_fine"])
def test_a_signal_at_any_moment_returns_or_raises_cleanly(start: str, tmp_path: Path) -> None:
    for delay in (0.01, 0.05, 0.2, 0.4, 0.8):
        running = subprocess.Popen(
            [sys.executable, "-c", SIGINT_SCRIPT, start],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        assert running.stdout.readline() == "go\n"
        time.sleep(delay)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
        assert running.returncode == 0 or "KeyboardInterrupt" in err, err
        assert out in ("raised\n", "INTERRUPTED True\n", "OPTIMAL True\n", "")
