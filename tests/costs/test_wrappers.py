"""A model that wraps another is one class, and loses nothing of what the model inside can do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.brute_force import cost_matrix
from support.certify import certify, certify_infeasible

import sparse_ot
from sparse_ot import DenseCost, PointCloudCost, SparseCost, Status
from sparse_ot.backends.protocol import Pricing
from sparse_ot.costs.model import Arcs, CostModel, Listed, Points
from sparse_ot.errors import HallViolation
from sparse_ot.solvers.starts import multiscale


class WithToll(CostModel):
    """Another model's costs, and a toll on everything that leaves a source: toll (n,)."""

    def __init__(self, inner: CostModel, toll: Any) -> None:
        self.inner, self.toll = inner, toll
        self.shape, self.backend, self.scope = inner.shape, inner.backend, inner.scope

    @property
    def like(self) -> Any:
        return self.inner.like

    def arc_at(self, index: int) -> tuple[int, int]:
        return self.inner.arc_at(index)

    def candidate_arcs(self, per_point: int, potentials: Any = None) -> Arcs:
        inside = None if potentials is None else (potentials[0] - self.toll, potentials[1])
        arcs = self.inner.candidate_arcs(per_point, inside)
        return arcs._replace(costs=arcs.costs + self.toll[arcs.rows])

    def arc_costs(self, rows: Any, cols: Any) -> Any:
        return self.inner.arc_costs(rows, cols) + self.toll[rows]

    def price(self, u: Any, v: Any, per_point: int) -> Pricing:
        found = self.inner.price(u - self.toll, v, per_point)
        costs = found.costs + self.toll[found.rows]
        return found._replace(costs=costs, row_minima=found.row_minima + self.toll)

    def listed(self, *, must: bool = False) -> Listed | None:
        if (listed := self.inner.listed(must=must)) is None:
            return None
        if listed.is_matrix:
            return Listed(listed.costs + self.toll[:, None])
        return listed._replace(costs=listed.costs + self.toll[listed.ends[0]])

    def detached(self) -> CostModel:
        return WithToll(self.inner.detached(), self.backend.detach(self.toll))

    def points(self) -> Points | None:
        return self.inner.points()  # a plan that is good without tolls is good with them

    def arrays(self) -> tuple[Any, ...]:
        return (*self.inner.arrays(), self.toll)

    def plan(self, flow: Any) -> Any:
        return self.inner.plan(flow)

    def plan_on(self, rows: Any, cols: Any, flow: Any) -> Any:
        return self.inner.plan_on(rows, cols, flow)

    def search_bytes(self) -> float:
        return self.inner.search_bytes()

    def advice(self, violation: HallViolation) -> str:
        return self.inner.advice(violation)

    def bad_cost(self, row: int, col: int, found: str) -> str:
        return self.inner.bad_cost(row, col, found)


def problem(n: int, dtype: type = np.float64) -> tuple[Any, ...]:
    rng = np.random.default_rng(n)
    X: Any = rng.random((n, 2)).astype(dtype)
    Y: Any = (rng.random((n, 2)) ** 2).astype(dtype)
    a, b = rng.random(n), rng.random(n)
    return X, Y, a / a.sum(), b / b.sum(), rng.random(n)


def test_a_cloud_with_a_toll_starts_coarse_to_fine_and_is_certified() -> None:
    X, Y, a, b, toll = problem(900)
    solution = sparse_ot.solve(WithToll(PointCloudCost(X, Y), toll), a, b)
    assert solution.status is Status.OPTIMAL
    assert solution.certificate.scope == "dense"
    assert solution.stats.seconds["coarse to fine"] > 0
    certify(a, b, cost_matrix(X, Y, "sqeuclidean") + toll[:, None], solution)
    inner = sparse_ot.solve(PointCloudCost(X, Y), a, b)
    assert float(solution.value) == pytest.approx(float(inner.value) + float(a @ toll), rel=1e-12)
    assert type(solution.plan) is type(inner.plan)


