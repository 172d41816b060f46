"""What the optimum must do when the problem changes in a way we understand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from properties.strategies import WHOLE_COSTS, cases, dense_cases, feasible_graphs
from support.certify import arcs_of, certify
from support.oracles import exact_value
from support.problems import Case

import sparse_ot


def value(a: Any, b: Any, M: Any) -> float:
    """The optimum, certified."""
    return certify(a, b, M, sparse_ot.solve(M, a, b)).upper


def scale_of(case: Case) -> float:
    """Largest value the problem could have: what rounding errors are relative to."""
    return float(case.a.sum() * np.abs(arcs_of(case.M).costs).max(initial=1.0))


def near(case: Case, expected: float) -> Any:
    """`expected`, up to rounding at the scale of the problem."""
    return pytest.approx(expected, rel=1e-12, abs=1e-13 * scale_of(case))


def with_arcs(M: Any, rows: Any, cols: Any, costs: Any, shape: Any) -> Any:
    """A cost of the same kind (dense or sparse) from arcs."""
    if sp.issparse(M):
        return sp.coo_array((costs, (rows, cols)), shape=shape)
    dense = np.full(shape, np.inf)
    dense[rows, cols] = costs
    return dense


@given(cases())
def test_the_value_is_the_rational_optimum(case: Case) -> None:
    assert value(*case) == near(case, float(exact_value(*case)))


@given(cases(), st.randoms(use_true_random=False))
def test_names_of_points_do_not_matter(case: Case, random: Any) -> None:
    a, b, M = case
    n, m = M.shape
    p, q = random.sample(range(n), n), random.sample(range(m), m)
    rows, cols, costs, shape = arcs_of(M)
    renamed = with_arcs(M, np.argsort(p)[rows], np.argsort(q)[cols], costs, shape)
    assert value(a[p], b[q], renamed) == near(case, value(*case))


@given(feasible_graphs(), st.randoms(use_true_random=False))
def test_order_of_arcs_does_not_matter(case: Case, random: Any) -> None:
    a, b, M = case
    order = random.sample(range(M.nnz), M.nnz)
    shuffled = sp.coo_array((M.data[order], (M.row[order], M.col[order])), shape=M.shape)
    assert value(a, b, shuffled) == near(case, value(*case))


@given(cases(), st.sampled_from([2.0**-30, 1e-9, 3.0, 1e9, 2.0**40]))
def test_costs_scale_the_value(case: Case, factor: float) -> None:
    assert value(case.a, case.b, case.M * factor) / factor == near(case, value(*case))


@given(cases(), st.sampled_from([2.0**-30, 1e-9, 1 / 3, 1e9, 2.0**40]))
def test_masses_scale_the_value(case: Case, factor: float) -> None:
    assert value(case.a * factor, case.b * factor, case.M) / factor == near(case, value(*case))


@given(cases())
def test_transposing_the_problem_transposes_the_answer(case: Case) -> None:
    a, b, M = case
    solution = sparse_ot.solve(M.T, b, a)
    certify(b, a, M.T, solution)
    v, u = solution.potentials
    certify(a, b, M, (solution.plan.T, u, v))
    assert float(solution.value) == near(case, value(*case))


@given(cases(), st.data())
def test_constants_of_rows_and_columns_shift_the_value(case: Case, data: st.DataObject) -> None:
    a, b, M = case
    n, m = M.shape
    f = np.array(data.draw(st.lists(WHOLE_COSTS, min_size=n, max_size=n)))
    g = np.array(data.draw(st.lists(WHOLE_COSTS, min_size=m, max_size=m)))
    rows, cols, costs, shape = arcs_of(M)
    shifted = with_arcs(M, rows, cols, costs + f[rows] + g[cols], shape)
    expected = value(*case) + math.fsum([*(f * a), *(g * b)])
    assert value(a, b, shifted) == near(Case(a, b, shifted), expected)


@given(feasible_graphs(), st.data())
def test_adding_an_arc_never_raises_the_value(case: Case, data: st.DataObject) -> None:
    a, b, M = case
    i, j = (data.draw(st.integers(0, size - 1)) for size in M.shape)
    rows, cols = np.append(M.row, i), np.append(M.col, j)
    costs = np.append(M.data, data.draw(WHOLE_COSTS))
    more = sp.coo_array((costs, (rows, cols)), shape=M.shape)
    assert value(a, b, more) <= value(*case) + 1e-13 * scale_of(case)


@given(cases(), st.data())
def test_raising_a_cost_never_lowers_the_value(case: Case, data: st.DataObject) -> None:
    a, b, M = case
    rows, cols, costs, shape = arcs_of(M)
    costs = costs.copy()
    costs[data.draw(st.integers(0, len(costs) - 1))] += data.draw(st.integers(0, 30))
    dearer = with_arcs(M, rows, cols, costs, shape)
    assert value(a, b, dearer) >= value(*case) - 1e-13 * scale_of(Case(a, b, dearer))


@given(dense_cases())
def test_a_matrix_is_the_graph_of_its_entries(case: Case) -> None:
    a, b, M = case
    rows, cols, costs, shape = arcs_of(M)
    graph = sp.coo_array((costs, (rows, cols)), shape=shape)
    assert value(a, b, graph) == near(case, value(*case))


@given(feasible_graphs())
def test_a_missing_arc_is_an_infinite_cost(case: Case) -> None:
    a, b, M = case
    dense = np.full(M.shape, np.inf)
    np.minimum.at(dense, (M.row, M.col), M.data)
    assert value(a, b, dense) == near(case, value(*case))


@given(feasible_graphs(), st.data())
def test_splitting_a_source_changes_nothing(case: Case, data: st.DataObject) -> None:
    a, b, M = case
    i = data.draw(st.integers(0, len(a) - 1))
    part = data.draw(st.integers(0, int(a[i])))
    twin = M.row == i
    rows = np.concatenate([M.row, np.full(int(twin.sum()), len(a))])
    graph = sp.coo_array(
        (np.concatenate([M.data, M.data[twin]]), (rows, np.concatenate([M.col, M.col[twin]]))),
        shape=(len(a) + 1, len(b)),
    )
    split = np.append(a, part)
    split[i] -= part
    assert value(split, b, graph) == near(case, value(*case))


@given(cases())
def test_whole_masses_move_in_whole_numbers(case: Case) -> None:
    """The plan is a vertex: a forest of arcs, and whole flows for whole masses."""
    plan = sp.coo_array(sparse_ot.solve(case.M, case.a, case.b).plan)
    assert np.all(plan.data == np.round(plan.data))
    support = sp.coo_array((plan.data != 0, (plan.row, plan.col)), shape=plan.shape)
    nodes = np.count_nonzero(case.a) + np.count_nonzero(case.b)
    assert support.sum() <= nodes - 1


@given(cases(), st.data())
def test_any_potentials_may_start_it(case: Case, data: st.DataObject) -> None:
    a, b, M = case
    numbers = st.floats(-1e6, 1e6)
    n, m = M.shape
    u = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)))
    v = np.array(data.draw(st.lists(numbers, min_size=m, max_size=m)))
    warm = sparse_ot.solve(M, a, b, potentials_init=(u, v))
    assert certify(a, b, M, warm).upper == near(case, value(*case))


@given(cases())
def test_potentials_are_a_subgradient_in_the_masses(case: Case) -> None:
    """Moving a unit of mass to other nodes cannot cost less than the potentials say."""
    a, b, M = case
    solution = sparse_ot.solve(M, a, b)
    u, v = solution.potentials
    more_a, more_b = a.copy(), b.copy()
    more_a[0] += 1
    more_b[-1] += 1
    try:
        after = value(more_a, more_b, M)
    except sparse_ot.InfeasibleError:
        return
    assert after >= float(solution.value) + u[0] + v[-1] - 1e-12 * scale_of(Case(more_a, more_b, M))
