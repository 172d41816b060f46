"""Masses that are light next to the others: every row and column holds its own mass, to 14 digits.

A sum of masses in doubles knows nothing below 1e-16 of the total, and the integers of the core
nothing below 2⁻⁶⁰ of it. Yet a light mass with a cost of its own can be all of the value. Here
plans are judged mass by mass, each relative to itself, and costs arc by arc, which together prove
an optimum.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES, Library

import sparse_ot
from sparse_ot import InfeasibleError, MassError, Status

INF = np.inf
DIGITS = 1e-14


def dense(x: Any) -> Any:
    return np.asarray(x.toarray() if hasattr(x, "toarray") else x, float)


def check(a: Any, b: Any, M: Any, solution: Any) -> None:
    """The plan has these marginals, each to 14 digits, and no arc would improve it."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    plan, M = dense(solution.plan), dense(M)
    u, v = (np.asarray(x) for x in solution.potentials)
    assert solution.status is Status.OPTIMAL
    assert solution.certificate.holds()
    assert (plan >= 0).all()
    sent = np.array([math.fsum(row) for row in plan])
    received = np.array([math.fsum(column) for column in plan.T])
    np.testing.assert_allclose(sent, a, rtol=DIGITS, atol=0)
    np.testing.assert_allclose(received, b, rtol=DIGITS, atol=0)
    reduced = np.where(np.isfinite(M), M, 0.0) - u[:, None] - v
    noise = 1e-12 * (1.0 + np.abs(u)[:, None] + np.abs(v))
    assert (reduced >= -noise)[np.isfinite(M)].all()
    assert (np.abs(reduced) <= noise)[plan > 0].all()
    value = math.fsum((M[plan > 0] * plan[plan > 0]).tolist())
    assert float(solution.value) == pytest.approx(value, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1e20, 1.0], [1e20, 1.0], 5.0),
        ([1.0, 1e-20], [1.0, 1e-20], 5e-20),
        ([1.0, 1e-200], [1.0, 1e-200], 5e-200),
        ([1e300, 1e-5], [1e300, 1e-5], 5e-5),
        ([1.0, 5e-324], [1.0, 5e-324], 2.5e-323),
    ],
)
def test_a_light_mass_can_be_all_of_the_value(a: Any, b: Any, expected: float) -> None:
    M = np.array([[0.0, INF], [INF, 5.0]])
    solution = sparse_ot.solve(M, a, b)
    assert float(solution.value) == expected
    check(a, b, M, solution)
    assert float(sparse_ot.emd2(a, b, sp.csr_array(([0.0, 5.0], ([0, 1], [0, 1]))))) == expected


def test_light_masses_are_not_all_alike() -> None:
    """Both are one unit of the integers, which would join the wrong two."""
    a, b = [1e20, 1.0, 2.0], [1e20, 2.0, 1.0]
    M = np.array([[0.0, INF, INF], [INF, 5.0, 7.0], [INF, 3.0, 2.0]])
    solution = sparse_ot.solve(M, a, b)
    assert float(solution.value) == 10.0
    check(a, b, M, solution)


def test_the_difference_of_totals_is_rounding_of_the_heavy() -> None:
    """Target 1 lacks a mass of 1, which is nothing to source 0."""
    M = np.array([[0.0, 3.0], [2.0, 5.0]])
    solution = sparse_ot.solve(M, [1e20, 1.0], [1e20, 2.0])
    assert float(solution.value) == 8.0
    assert solution.certificate.holds()


@pytest.mark.parametrize("name", [name for name, s in LIBRARIES.items()])
def test_every_library_keeps_light_masses(name: str) -> None:
    with LIBRARIES[name].open() as library:
        if not library.doubles:
            pytest.skip("single precision")
        a, M = library.put(np.array([1.0, 1e-20])), library.put(np.array([[0.0, INF], [INF, 5.0]]))
        assert value_of(library, M, a) == 5e-20


