"""Solution: complete when built, honest about what it proves, at home for POT and OTT users."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify
from support.problems import integer_masses, point_costs, random_masses, sparsify

import sparse_ot


@pytest.fixture(scope="module", params=["dense", "sparse"])
def solved(request: pytest.FixtureRequest) -> tuple[Any, Any, Any, sparse_ot.Solution]:
    rng = np.random.default_rng(21)
    a, b = integer_masses(rng, 40, 50)
    M = point_costs(rng, 40, 50)
    if request.param == "sparse":
        M = sparsify(rng, a, b, M, per_row=8)
    return a, b, M, sparse_ot.solve(M, a, b)


def test_it_is_optimal_and_says_what_that_rests_on(solved: Any) -> None:
    a, b, M, solution = solved
    bounds = certify(a, b, M, solution)
    proof = solution.certificate
    assert solution.status is sparse_ot.Status.OPTIMAL
    assert proof.holds()
    assert proof.holds(rtol=1e-12)
    assert proof.value == pytest.approx(bounds.upper, rel=1e-13)
    assert proof.lower_bound == pytest.approx(bounds.lower, rel=1e-9)
    assert proof.gap == proof.value - proof.lower_bound
    assert proof.worst_reduced_cost >= -1e-9
    assert 0.0 <= proof.worst_marginal_error <= 1e-12 * a.sum()
    assert proof.scope == ("arcs" if sp.issparse(M) else "dense")


def test_a_gap_is_not_certified(solved: Any) -> None:
    a_total, proof = solved[0].sum(), solved[3].certificate
    worse = dataclasses.replace(proof, lower_bound=proof.lower_bound * 0.9)
    assert not worse.holds()
    assert worse.holds(rtol=0.2)
    assert not dataclasses.replace(proof, worst_marginal_error=0.5 * a_total).holds()
    assert not dataclasses.replace(proof, value=float("nan")).holds()
    assert not dataclasses.replace(proof, lower_bound=float("nan")).holds()
    assert not dataclasses.replace(proof, worst_marginal_error=float("nan")).holds()


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12, 1e300])
def test_the_unit_of_mass_does_not_matter_to_the_proof(unit: float) -> None:
    rng = np.random.default_rng(5)
    a, b = random_masses(rng, 20, 30)
    M = point_costs(rng, 20, 30)
    proof = sparse_ot.solve(M, a * unit, b * unit).certificate
    assert proof.holds()
    assert not dataclasses.replace(proof, worst_marginal_error=0.01 * unit).holds()


def test_a_gap_that_rounding_explains_counts_as_none() -> None:
    proof = sparse_ot.Certificate(0.0, -5e-20, 0.0, 0.0, "dense", 1.0, rounding=1e-19)
    assert proof.holds()
    for too_little in (0.0, 1e-20, float("nan"), float("inf")):
        assert not dataclasses.replace(proof, rounding=too_little).holds()
    assert not dataclasses.replace(proof, lower_bound=-2e-19).holds()
    assert not dataclasses.replace(proof, worst_marginal_error=1e-3).holds()


def test_rounding_is_nothing_beside_an_ordinary_value(solved: Any) -> None:
    proof = solved[3].certificate
    assert 0.0 < proof.rounding < 1e-12 * proof.value
    assert not dataclasses.replace(proof, lower_bound=proof.value * (1 - 1e-8)).holds()
    assert not dataclasses.replace(proof, lower_bound=proof.value * (1 + 1e-8)).holds()


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_rounding_is_in_units_of_the_value(unit: float) -> None:
    rng = np.random.default_rng(6)
    a, b = integer_masses(rng, 20, 30)
    M = point_costs(rng, 20, 30)
    rounding = sparse_ot.solve(M, a, b).certificate.rounding
    assert sparse_ot.solve(M * unit, a, b).certificate.rounding == pytest.approx(rounding * unit)
    assert sparse_ot.solve(M, a * unit, b * unit).certificate.rounding == pytest.approx(
        rounding * unit
    )


@pytest.mark.parametrize("unit", [2.0**-1074, 2.0**-1060, 2.0**-1022])
def test_masses_too_small_to_have_all_their_digits_are_judged_by_those_they_have(
    unit: float,
) -> None:
    rng = np.random.default_rng(7)
    a, b = integer_masses(rng, 20, 30)
    assert sparse_ot.solve(point_costs(rng, 20, 30), a * unit, b * unit).certificate.holds()


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_a_cloud_and_nearly_itself_are_certified(power: int, noise: float) -> None:
    rng = np.random.default_rng(8)
    Y = rng.random((400, 2))
    X = Y[rng.permutation(400)] + noise * rng.standard_normal((400, 2))
    solution = sparse_ot.solve(np.linalg.norm(X[:, None] - Y, axis=2) ** power)
    assert solution.certificate.holds()
    assert solution.value <= (3 * noise) ** power


def test_under_a_trace_rounding_is_that_of_single_precision() -> None:
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(9)
    M = jax.numpy.asarray(rng.random((20, 30)), "float32")
    eager, traced = sparse_ot.solve(M).certificate, jax.jit(sparse_ot.solve)(M).certificate
    assert traced.holds()
    assert float(traced.rounding) == pytest.approx(2.0**25 * eager.rounding, rel=1e-3)
    worse = dataclasses.replace(traced, lower_bound=traced.value * 0.999)
    assert not worse.holds()


def test_aliases_are_the_same_numbers(solved: Any) -> None:
    a, b, _, solution = solved
    u, v = solution.potentials
    assert solution.value_linear == solution.primal_cost == solution.value
    assert float(solution.dual_cost) == pytest.approx(float(solution.value), rel=1e-12)
    np.testing.assert_array_equal(solution.potential_a, u)
    np.testing.assert_array_equal(solution.potential_b, v)
    np.testing.assert_array_equal(solution.f, u)
    np.testing.assert_array_equal(solution.g, v)
    for plan in (solution.matrix, solution.sparse_plan):
        assert abs(plan - solution.plan).max() == 0
    rows, cols = solution.marginals
    np.testing.assert_allclose(rows, a, rtol=1e-12)
    np.testing.assert_allclose(cols, b, rtol=1e-12)
    assert solution.converged
    assert solution.n_iters == solution.stats.pivots
    assert solution.gap == solution.certificate.gap


def test_apply_is_multiplication_by_the_plan(solved: Any) -> None:
    _, _, M, solution = solved
    rng = np.random.default_rng(1)
    dense = solution.plan.toarray() if sp.issparse(M) else solution.plan
    from_sources, from_targets = rng.random(M.shape[0]), rng.random(M.shape[1])
    np.testing.assert_allclose(solution.apply(from_sources), dense.T @ from_sources, rtol=1e-12)
    np.testing.assert_allclose(
        solution.apply(from_targets, axis=1), dense @ from_targets, rtol=1e-12
    )
    several = rng.random((M.shape[0], 3))
    np.testing.assert_allclose(solution.apply(several, axis=0), dense.T @ several, rtol=1e-12)


def test_apply_names_what_does_not_fit(solved: Any) -> None:
    solution = solved[3]
    with pytest.raises(sparse_ot.ShapeError, match="40"):
        solution.apply(np.ones(3))
    with pytest.raises(ValueError, match="axis"):
        solution.apply(np.ones(40), axis=2)


def test_nothing_can_be_changed_afterwards(solved: Any) -> None:
    solution = solved[3]
    for frozen in (solution, solution.certificate):
        assert dataclasses.is_dataclass(frozen)
        name = dataclasses.fields(frozen)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(frozen, name, None)


def test_it_can_be_pickled_and_printed(solved: Any) -> None:
    solution = solved[3]
    again = pickle.loads(pickle.dumps(solution))
    assert again.value == solution.value
    assert again.status is solution.status
    assert str(solution.status.name) in repr(solution)
    assert len(repr(solution)) < 5000


def test_stats_count_the_work(solved: Any) -> None:
    _, _, M, solution = solved
    stats = solution.stats
    assert 0 <= stats.degenerate_pivots <= stats.pivots
    assert stats.arcs >= np.count_nonzero(solution.matrix.toarray() if sp.issparse(M) else M > 1e9)
    assert stats.rounds >= 0
    assert stats.seconds
    assert all(second >= 0 for second in stats.seconds.values())
    assert stats.crossings.bytes_to_device == 0, "nothing crosses for NumPy"
    assert stats.quantisation_error == 0.0, "whole masses are exact"


def test_quantisation_error_is_small_and_reported() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random(50), rng.random(60)
    a, b = a / a.sum(), b / b.sum()
    stats = sparse_ot.solve(point_costs(rng, 50, 60), a, b).stats
    assert 0.0 < stats.quantisation_error < 2.0**-50


@pytest.mark.parametrize("status", sparse_ot.Status)
def test_every_status_has_a_remedy(status: sparse_ot.Status) -> None:
    assert isinstance(status.remedy, str)
    assert len(status.remedy) > 15


def test_statuses_are_told_apart() -> None:
    names = {status.name for status in sparse_ot.Status}
    assert names >= {"OPTIMAL", "GAP_REACHED", "PIVOT_LIMIT", "TIME_LIMIT", "INFEASIBLE"}
    assert len({status.remedy for status in sparse_ot.Status}) == len(names)


def test_a_status_equals_its_code_and_itself_and_nothing_else() -> None:
    for status in sparse_ot.Status:
        assert status == status.code
        assert status.code == status
        assert (np.asarray([status.code, 99]) == status).tolist() == [True, False]
        assert (status == np.int64(status.code)).item()
        assert [other for other in sparse_ot.Status if other == status] == [status]
        assert status != "OPTIMAL"
        assert {status: 1}[status] == 1
