"""The multiscale start: feasible to the unit, near the optimum, and at home in bad weather."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from support.metrics import EVERY_METRIC

from sparse_ot import _core
from sparse_ot.backends.numpy.search import pair_costs
from sparse_ot.core import LiveBasis, Masses, Report, SolveSettings, Status, solve_matrix
from sparse_ot.solvers.starts import multiscale
from sparse_ot.solvers.starts.levels import Groups, Plan, deal, north_west
from sparse_ot.solvers.starts.multiscale import Start

SQUARES = _core.Metric.sqeuclidean


def value_of(start, x, y, metric="sqeuclidean"):
    """Cost of the plan per unit of mass."""
    costs = pair_costs(x, y, start.rows, start.cols, metric)
    flow = start.flow.astype(float)
    return float(flow @ costs / flow.sum())


def check_feasible(start, a, b):
    """Both marginals to the unit, each pair once, potentials finite."""
    masses = _core.Masses(a, b, np.inf)
    supply, demand = masses.supply, masses.demand
    sent, received = np.zeros_like(supply), np.zeros_like(demand)
    np.add.at(sent, start.rows, start.flow)
    np.add.at(received, start.cols, start.flow)
    np.testing.assert_array_equal(sent, supply)
    np.testing.assert_array_equal(received, demand)
    assert (start.flow > 0).all()
    pairs = start.rows * demand.size + start.cols
    assert np.unique(pairs).size == pairs.size
    assert np.isfinite(start.u).all()
    assert np.isfinite(start.v).all()


def optimum_of(x, y, a, b, metric):
    """Cost of the optimal plan over all pairs, by the simplex on the whole matrix."""
    rows, cols = np.repeat(np.arange(len(x)), len(y)), np.tile(np.arange(len(y)), len(x))
    costs = pair_costs(x, y, rows, cols, metric)
    matrix = costs.reshape(len(x), len(y))
    settings = SolveSettings(center=True, max_pivots=-1, seconds=np.inf, elapsed=0.0)
    answer = solve_matrix(Masses(a, b, np.inf), matrix, settings=settings)
    assert Report.read(answer.numbers, answer.codes).status is Status.OPTIMAL
    return float(answer.flow @ costs / a.sum()), matrix


def dual_value(start, costs, a, b):
    """What v proves, per unit of mass."""
    u = (costs - start.v).min(axis=1)
    return float((u @ a + start.v @ (b * (a.sum() / b.sum()))) / a.sum())


def clouds(rng, n, m, d):
    return rng.random((n, d)), rng.random((m, d)), rng.random(n) + 0.01, rng.random(m) + 0.01


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("d", [1, 2, 3, 10, 64])
def test_a_small_level_is_solved_to_the_end_under_every_metric(metric, d):
    rng = np.random.default_rng(d)
    x, y, a, b = clouds(rng, 300, 320, d)
    start = multiscale.start(x, y, a, b, metric)
    check_feasible(start, a, b)
    optimum, costs = optimum_of(x, y, a, b, metric)
    assert value_of(start, x, y, metric) == pytest.approx(optimum, rel=1e-9)
    assert dual_value(start, costs, a, b) == pytest.approx(optimum, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "m"), [(1, 1), (1, 9), (9, 1), (2, 2), (3, 700), (1500, 2), (600, 600), (257, 255)]
)
def test_any_two_sizes_go_together(n, m):
    rng = np.random.default_rng(n)
    x, y, a, b = clouds(rng, n, m, 2)
    start = multiscale.start(x, y, a, b)
    check_feasible(start, a, b)
    optimum, costs = optimum_of(x, y, a, b, "sqeuclidean")
    assert value_of(start, x, y) == pytest.approx(optimum, rel=1e-9)
    assert dual_value(start, costs, a, b) == pytest.approx(optimum, rel=1e-9)


@pytest.mark.parametrize("equal", [True, False])
def test_a_large_start_is_near_the_optimum(equal):
    rng = np.random.default_rng(0)
    n = 8000
    x, y = rng.random((n, 2)), rng.random((n, 2))
    a = np.ones(n) if equal else rng.integers(1, 1000, n).astype(float)
    b = rng.permutation(a)
    start = multiscale.start(x, y, a, b)
    check_feasible(start, a, b)
    # A basis of the arcs that carry mass, and of near neighbours, finishes it.
    near, _ = _core.nearest(x, y, 12, SQUARES, 1.0, -start.v)
    back, _ = _core.nearest(y, x, 12, SQUARES, 1.0, -start.u)
    rows = np.concatenate([start.rows, np.repeat(np.arange(n), 12), back.reshape(-1)])
    cols = np.concatenate([start.cols, near.reshape(-1), np.repeat(np.arange(n), 12)])
    plan = np.append(start.flow, np.zeros(24 * n, np.int64))
    costs = pair_costs(x, y, rows, cols, "sqeuclidean")
    core = LiveBasis(a, b, np.inf)
    core.add(rows, cols, costs)
    core.start_from_plan(plan, start.u, start.v)
    assert core.run(10**7, np.inf) is Status.OPTIMAL
    optimum = float(core.flow() @ costs / a.sum())
    assert value_of(start, x, y) <= 1.02 * optimum
    assert core.pivots < 5 * n  # from nothing it takes several times as many, of global ones
    potentials = core.potentials()
    near, least = _core.nearest(x, y, 1, SQUARES, 1.0, -potentials[1])
    bound = a @ (least[:, 0] - potentials[1][near[:, 0]]) + b @ potentials[1]
    assert bound / a.sum() >= 0.99 * optimum


def test_the_same_seed_gives_the_same_start_on_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(1)
    x, y, a, b = clouds(rng, 3000, 2500, 2)
    monkeypatch.setattr(multiscale, "THREADS", 1)
    one = multiscale.start(x, y, a, b, seed=4)
    monkeypatch.setattr(multiscale, "THREADS", 3)
    many = multiscale.start(x, y, a, b, seed=4)
    for first, second in zip(one, many, strict=True):
        np.testing.assert_array_equal(first, second)


def lattice(side, d=2):
    return np.stack(np.meshgrid(*[np.arange(float(side))] * d), axis=-1).reshape(-1, d)


BAD_CASES = {
    "all points equal": lambda rng: (np.zeros((500, 3)), np.zeros((470, 3))),
    "many duplicates": lambda rng: (
        rng.integers(0, 4, (500, 2)).astype(float),
        rng.integers(0, 4, (470, 2)).astype(float),
    ),
    "a lattice": lambda rng: (lattice(23), lattice(22) + 0.5),
    "a line": lambda rng: (rng.random((500, 1)) @ [[1, 2]], rng.random((470, 1)) @ [[1, 2]]),
    "far apart": lambda rng: (rng.random((500, 2)), rng.random((470, 2)) + 1e6),
    "an outlier": lambda rng: (np.vstack([rng.random((499, 4)), [[1e9] * 4]]), rng.random((9, 4))),
    "two clusters": lambda rng: (
        np.vstack([1e-3 * rng.random((240, 2)), 1e-3 * rng.random((260, 2)) + 7.0]),
        rng.random((470, 2)),
    ),
}


@pytest.mark.parametrize("masses", ["equal", "random", "some zero", "12 orders", "one giant"])
@pytest.mark.parametrize("case", BAD_CASES)
def test_bad_cases_give_a_feasible_plan_of_nearly_the_optimal_cost(case, masses):
    rng = np.random.default_rng(2)
    x, y = BAD_CASES[case](rng)
    a, b = rng.random(len(x)) + 0.01, rng.random(len(y)) + 0.01
    if masses == "equal":
        a, b = np.ones(len(x)), np.ones(len(y))
    elif masses == "some zero":
        a[rng.random(a.size) < 0.5] = 0.0
        b[1 : b.size // 2] = 0.0
    elif masses == "12 orders":
        a, b = 10.0 ** rng.uniform(-12, 0, a.size), 10.0 ** rng.uniform(-12, 0, b.size)
    elif masses == "one giant":
        a[0] = 1e3 * a.sum()
    start = multiscale.start(x, y, a, b)
    check_feasible(start, a, b)
    optimum, _ = optimum_of(x, y, a, b, "sqeuclidean")
    assert value_of(start, x, y) <= optimum * (1 + 1e-6) + 1e-300


def test_a_thousand_times_more_targets_than_sources():
    rng = np.random.default_rng(3)
    x, y, a, b = clouds(rng, 20, 20000, 2)
    start = multiscale.start(x, y, a, b)
    check_feasible(start, a, b)
    optimum, _ = optimum_of(x, y, a, b, "sqeuclidean")
    assert value_of(start, x, y) <= 1.001 * optimum


def test_points_without_mass_get_feasible_potentials():
    rng = np.random.default_rng(4)
    x, y, a, b = clouds(rng, 400, 300, 2)
    a[::3] = 0.0
    start = multiscale.start(x, y, a, b)
    assert not np.isin(start.rows, np.flatnonzero(a == 0)).any()
    costs = pair_costs(x, y, np.repeat(np.arange(400), 300), np.tile(np.arange(300), 400),
                       "sqeuclidean").reshape(400, 300)  # fmt: skip
    assert (costs - start.u[:, None] - start.v >= -1e-12).all()


def test_a_deadline_costs_quality_only():
    rng = np.random.default_rng(6)
    x, y, a, b = clouds(rng, 5000, 5000, 2)
    late = multiscale.start(x, y, a, b, deadline=time.perf_counter() - 1.0)
    check_feasible(late, a, b)
    full = multiscale.start(x, y, a, b)
    assert value_of(full, x, y) < value_of(late, x, y)


def test_a_tolerance_ends_the_sweeps_early(monkeypatch):
    rng = np.random.default_rng(7)
    x, y, a, b = clouds(rng, 5000, 5000, 2)
    cells = multiscale._cells
    sweeps: dict[float, list[Any]] = {0.0: [], 0.9: []}
    for tol, seen in sweeps.items():

        def counted(size, whole, seen=seen):
            for cell in cells(size, whole):
                seen.append(cell)
                yield cell

        monkeypatch.setattr(multiscale, "_cells", counted)
        start = multiscale.start(x, y, a, b, tol=tol)
        check_feasible(start, a, b)
    assert len(sweeps[0.9]) < len(sweeps[0.0])


def test_unsound_masses_are_refused():
    with pytest.raises(ValueError, match="unsound masses"):
        multiscale.start(np.zeros((2, 1)), np.zeros((2, 1)), np.asarray([1.0, -1.0]), np.ones(2))


def test_lists_and_float32_are_points_too():
    rng = np.random.default_rng(9)
    x, y, a, b = clouds(rng, 300, 300, 2)
    single = multiscale.start(x.astype(np.float32), y.astype(np.float32), a, b)
    assert isinstance(single, Start)
    check_feasible(single, a, b)


def test_a_dealt_plan_fits_the_masses_of_the_members():
    rng = np.random.default_rng(10)
    for _ in range(50):
        masses = [rng.integers(1, 100, rng.integers(8, 200)) for _ in range(2)]
        difference = int(masses[0].sum() - masses[1].sum())
        masses[1 if difference > 0 else 0][0] += abs(difference)
        fine = [Groups.of(rng.random((mass.size, 2)), mass, 0) for mass in masses]
        coarse = [side.level(3) for side in fine]
        plan = deal(north_west(coarse[0].mass, coarse[1].mass), fine[0].mass, fine[1].mass)
        for side, level, ends in zip(fine, coarse, (plan.rows, plan.cols), strict=True):
            np.testing.assert_array_equal(np.bincount(ends, plan.flow, side.mass.size), side.mass)
            groups = level.groups_of(side.level(None))
            assert (np.diff(groups) >= 0).all()
            np.testing.assert_array_equal(np.bincount(groups, side.mass), level.mass)
        upward = Plan(
            coarse[0].groups_of(fine[0].level(None))[plan.rows],
            coarse[1].groups_of(fine[1].level(None))[plan.cols],
            plan.flow,
        )
        totals = np.zeros((coarse[0].mass.size, coarse[1].mass.size), np.int64)
        np.add.at(totals, (upward.rows, upward.cols), upward.flow)
        expected = north_west(coarse[0].mass, coarse[1].mass)
        np.testing.assert_array_equal(totals[expected.rows, expected.cols], expected.flow)
        assert totals.sum() == expected.flow.sum()
