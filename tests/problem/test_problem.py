"""A problem is well formed, and its costs are a model that answers everything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot import DenseCost, MassError, NonFiniteError, SparseCost, errors
from sparse_ot.costs.custom import CustomCost
from sparse_ot.costs.model import REQUIRED, CostModel
from sparse_ot.masses import bad_mass, no_mass
from sparse_ot.problem.problem import Problem, parse_cost

M = np.arange(6.0).reshape(3, 2)


class Duck:
    """The eight answers of a model; `points` is an attribute of its own, and no answer."""

    points = "mine"

    def __init__(self) -> None:
        for name in REQUIRED:
            setattr(self, name, getattr(DenseCost(M), name))


def test_costs_are_parsed_to_the_model_they_are() -> None:
    assert isinstance(parse_cost(M, None, None), DenseCost)
    assert isinstance(parse_cost(M.tolist(), None, None), DenseCost)
    assert isinstance(parse_cost(sp.csr_array(M), None, None), SparseCost)
    model = DenseCost(M)
    assert Problem.parse(model, None, None).cost is model


def test_a_model_that_derives_from_nothing_is_completed() -> None:
    duck: Any = Duck()
    cost = Problem.parse(duck, None, None).cost
    assert isinstance(cost, CustomCost)
    assert CostModel in type(cost).__mro__
    assert cost.points() is None
    assert cost.listed(must=True) is None
    assert cost.detached() is cost
    assert cost.like is duck.like
    assert cost.shape == (3, 2)
    assert any(x is duck.like for x in cost.arrays())
    np.testing.assert_array_equal(cost.arc_costs(np.array([2]), np.array([1])), [5.0])


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_model_without_one_of_the_answers_is_refused_by_name(missing: str) -> None:
    duck: Any = Duck()
    delattr(duck, missing)
    with pytest.raises(errors.UnsupportedArrayError, match="Duck"):
        Problem.parse(duck, None, None)


def test_a_model_serves_many_problems() -> None:
    cost = parse_cost(M, None, None)
    problems = [Problem.of(cost, None, b) for b in (np.array([0.5, 0.5]), np.array([1.0, 0.0]))]
    assert all(problem.cost is cost for problem in problems)
    with pytest.raises(errors.ShapeError, match="b has shape"):
        Problem.of(cost, None, np.ones(3))


def test_masses_are_complained_about_in_one_set_of_words() -> None:
    found: list[tuple[Any, str]] = [
        (bad_mass("a", 1, np.nan), "finite"),
        (bad_mass("b", 0, np.inf), "finite"),
        (bad_mass("b", 2, -1.0), "not be negative"),
        (no_mass(a=0.0), "the total must be positive"),
        (no_mass(a=1.0, b=0.0), "both totals must be positive"),
    ]
    for error, words in found:
        assert words in str(error)
        assert isinstance(error, NonFiniteError if words == "finite" else MassError)
