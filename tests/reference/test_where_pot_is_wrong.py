"""Problems that POT answers wrongly without a word; here they must be right.

The answers to compare with are known without any solver of floating point: removing the
penalised entries (no optimal plan pays one), scaling the problem, or rational arithmetic.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify, certify_infeasible, certify_plan
from support.oracles import exact_value, highs_value
from support.problems import penalties, random_masses, sparsify

import sparse_ot


@pytest.mark.parametrize("penalty", [1e12, 1e14])
@pytest.mark.parametrize("n", [50, 200])
def test_penalties_on_two_percent_of_a_matrix_change_nothing(penalty: float, n: int) -> None:
    """POT gives twice the true cost here and reports no warning."""
    a, b, M = penalties(np.random.default_rng(n), n, penalty)
    forbidden = np.where(penalty == M, np.inf, M)
    with_penalty = sparse_ot.solve(M, a, b)
    without = sparse_ot.solve(forbidden, a, b)
    certify(a, b, forbidden, without)
    value = float(without.value)
    assert value == pytest.approx(highs_value(a, b, forbidden), rel=1e-9)
    assert float(with_penalty.value) == pytest.approx(value, rel=1e-12)
    assert certify_plan(a, b, forbidden, with_penalty.plan) == pytest.approx(value, rel=1e-12)
    assert with_penalty.certificate.holds()


@pytest.mark.parametrize("seed", range(40))
def test_unused_penalties_in_a_graph_do_not_spoil_the_proof(seed: int) -> None:
    """A degenerate basis may hold penalised arcs; the potentials must not be of their size."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 40))
    M = sparsify(rng, None, None, penalties(rng, n, 1e14, share=0.3).M)
    solution = sparse_ot.solve(M)
    if float(solution.value) < 1e3:  # else the optimum itself pays a penalty
        assert solution.certificate.holds()
        certify(None, None, M, solution, noise=0.0)


def test_a_tiny_mass_without_an_arc_is_infeasible() -> None:
    """POT calls this optimal: the source of mass 1e-9 simply stays unserved."""
    a = np.array([0.5, 0.5 - 1e-9, 1e-9])
    b = np.array([0.5, 0.5])
    M = sp.coo_array(([1.0, 2.0, 1.5, 0.5], ([0, 0, 1, 1], [0, 1, 0, 1])), shape=(3, 2))
    with pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.emd(a, b, M)
    certify_infeasible(a, b, M, caught.value.violation)
    assert 2 in caught.value.violation.sources


@pytest.mark.parametrize("tiny", [1e-9, 1e-12, 1e-14])
def test_a_tiny_mass_is_moved_and_not_forgotten(tiny: float) -> None:
    a = np.array([1.0, tiny])
    b = np.array([1.0, tiny])
    M = sp.coo_array(([1.0, 3.0, 5.0], ([0, 1, 1], [0, 0, 1])), shape=(2, 2))
    solution = sparse_ot.solve(M, a, b)
    certify(a, b, M, solution)
    assert solution.plan.tocsr()[1, 1] == pytest.approx(tiny, rel=1e-2)


def test_costs_of_many_magnitudes_reach_the_rational_optimum() -> None:
    """Uniform masses and log-uniform costs: the kind of POT's report of non-optimal plans."""
    for seed in range(10):
        M = 10.0 ** np.random.default_rng(seed).uniform(-8, 16, (14, 14))
        solution = sparse_ot.solve(M)
        exact = exact_value(None, None, M)
        assert float(solution.value) == pytest.approx(float(exact), rel=1e-13)
        certify(None, None, M, solution)


def test_an_infeasible_graph_is_refused_and_no_zero_plan_returned() -> None:
    M = sp.coo_array(([1.0, 1.0, 1.0], ([0, 1, 2], [0, 0, 1])), shape=(3, 3))
    with pytest.raises(sparse_ot.InfeasibleError) as caught:
        sparse_ot.emd([], [], M)
    certify_infeasible(None, None, M, caught.value.violation)


def test_dense_infinities_forbid_and_do_not_poison() -> None:
    M = np.array([[np.inf, 1.0, 2.0], [1.0, np.inf, 5.0], [7.0, 1.0, np.inf]])
    solution = sparse_ot.solve(M)
    certify(None, None, M, solution)
    assert float(solution.value) == pytest.approx(4.0 / 3.0)
    assert np.all(solution.plan[np.isinf(M)] == 0.0)


@pytest.mark.parametrize("magnitudes", [0, 3, 6])
@pytest.mark.parametrize("seed", range(10))
def test_components_whose_totals_agree_only_to_rounding_are_feasible(
    seed: int, magnitudes: int
) -> None:
    """Real masses in separate components: equal in each one, but for the last digit.

    A small component must not be judged by its own last digit: masses are kept to 2**-61 of the
    total of the whole problem.
    """
    rng = np.random.default_rng(seed)
    blocks, parts_of_a, parts_of_b = [], [], []
    for _ in range(4 + 12 * magnitudes):
        n, m = rng.integers(2, 8, 2)
        x, y = random_masses(rng, n, m)
        weight = 10.0 ** rng.uniform(-magnitudes, 0.0)
        parts_of_a.append(x * weight)
        parts_of_b.append(y * weight)
        blocks.append(rng.random((n, m)) + 0.1)
    a, b = np.concatenate(parts_of_a), np.concatenate(parts_of_b)
    a, b = a / a.sum(), b / b.sum()
    M = sp.csr_array(sp.block_diag(blocks))
    certify(a, b, M, sparse_ot.solve(M, a, b))