def test_float32_points_inside_are_priced_in_full_precision() -> None:
    X, Y, a, b, toll = problem(300, np.float32)
    seen: list[Any] = []

    class Watched(PointCloudCost):
        def price(self, u: Any, v: Any, per_point: int) -> Pricing:
            seen.append(self.x.dtype)
            return super().price(u, v, per_point)

    solution = sparse_ot.solve(WithToll(Watched(X, Y), toll.astype(np.float32)), a, b)
    assert set(seen) == {np.dtype(np.float64)}
    assert solution.value.dtype == np.float32
    assert solution.certificate.gap <= 1e-12 * solution.certificate.value


def test_a_matrix_with_a_toll_gives_a_matrix_and_a_graph_a_graph() -> None:
    X, Y, a, b, toll = problem(60)
    M = cost_matrix(X, Y, "sqeuclidean")
    dense = sparse_ot.solve(WithToll(DenseCost(M), toll), a, b)
    assert dense.plan.shape == M.shape
    certify(a, b, M + toll[:, None], dense)
    graph = sparse_ot.knn_cost(X, Y, 5, feasible_for=(a, b))
    on_graph = sparse_ot.solve(WithToll(SparseCost(graph), toll), a, b)
    assert type(on_graph.plan) is type(graph)
    plain = sparse_ot.solve(graph, a, b)
    assert float(on_graph.value) == pytest.approx(float(plain.value + a @ toll), rel=1e-12)


def test_messages_are_those_of_the_model_inside() -> None:
    X, Y, a, b, toll = problem(80)
    M = cost_matrix(X, Y, "sqeuclidean")
    M[:, 3:] = np.inf
    with pytest.raises(sparse_ot.InfeasibleError, match=r"an entry of \+inf in M") as caught:
        sparse_ot.solve(WithToll(DenseCost(M), toll), a, b)
    certify_infeasible(a, b, M, caught.value.violation)
    cloud = PointCloudCost(X, Y, lambda x, y: np.full(len(x), np.nan))
    with pytest.raises(sparse_ot.NonFiniteError, match=r"from X\[\d+\] to Y\[\d+\] is nan"):
        sparse_ot.solve(WithToll(cloud, toll), a, b)


def test_the_start_sees_the_points_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y, a, b, toll = problem(800)
    seen: list[Any] = []
    start = multiscale.start

    def watched(x: Any, y: Any, *masses: Any, **options: Any) -> multiscale.Start:
        seen.append((x, y))
        return start(x, y, *masses, **options)

    monkeypatch.setattr(multiscale, "start", watched)
    sparse_ot.solve(WithToll(PointCloudCost(X, Y), toll), a, b)
    assert seen[0][0] is X
    assert seen[0][1] is Y


class Least(CostModel):
    """What a model must answer itself, and nothing else: every other question has an answer."""

    scope = "dense"

    def __init__(self, M: Any) -> None:
        self.inner = DenseCost(M)
        self.shape, self.backend = self.inner.shape, self.inner.backend

    @property
    def like(self) -> Any:
        return self.inner.like

    def arc_at(self, index: int) -> tuple[int, int]:
        return self.inner.arc_at(index)

    def candidate_arcs(self, per_point: int, potentials: Any = None) -> Arcs:
        return self.inner.candidate_arcs(per_point, potentials)

    def arc_costs(self, rows: Any, cols: Any) -> Any:
        return self.inner.arc_costs(rows, cols)

    def price(self, u: Any, v: Any, per_point: int) -> Pricing:
        return self.inner.price(u, v, per_point)


def test_the_answers_that_always_serve_serve() -> None:
    X, Y, a, b, _ = problem(90)
    M = cost_matrix(X, Y, "euclidean")
    model = Least(M)
    solution = sparse_ot.solve(model, a, b)
    certify(a, b, M, solution)
    assert model.detached() is model
    assert model.points() is None
    assert model.listed(must=True) is None
    with pytest.raises(NotImplementedError, match="Least lists no arcs"):
        model.plan(a)
    nothing = model.no_plan()
    assert nothing.shape == (90, 90)
    assert np.isnan(np.asarray(nothing.sum(axis=1))).all()
    M[:5] = np.inf
    with pytest.raises(sparse_ot.InfeasibleError, match=r"a cost of \+inf forbids one"):
        sparse_ot.solve(Least(M), a, b)
