"""Two ways to begin, and the way from one to the other: the same optimum at the end of all."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from support.brute_force import cost_matrix
from support.certify import certify

import sparse_ot
from sparse_ot import Round, Status, _core, solve_sample
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.solvers.starts import choose as first_plan
from sparse_ot.solvers.starts import multiscale
from sparse_ot.solvers.starts.levels import north_west


def uniform(n: int, d: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.random((n, d)), rng.random((n, d))


def apart(n: int, d: int, seed: int = 0) -> tuple[Any, Any]:
    """A narrow cloud and a wide one: no mass finds its partner among its neighbours."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), 3.0 * rng.normal(size=(n, d)) + 1.0


@pytest.mark.parametrize("seed", range(8))
def test_masses_that_are_no_counts_fit_the_coarse_plan(seed: int) -> None:
    """Totals that differ in the last digit make b be rescaled: in one way, wherever it is done."""
    rng = np.random.default_rng(seed)
    X, Y = uniform(800, 2, seed)
    a, b = rng.random(800), rng.random(800)
    a, b = a / a.sum(), b / b.sum()
    solution = solve_sample(X, Y, a, b)
    assert solution.stats.seconds["coarse to fine"] > 0
    certify(a, b, cost_matrix(X, Y, "sqeuclidean"), solution)


def test_alike_clouds_of_equal_masses_do_without_coarse_levels() -> None:
    X, Y = uniform(800, 5)
    solution = solve_sample(X, Y)
    assert solution.stats.seconds["coarse to fine"] == 0
    certify(None, None, cost_matrix(X, Y, "sqeuclidean"), solution)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_a_plain_start_that_was_wrong_is_given_up(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, Y = apart(800, 5)
    M = cost_matrix(X, Y, metric)
    rounds: list[Round] = []
    solution = solve_sample(X, Y, metric=metric, progress=rounds.append)
    assert rounds[0].gap > 0.2
    assert solution.stats.seconds["coarse to fine"] > 0
    certify(None, None, M, solution)
    for before, after in itertools.pairwise(rounds):
        assert after.upper <= before.upper * (1 + 1e-14)
        assert after.lower >= before.lower
        assert after.pivots >= before.pivots
    monkeypatch.setattr(first_plan, "MAX_PLAIN_GAP", np.inf)
    patient: list[Round] = []
    plain = solve_sample(X, Y, metric=metric, progress=patient.append)
    assert float(plain.value) == pytest.approx(float(solution.value), rel=1e-12)
    assert len(patient) > len(rounds)


def test_a_second_plan_that_turns_out_worse_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y = apart(800, 5)

    def in_the_order_given(x: Any, y: Any, a: Any, b: Any, **_: Any) -> multiscale.Start:
        masses = _core.Masses(a, b, math.inf)
        plan = north_west(masses.supply, masses.demand)
        return multiscale.Start(*plan, np.zeros(len(x)), np.zeros(len(y)))

    monkeypatch.setattr(multiscale, "start", in_the_order_given)
    rounds: list[Round] = []
    solution = solve_sample(X, Y, progress=rounds.append)
    assert solution.stats.seconds["coarse to fine"] > 0
    certify(None, None, cost_matrix(X, Y, "sqeuclidean"), solution)
    for before, after in itertools.pairwise(rounds):
        assert after.upper <= before.upper * (1 + 1e-14)


@pytest.mark.parametrize("clouds", [uniform, apart])
@pytest.mark.parametrize("masses", [False, True])
def test_no_time_at_all_still_gives_a_plan_and_bounds(clouds: Any, masses: bool) -> None:
    X, Y = clouds(900, 3)
    a = b = None
    if masses:
        rng = np.random.default_rng(1)
        a, b = rng.random(900), rng.random(900)
        a, b = a / a.sum(), b / b.sum()
    optimum = solve_sample(X, Y, a, b).certificate.value
    solution = solve_sample(X, Y, a, b, time_limit=1e-6)
    assert solution.status is Status.TIME_LIMIT
    assert solution.certificate.worst_marginal_error < 1e-12
    assert solution.certificate.lower_bound <= optimum * (1 + 1e-12)
    assert solution.certificate.value >= optimum * (1 - 1e-12)


class Sickly:
    """A cost model whose pricing returns a NaN."""

    def __init__(self, X: Any, Y: Any) -> None:
        self.points = PointCloudCost(X, Y)
        self.shape, self.scope = self.points.shape, "dense"
        self.backend, self.like = self.points.backend, self.points.like
        self.arc_at, self.arc_costs = self.points.arc_at, self.points.arc_costs
        self.candidate_arcs = self.points.candidate_arcs

    def price(self, u: Any, v: Any, per_point: int) -> Any:
        found = self.points.price(u, v, per_point)
        minima = found.row_minima.copy()
        minima[7] = np.nan
        return found._replace(row_minima=minima)


def test_a_minimum_that_is_no_number_names_its_source() -> None:
    with pytest.raises(sparse_ot.NonFiniteError, match="source 7 is NaN"):
        sparse_ot.solve(Sickly(*uniform(100, 2)))


@pytest.mark.parametrize("n", [30, 1500])
def test_a_metric_function_that_is_never_a_number_is_an_error(n: int) -> None:
    def nowhere(x: Any, y: Any) -> Any:
        return np.full(x.shape[0], np.nan)

    with pytest.raises(sparse_ot.NonFiniteError, match="nan"):
        solve_sample(*uniform(n, 2), metric=nowhere)


def test_a_metric_function_of_complex_costs_is_refused() -> None:
    def complex_cost(x: Any, y: Any) -> Any:
        return (x - y).sum(axis=-1) * 1j

    with pytest.raises(sparse_ot.UnsupportedArrayError, match="returned costs of dtype complex128"):
        solve_sample(*uniform(20, 2), metric=complex_cost)
