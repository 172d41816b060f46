"""Groups whose totals differ by rounding, on graphs that join no two groups.

Masses normalised in single precision, group by group, are off by ulps in every group. That is
rounding, as a difference of the totals is: demands are rescaled, and the statistics tell. A deficit
beyond the tolerance of totals, and every deficit of counts, is a violation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES
from support.certify import certify

import sparse_ot
from sparse_ot import InfeasibleError, Status

INF = np.inf


def grouped(rng: np.random.Generator, groups: int, size: int) -> tuple[Any, Any, Any]:
    """Masses (float32) with a share for every group, each side normalised by itself; a graph."""
    shares = rng.random(groups) + 0.1
    shares /= shares.sum()

    def side() -> Any:
        masses = rng.random((groups, size)).astype(np.float32)
        masses /= masses.sum(axis=1, keepdims=True)
        return (masses * shares[:, None].astype(np.float32)).ravel()

    group = np.repeat(np.arange(groups), size)
    M = np.where(group[:, None] == group, rng.random((groups * size,) * 2), INF)
    return side(), side(), M


@pytest.mark.parametrize("as_doubles", [False, True])
@pytest.mark.parametrize(("groups", "size"), [(2, 3), (10, 4), (5, 30), (40, 10)])
def test_groups_normalised_in_single_precision(groups: int, size: int, as_doubles: bool) -> None:
    rng = np.random.default_rng(groups)
    a, b, M = grouped(rng, groups, size)
    if as_doubles:
        a, b = a.astype(float), b.astype(float)
    graph = sp.coo_array(np.where(np.isfinite(M), M + 1.0, 0.0))
    for cost in (M + 1.0, graph):
        solution = sparse_ot.solve(cost, a, b)
        assert solution.status is Status.OPTIMAL
        assert solution.certificate.holds()
        assert 0.0 < solution.stats.rescaling < 1e-5
        plan: Any = solution.plan
        plan = plan.toarray() if hasattr(plan, "toarray") else plan
        received = plan.sum(axis=0).astype(float)  # what b was rescaled to
        np.testing.assert_allclose(received, b, rtol=1e-5)
        certify(a.astype(float), received, cost, solution, mass_tolerance=1e-6)


@pytest.mark.parametrize("name", list(LIBRARIES))
def test_every_library_takes_the_difference_for_rounding(name: str) -> None:
    a = np.array([0.5 + 1.6e-8, 0.5 - 1.6e-8])
    M = np.array([[1.0, INF], [INF, 2.0]])
    with LIBRARIES[name].open() as library:
        solution = library.run(
            lambda M, a, b: sparse_ot.solve(M, a, b),
            library.put(M),
            library.put(a),
            library.put(np.array([0.5, 0.5])),
        )
        assert float(library.get(solution.value)) == pytest.approx(1.5, rel=1e-6)
        status = solution.status
        assert status is Status.OPTIMAL or int(status) == Status.OPTIMAL.code


def test_the_tolerance_is_that_of_totals() -> None:
    M = np.array([[1.0, INF], [INF, 2.0]])
    for off, feasible in ((1e-7, True), (6e-7, True), (2e-6, False), (1e-3, False)):
        a = np.array([0.5 + off / 2, 0.5 - off / 2]) + np.array([1e-12, -1e-12])
        if feasible:
            assert sparse_ot.solve(M, a, [0.5, 0.5]).stats.rescaling == pytest.approx(off, rel=1e-3)
            continue
        with pytest.raises(InfeasibleError) as caught:
            sparse_ot.solve(M, a, [0.5, 0.5])
        assert caught.value.violation.deficit == pytest.approx(off / 2, rel=1e-3)


def test_the_same_holds_where_columns_are_generated() -> None:
    """A cost model that lists no arcs is asked for missing ones first, and rescaled after that."""

    class Blocks(sparse_ot.PointCloudCost):
        """Two clouds, far apart, with no way between them."""

        def arc_costs(self, rows: Any, cols: Any) -> Any:
            costs = super().arc_costs(rows, cols)
            return np.where((rows < 40) == (cols < 40), costs, INF)

        def candidate_arcs(self, per_point: int, potentials: Any = None, **options: Any) -> Any:
            arcs = super().candidate_arcs(per_point, potentials, **options)
            return arcs._replace(costs=self.arc_costs(arcs.rows, arcs.cols))

        def price(self, u: Any, v: Any, per_point: int) -> Any:
            all_pairs = np.indices(self.shape).reshape(2, -1)
            costs = self.arc_costs(*all_pairs).reshape(self.shape)
            reduced = costs - u[:, None] - v
            rows, cols = np.nonzero(reduced < 0)
            return sparse_ot.backends.protocol.Pricing(
                rows, cols, costs[rows, cols], (costs - v).min(axis=1)
            )

        def points(self) -> Any:
            return None

    rng = np.random.default_rng(1)
    x, y = rng.random((80, 2)), rng.random((80, 2))
    a, b = rng.random(80), rng.random(80)
    for masses in (a, b):
        masses[:40] *= 0.5 / masses[:40].sum()
        masses[40:] *= 0.5 / masses[40:].sum()
    a[:40] *= 1 + 3e-8
    a[40:] *= 1 - 3e-8
    solution = sparse_ot.solve(Blocks(x, y), a, b)
    assert solution.status is Status.OPTIMAL
    assert solution.certificate.holds()
    assert solution.stats.rescaling == pytest.approx(3e-8, rel=1e-3)
    matrix = Blocks(x, y).arc_costs(*np.indices((80, 80)).reshape(2, -1)).reshape(80, 80)
    expected = sparse_ot.solve(matrix, a, b)
    assert float(solution.value) == pytest.approx(float(expected.value), rel=1e-12)


def test_counts_are_not_rounded() -> None:
    million = 1_000_000.0
    M = np.array([[1.0, INF], [INF, 2.0]])
    with pytest.raises(InfeasibleError) as caught:
        sparse_ot.solve(M, [million + 1, million - 1], [million, million])
    assert caught.value.violation.deficit == 1.0


def test_statistics_tell_how_totals_were_rescaled() -> None:
    M = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert sparse_ot.solve(M, [0.5, 0.5], [0.25, 0.75]).stats.rescaling == 0.0
    stats = sparse_ot.solve(M, [1.0, 1.0], [1.0, 3.0], check_marginals=False).stats
    assert stats.rescaling == pytest.approx(0.5)
