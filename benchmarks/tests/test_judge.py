"""A judge that lets nothing wrong pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import cheapest
from benchmarks.peers._integers import integer_arcs
from benchmarks.points import knn_problem
from benchmarks.problems import Answer, SparseProblem
from benchmarks.tests.examples import (
    BEST,
    BEST_POTENTIALS,
    DEARER,
    LINE,
    LINE_POTENTIALS,
    SQUARE,
)
from benchmarks.verdict import Examination, Proof, examine, judge


def test_value_is_priced_from_the_plan() -> None:
    assert examine(SQUARE, BEST).value == pytest.approx(4.5 / 3)
    assert examine(SQUARE, DEARER).value == pytest.approx(8 / 3)


def test_feasible_potentials_certify() -> None:
    seen = examine(SQUARE, replace(BEST, potentials=BEST_POTENTIALS))
    assert seen.lower_bound == pytest.approx(seen.value)
    assert judge([seen]).certified


@pytest.mark.parametrize("sparse", [False, True])
def test_infeasible_potentials_are_lowered_before_they_prove_anything(sparse: bool) -> None:
    u, v = BEST_POTENTIALS
    rows, cols, costs = SQUARE.arcs()
    problem = SparseProblem(SQUARE.a, SQUARE.b, rows, cols, costs) if sparse else SQUARE
    seen = examine(problem, replace(BEST, potentials=(u + 5.0, v)))
    assert seen.lower_bound == pytest.approx(4.5 / 3)
    polluted = examine(problem, replace(BEST, potentials=(u, np.array([0.0, np.nan]))))
    assert polluted.lower_bound is None


def test_dearer_plan_is_wrong() -> None:
    verdict = judge([examine(SQUARE, BEST), examine(SQUARE, DEARER)])
    assert verdict.complaints[0] is None
    assert "above the optimum" in (verdict.complaints[1] or "")


def test_lone_dearer_plan_is_caught_by_the_known_value() -> None:
    (complaint,) = judge([examine(SQUARE, DEARER)], known_value=1.5).complaints
    assert "above the optimum" in (complaint or "")
    (complaint,) = judge([examine(SQUARE, BEST)], known_value=1.6).complaints
    assert "below the known optimum" in (complaint or "")


@pytest.mark.parametrize(
    "flow", [np.zeros(3), np.array([1, 1, 1.001]), np.array([1, 1, np.nan])], ids=str
)
def test_what_is_no_plan_is_wrong_even_if_cheap(flow: np.ndarray) -> None:
    verdict = judge([examine(SQUARE, replace(BEST, flow=flow)), examine(SQUARE, BEST)])
    assert verdict.complaints[0] is not None
    assert verdict.complaints[1] is None


def test_negative_flow_is_no_plan() -> None:
    rows, cols = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    answer = Answer(rows, cols, np.array([3, -1, -2, 3]))
    assert not examine(SQUARE, answer).is_plan


def test_flow_on_a_forbidden_pair_is_wrong() -> None:
    problem = SparseProblem(
        SQUARE.a, SQUARE.b, np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 3.0, 0.5])
    )
    verdict = judge([examine(problem, DEARER)])
    assert "forbidden pair" in (verdict.complaints[0] or "")


def test_integer_costs_are_excused_by_their_resolution_and_no_more() -> None:
    best = Examination(1.0, 0.0, None, 0.0)
    for excess, right in ((0.9e-6, True), (1.1e-6, False)):
        rounded = Examination(1.0 + excess, 0.0, None, 1e-6)
        assert (judge([best, rounded]).complaints[1] is None) is right
    assert judge([best, replace(best, value=1.0 + 2e-9)]).complaints[1] is not None


def test_integer_costs_are_within_their_resolution() -> None:
    problem = knn_problem(200, 2, "masses")
    arcs = integer_arcs(problem)
    assert np.abs(arcs.costs * arcs.resolution - problem.costs).max() <= arcs.resolution / 2
    assert float(arcs.costs.max()) * problem.node_count < 2.0**61
    coarse = integer_arcs(problem, growth=2.0**50)
    assert coarse.resolution > arcs.resolution


# --- points, without a matrix ----------------------------------------------------------------


def test_plan_between_points_is_priced_and_certified_from_coordinates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("benchmarks.problems.PointProblem.matrix")
    monkeypatch.delattr("benchmarks.problems.PointProblem.arcs")
    monkeypatch.setattr("benchmarks.problems.PointProblem.__abstractmethods__", frozenset())
    seen = examine(LINE, replace(BEST, potentials=LINE_POTENTIALS))
    assert seen.value == pytest.approx(10 / 3)
    assert seen.lower_bound == pytest.approx(10 / 3)
    assert judge([seen]).proof is Proof.CERTIFIED


def test_plan_between_points_that_misses_a_mass_is_wrong() -> None:
    for flow in ([1, 1, 0], [1, 1, 2], [1, 0, 1]):
        (complaint,) = judge([examine(LINE, replace(BEST, flow=np.array(flow)))]).complaints
        assert "is no plan" in (complaint or "")


def test_plan_between_points_that_is_not_optimal_is_wrong_or_uncertified() -> None:
    dearer = examine(LINE, replace(DEARER, potentials=LINE_POTENTIALS))
    assert dearer.value == pytest.approx(22 / 3)
    assert judge([dearer]).proof is Proof.NONE
    assert "above the optimum" in (judge([dearer, examine(LINE, BEST)]).complaints[0] or "")


def test_potentials_that_violate_a_pair_of_points_prove_less() -> None:
    u, v = LINE_POTENTIALS
    shifted = examine(LINE, replace(BEST, potentials=(u + 5.0, v)))
    assert shifted.lower_bound == pytest.approx(10 / 3), "only v counts, and it is optimal"
    skewed = examine(LINE, replace(BEST, potentials=(u, v + np.array([0.0, 2.0]))))
    assert skewed.lower_bound == pytest.approx(8 / 3)
    assert judge([skewed]).proof is Proof.NONE


@pytest.mark.parametrize(
    ("claim", "proof"),
    [(10 / 3, Proof.BY_THE_SOLVER), (3.0, Proof.UNEXAMINED), (None, Proof.UNEXAMINED)],
)
def test_claim_of_a_solver_is_called_one_where_pairs_are_too_many(
    claim: float | None, proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cheapest, "largest_potentials", lambda X, Y, v: None)
    seen = examine(LINE, replace(BEST, potentials=LINE_POTENTIALS, claimed_bound=claim))
    verdict = judge([seen])
    assert verdict.proof is proof
    assert not verdict.certified
    assert verdict.lower_bound is None


def test_claim_of_a_solver_counts_for_nothing_where_potentials_were_checked() -> None:
    seen = examine(LINE, replace(DEARER, potentials=LINE_POTENTIALS, claimed_bound=22 / 3))
    assert judge([seen]).proof is Proof.NONE
