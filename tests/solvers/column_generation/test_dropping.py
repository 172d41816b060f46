"""Arcs come and go: the restricted problem stays small, and the optimum is the optimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.brute_force import cost_matrix
from support.certify import certify
from support.clouds import Clouds, draw

import sparse_ot
from sparse_ot import Round, Status
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.problem.problem import Problem
from sparse_ot.solvers.column_generation import driver as column_generation
from sparse_ot.solvers.column_generation import restricted_problem as restricted
from sparse_ot.solvers.column_generation.driver import solve_by_columns
from sparse_ot.solvers.limits import Limits
from sparse_ot.solvers.progress import Watch


@pytest.fixture(autouse=True)
def few_arcs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two neighbours a point to begin with, three arcs at most, one kept beside the basis."""
    monkeypatch.setattr(column_generation, "ALL_PAIRS", 0)
    monkeypatch.setattr(column_generation, "FIRST_NEIGHBOURS", 2)
    monkeypatch.setattr(restricted, "MAX_ARCS", 3)
    monkeypatch.setattr(restricted, "KEPT_ARCS", 1)


def far_to_go(n: int = 300) -> Clouds:
    """Masses that must travel, so that the first arcs are poor and many rounds follow."""
    rng = np.random.default_rng(3)
    a, b = rng.random(n), rng.random(n)
    return Clouds(rng.random((n, 2)), rng.random((n, 2)) ** 2, a / a.sum(), b / b.sum())


def solve(clouds: Clouds, limits: Limits) -> tuple[sparse_ot.Solution, list[Round]]:
    X, Y, a, b = clouds
    rounds: list[Round] = []
    problem = Problem.parse(PointCloudCost(X, Y), a, b)
    return solve_by_columns(problem, limits=limits, watch=Watch(on_round=rounds.append)), rounds


def dropped(rounds: list[Round]) -> int:
    """Arcs that went between two rounds."""
    return sum(x.arcs + x.added - y.arcs for x, y in itertools.pairwise(rounds))


@pytest.mark.parametrize(
    "family", ["uniform_d2", "masses_d3", "grid_shifted", "duplicates", "clustered", "zero_masses"]
)
def test_an_optimum_found_while_arcs_are_dropped_is_the_optimum(family: str) -> None:
    clouds = draw(family, 0)
    solution, _ = solve(clouds, Limits())
    assert solution.status is Status.OPTIMAL
    certify(clouds.a, clouds.b, cost_matrix(clouds.X, clouds.Y, "sqeuclidean"), solution)


def test_arcs_are_dropped_and_the_bounds_do_not_notice() -> None:
    clouds = far_to_go()
    solution, rounds = solve(clouds, Limits())
    certify(clouds.a, clouds.b, cost_matrix(clouds.X, clouds.Y, "sqeuclidean"), solution)
    assert dropped(rounds) > 1000
    for before, after in itertools.pairwise(rounds):
        assert after.upper <= before.upper * (1 + 1e-14)
        assert after.lower >= before.lower


def test_a_limit_of_arcs_is_kept_by_dropping_them() -> None:
    clouds = far_to_go()
    most = 1500  # of 90,000 pairs, with 599 of them in the basis
    solution, rounds = solve(clouds, Limits(arcs=most))
    assert solution.status is Status.OPTIMAL
    assert all(a_round.arcs <= most for a_round in rounds[1:])  # the first arcs are given
    assert dropped(rounds) > 0


def test_what_cannot_be_kept_by_dropping_ends_with_bounds() -> None:
    clouds = far_to_go()
    optimum = solve(clouds, Limits())[0].certificate.value
    solution, _ = solve(clouds, Limits(arcs=599))  # a basis, and nothing else
    assert solution.status is Status.MEMORY_LIMIT
    assert solution.certificate.lower_bound <= optimum <= solution.certificate.value
    assert solution.certificate.gap > 0