def value_of(library: Library, M: Any, a: Any) -> float:
    solution = library.run(lambda M, a: sparse_ot.solve(M, a, a), M, a)
    return float(library.get(solution.value))


def spread(rng: np.random.Generator, n: int, decades: float) -> Any:
    x = 10.0 ** (-decades * rng.random(n))
    return x / x.sum()


@pytest.mark.parametrize("decades", [3, 12, 20, 40, 100, 250])
def test_masses_over_many_decades(decades: int) -> None:
    rng = np.random.default_rng(decades)
    for size in (2, 5, 20, 60, 150):
        a, b, M = (
            spread(rng, size, decades),
            spread(rng, size + 3, decades),
            rng.random((size, size + 3)),
        )
        check(a, b, M, sparse_ot.solve(M, a, b))
        graph = np.where(rng.random(M.shape) < 0.5, M, INF)
        graph[0], graph[:, 0] = M[0], M[:, 0]
        a[0], b[0] = a[0] + 1.0, b[0] + 1.0
        check(a, b, graph, sparse_ot.solve(graph, a, b))


@pytest.mark.parametrize("decades", [15, 40, 200])
def test_clouds_with_masses_over_many_decades(decades: int) -> None:
    """Columns are generated; the arcs that only light masses need are among those found."""
    rng = np.random.default_rng(decades)
    for size in (80, 400):
        x, y = rng.random((size, 2)), rng.random((size, 2))
        a, b = spread(rng, size, decades), spread(rng, size, decades)
        M = ((x[:, None] - y[None]) ** 2).sum(-1)
        check(a, b, M, sparse_ot.solve_sample(x, y, a, b))


@pytest.mark.parametrize("bins", [100, 400])
def test_bells_on_a_line(bins: int) -> None:
    """Histograms as in every introduction: their tails are below 1e-100."""
    x = np.arange(float(bins))

    def bell(mean: float, width: float) -> Any:
        weights = np.exp(-((x - mean) ** 2) / (2 * width**2))
        return weights / weights.sum()

    a, b = bell(0.2 * bins, 0.03 * bins), bell(0.6 * bins, 0.04 * bins)
    check(a, b, (x[:, None] - x) ** 2, sparse_ot.solve((x[:, None] - x) ** 2, a, b))


def test_rows_of_a_billionth_keep_their_digits() -> None:
    rng = np.random.default_rng(5)
    a = np.concatenate([rng.random(50), 1e-9 * rng.random(50)])
    a, b = a / a.sum(), rng.random(80)
    b /= b.sum()
    M = rng.random((100, 80))
    check(a, b, M, sparse_ot.solve(M, a, b))


def test_a_light_source_without_enough_targets_is_starved() -> None:
    """Not hidden by the heavy: the caller's own numbers are in the violation."""
    M = np.array([[0.0, INF], [INF, 5.0]])
    with pytest.raises(InfeasibleError) as caught:
        sparse_ot.solve(M, [1e20, 2.0], [1e20, 1.0])
    violation = caught.value.violation
    assert violation.sources.tolist() == [1]
    assert violation.targets.tolist() == [1]
    assert (violation.supply, violation.demand) == (2.0, 1.0)


def test_a_light_mass_without_a_place_is_refused_by_name() -> None:
    M = np.array([[0.0, INF], [INF, 5.0]])
    with pytest.raises(MassError, match=r"a\[1\] is 1, next to a total of 1e\+20"):
        sparse_ot.solve(M, [1e20, 1.0], [1e20, 2.0])


def test_limits_never_hide_what_is_off() -> None:
    """A plan that a limit cut short says itself how far its marginals are off."""
    rng = np.random.default_rng(8)
    a, b, M = spread(rng, 60, 90), spread(rng, 60, 90), rng.random((60, 60))
    solution = sparse_ot.solve(M, a, b, max_pivots=3)
    assert solution.status is Status.PIVOT_LIMIT
    off = max(abs(solution.plan.sum(1) - a).max(), abs(solution.plan.sum(0) - b).max())
    assert off <= solution.certificate.worst_marginal_error + 1e-16
