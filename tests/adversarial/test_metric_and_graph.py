"""A graph, or a solution on it, with another metric or other points than it was made with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES, Library, jax_doubles
from scipy.spatial.distance import cdist
from support.brute_force import cost_matrix, cubed_cityblock, one_sided
from support.certify import certify
from support.metrics import EVERY_METRIC

import sparse_ot
from sparse_ot import InputError, ShapeError, Status

BOTH = [
    *((name, kind) for name, setting in LIBRARIES.items() for kind in setting.containers),
]


@pytest.fixture(params=BOTH, ids="-".join)
def sparse_library(request: pytest.FixtureRequest) -> Any:
    """Each library in turn, with each of its sparse containers."""
    name, kind = request.param
    with LIBRARIES[name].open() as found:
        yield found, found.containers[kind]


def clouds(rng: Any, n: int = 30, m: int = 30, d: int = 2) -> tuple[Any, Any]:
    return rng.random((n, d)), rng.random((m, d)) + 0.1


def put(library: Library, *points: Any) -> Any:
    dtype = np.float64 if library.doubles else np.float32
    return tuple(library.put(p.astype(dtype)) for p in points)


def graph(X: Any, Y: Any, metric: Any = "sqeuclidean", k: int = 3) -> Any:
    return sparse_ot.knn_cost(X, Y, k, metric, feasible_for=(None, None))


def solved(library: Library, X: Any, Y: Any, metric: Any = "sqeuclidean") -> Any:
    return library.run(lambda X, Y: sparse_ot.solve(graph(X, Y, metric)), X, Y)


def refused(function: Any, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        function()
    for word in words:
        assert word in str(caught.value)


def test_another_metric_is_refused_and_the_right_one_named(library: Library, rng: Any) -> None:
    x, y = clouds(rng, 20, 18)
    X, Y = put(library, x, y)
    for made in ("sqeuclidean", "cosine"):
        solution, M = solved(library, X, Y, made), graph(X, Y, made)
        gap = sparse_ot.dense_gap(solution, X, Y, made, tol=0.0)
        optimum = float(sparse_ot.solve(cost_matrix(library.get(X), library.get(Y), made)).value)
        assert gap.lower_bound == pytest.approx(optimum, rel=1e-5)
        sparse_ot.union(M, points=(X, Y), metric=made)
        for asked in {"sqeuclidean", "euclidean", "cosine"} - {made}:
            words = f"under metric={asked!r}", f"They are those of metric={made!r}"
            refused(lambda s=solution, a=asked: sparse_ot.dense_gap(s, X, Y, a), *words)
            refused(
                lambda M=M, a=asked: sparse_ot.union(
                    M, feasible_for=(None, None), points=(X, Y), metric=a
                ),
                "M is not a graph of points=(X, Y)",
                *words,
            )


@pytest.mark.parametrize("made", [*EVERY_METRIC, cubed_cityblock, one_sided])
@pytest.mark.parametrize("d", [2, 20])
def test_every_metric_agrees_with_itself_and_with_no_other(rng: Any, made: Any, d: int) -> None:
    x, y = clouds(rng, 20, 25, d)
    M = graph(x, y, made)
    solution = sparse_ot.solve(M)
    aliases = {("minkowski", 1): "cityblock", ("minkowski", 2.0): "euclidean"}
    for asked in [*EVERY_METRIC, cubed_cityblock, one_sided]:
        if aliases.get(asked, asked) == aliases.get(made, made):
            sparse_ot.union(M, points=(x, y), metric=asked)
            assert sparse_ot.dense_gap(solution, x, y, asked).gap >= -1e-15
            continue
        refused(lambda a=asked: sparse_ot.dense_gap(solution, x, y, a), "at a cost of")
        refused(lambda a=asked: sparse_ot.union(M, points=(x, y), metric=a), "M is not")


def test_exchanged_clouds(library: Library, rng: Any) -> None:
    X, Y = put(library, *clouds(rng))
    solution, M = solved(library, X, Y), graph(X, Y)
    words = "They are those of X and Y exchanged"
    refused(lambda: sparse_ot.dense_gap(solution, Y, X), words, "sources first")
    refused(lambda: sparse_ot.union(M, feasible_for=(None, None), points=(Y, X)), words)
    X, Y = put(library, *clouds(rng, 20, 25))
    with pytest.raises(ShapeError, match=r"25 targets\. Are X and Y exchanged"):
        sparse_ot.dense_gap(solved(library, X, Y), Y, X)
    with pytest.raises(ShapeError, match="Expected the points that M was computed from"):
        sparse_ot.union(graph(X, Y), points=(Y, X))


def test_a_cost_that_is_not_symmetric_knows_its_direction(rng: Any) -> None:
    x = rng.random((20, 2))
    y = rng.random((20, 2))
    solution = sparse_ot.solve(graph(x, y, one_sided))

    def backwards(x: Any, y: Any) -> Any:
        return one_sided(y, x)

    assert sparse_ot.dense_gap(solution, x, y, one_sided).gap >= 0
    refused(lambda: sparse_ot.dense_gap(solution, x, y, backwards), "at a cost of")


OTHER_POINTS = {
    "one row moved to the end": lambda x, y: (np.roll(x, 1, axis=0), y),
    "targets in another order": lambda x, y: (x, y[::-1]),
    "sorted": lambda x, y: (x[np.argsort(x[:, 0])], y),
    "another unit": lambda x, y: (100 * x, 100 * y),
    "centred apart": lambda x, y: (x - x.mean(axis=0), y - y.mean(axis=0)),
    "another draw": lambda x, y: clouds(np.random.default_rng(99)),
    "fewer coordinates": lambda x, y: (x[:, :1], y[:, :1]),
}


@pytest.mark.parametrize("change", OTHER_POINTS.values(), ids=OTHER_POINTS)
def test_other_points(library: Library, rng: Any, change: Any) -> None:
    x, y = clouds(rng)
    X, Y = put(library, x, y)
    others = put(library, *change(x, y))
    solution, M = solved(library, X, Y), graph(X, Y)
    refused(lambda: sparse_ot.dense_gap(solution, *others), "not one between X and Y")
    refused(lambda: sparse_ot.union(M, points=others), "M is not a graph of")


def test_the_pair_and_both_costs_are_named() -> None:
    M = sp.csr_array([[4.0, 16.0], [9.0, 1.0]])
    x, y = np.asarray([[0.0], [3.0]]), np.asarray([[2.0], [4.0]])
    refused(
        lambda: sparse_ot.union(M, points=(x, y), metric="sqeuclidean"),
        "its arc from source 1 to target 0 costs 9, and this pair of points 1.",
    )
    solution = sparse_ot.solve(M)
    refused(
        lambda: sparse_ot.dense_gap(solution, x, y, "euclidean"),
        "it moves mass from source 0 to target 0 at a cost of 4, and this pair of points costs 2.",
    )


EDITS = {
    "a penalty": lambda costs: costs + 0.01,
    "a small penalty": lambda costs: costs + 1e-3 * costs.max(),
    "a factor": lambda costs: 2 * costs,
    "a factor near one": lambda costs: 1.002 * costs,
    "per cent": lambda costs: np.round(costs, 2),
    "a unit of ten thousandths": lambda costs: np.floor(1e4 * costs),
    "the largest is one": lambda costs: costs / costs.max(),
    "a power": lambda costs: costs**1.5,
    "a sign": lambda costs: -costs,
    "none at all": lambda costs: 0 * costs,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edited_costs(rng: Any, edit: Any) -> None:
    x, y = clouds(rng)
    same = graph(x, y)
    edited = same.copy()
    edited.data = edit(same.data)
    refused(
        lambda: sparse_ot.dense_gap(sparse_ot.solve(edited), x, y),
        "costs that were changed after that",
    )
    refused(
        lambda: sparse_ot.union(edited, feasible_for=(None, None), points=(x, y)),
        "change them after that",
    )
    refused(lambda: sparse_ot.union(same, edited, points=(x, y)), "others[0] is not a graph")


def test_edited_costs_in_every_container(sparse_library: Any, rng: Any) -> None:
    library, make = sparse_library
    X, Y = put(library, *clouds(rng))
    M = library.on_host(graph(X, Y))
    listed = M.data < np.inf
    rows, cols, costs = M.row[listed], M.col[listed], M.data[listed]
    same = make((rows, cols, costs), M.shape)
    sparse_ot.union(same, feasible_for=(None, None), points=(X, Y))
    assert sparse_ot.dense_gap(sparse_ot.solve(same), X, Y).gap >= -1e-6
    edited = make((rows, cols, costs + costs.dtype.type(0.01)), M.shape)
    refused(lambda: sparse_ot.dense_gap(sparse_ot.solve(edited), X, Y), "not one between")
    refused(lambda: sparse_ot.union(same, edited, points=(X, Y)), "others[0] is not")


def test_solutions_that_a_limit_stopped_are_compared_by_their_value(rng: Any) -> None:
    x, y = clouds(rng, 300, 300)
    M = cost_matrix(x, y, "sqeuclidean")
    stopped = [
        sparse_ot.solve(sparse_ot.knn_cost(x, y, 40, feasible_for=(None, None)), max_pivots=50),
        sparse_ot.solve_sample(x, y, tol=0.5),
    ]
    assert {s.status for s in stopped} == {Status.PIVOT_LIMIT, Status.GAP_REACHED}
    optimum = float(sparse_ot.solve(M).value)
    for solution in stopped:
        gap = sparse_ot.dense_gap(solution, x, y)
        assert gap.lower_bound <= optimum * (1 + 1e-12) <= gap.value * (1 + 1e-9)
        for other in ((x, y, "euclidean"), (y, x), (x[::-1], y), (2 * x, 2 * y)):
            refused(
                lambda s=solution, o=other: sparse_ot.dense_gap(s, *o),
                "its value is",
                "and its plan costs",
            )


def test_solutions_of_matrices_and_of_clouds(library: Library, rng: Any) -> None:
    x, y = clouds(rng, 20, 20)
    X, Y = put(library, x, y)
    dtype = np.float64 if library.doubles else np.float32
    lengths = library.put(cdist(x, y).astype(dtype))
    dense = library.run(sparse_ot.solve, lengths)
    assert sparse_ot.dense_gap(dense, X, Y, "euclidean").relative < 1e-5
    refused(lambda: sparse_ot.dense_gap(dense, X, Y), "They are those of metric='euclidean'")
    sample = sparse_ot.solve_sample(X, Y)
    assert sparse_ot.dense_gap(sample, X, Y).relative < 1e-5
    refused(lambda: sparse_ot.dense_gap(sample, Y, X), "exchanged")


def test_a_start_from_another_metric_is_only_a_start(rng: Any) -> None:
    x, y = clouds(rng, 60, 60)
    M = cost_matrix(x, y, "sqeuclidean")
    for other in (
        sparse_ot.solve_sample(x, y, metric="chebyshev"),
        sparse_ot.solve_sample(y, x),
        sparse_ot.solve(graph(x, y, "cosine")),
    ):
        certify(None, None, M, sparse_ot.solve_sample(x, y, start=other))
    with pytest.raises(ShapeError, match="start"):
        sparse_ot.solve_sample(x, y[:-1], start=other)


def test_forbidden_pairs_and_empty_graphs_are_not_compared(library: Library, rng: Any) -> None:
    X, Y = put(library, *clouds(rng))
    kind = next(iter(library.containers.values()))
    costs = np.asarray([np.inf, np.inf], np.float64 if library.doubles else np.float32)
    nothing = kind((np.zeros(0, int), np.zeros(0, int), costs[:0]), (30, 30))
    forbidden = kind((np.asarray([3, 4]), np.asarray([5, 6]), costs), (30, 30))
    for M in (nothing, forbidden):
        made = sparse_ot.union(M, feasible_for=(None, None), points=(X, Y))
        assert sparse_ot.solve(made).status is Status.OPTIMAL


def test_a_metric_that_forbids_what_the_graph_allows(rng: Any) -> None:
    x, y = clouds(rng)

    def walled(x: Any, y: Any) -> Any:
        return np.where(x[:, 0] < 0.5, np.inf, ((x - y) ** 2).sum(axis=1))

    def undefined(x: Any, y: Any) -> Any:
        return np.where(x[:, 0] < 0.5, np.nan, ((x - y) ** 2).sum(axis=1))

    M = graph(x, y)
    for metric, cost in ((walled, "inf"), (undefined, "nan")):
        refused(lambda f=metric: sparse_ot.union(M, points=(x, y), metric=f), f"points {cost}.")
        refused(lambda f=metric: sparse_ot.dense_gap(sparse_ot.solve(M), x, y, f), f"costs {cost}.")


def test_one_crossing_of_a_few_numbers(library: Library, rng: Any) -> None:
    X, Y = put(library, *clouds(rng))
    near, wide = graph(X, Y), sparse_ot.radius_cost(X, Y, 0.1)
    with sparse_ot.transfers() as crossed:
        sparse_ot.union(near, wide, points=(X, Y))
    counted = 0 if not library.crosses and crossed.to_host == 0 else 2
    assert crossed.to_host == counted
    assert crossed.to_device == 0
    assert crossed.bytes_to_host <= counted * 5 * 256, "five numbers, each of them aligned"


def test_under_a_trace_nothing_can_be_compared(rng: Any) -> None:
    jax = pytest.importorskip("jax")
    with jax_doubles(True):
        X, Y = (jax.numpy.asarray(p) for p in clouds(rng))
        M = graph(X, Y)

        def value(M: Any, metric: str) -> Any:
            whole = sparse_ot.union(M, feasible_for=(None, None), points=(X, Y), metric=metric)
            return sparse_ot.solve(whole).value

        eager = value(M, "sqeuclidean")
        assert jax.jit(value, static_argnums=1)(M, "sqeuclidean") == pytest.approx(eager)
        assert np.isfinite(jax.jit(value, static_argnums=1)(M, "euclidean"))
        refused(lambda: value(M, "euclidean"), "They are those of metric='sqeuclidean'")

        def slope(X: Any, metric: str) -> Any:
            near = sparse_ot.knn_cost(X, Y, 3)
            return sparse_ot.union(
                near, feasible_for=(None, None), points=(X, Y), metric=metric
            ).data.sum()

        derivative = jax.grad(lambda X: jax.numpy.where(True, 1.0, slope(X, "sqeuclidean")))(X)
        assert np.isfinite(derivative).all()
        refused(lambda: jax.grad(slope)(X, "euclidean"), "They are those of")


def test_a_solution_without_a_plan_is_refused(sparse_library: Any, rng: Any) -> None:
    library, make = sparse_library
    if library.compiled and make is library.containers.get("CooParts"):
        pytest.skip("a shape cannot be compiled")
    X, Y = put(library, np.asarray([[0.0], [1.0]]), np.asarray([[0.0], [1.0]]))
    dtype = np.float64 if library.doubles else np.float32
    column = make((np.asarray([0, 1]), np.asarray([0, 0]), np.asarray([0.0, 1.0], dtype)), (2, 2))
    if library.compiled:
        nothing = library.run(sparse_ot.solve, column)
        refused(lambda: sparse_ot.dense_gap(nothing, X, Y), "has no plan")
        return
    with pytest.raises(sparse_ot.InfeasibleError):
        sparse_ot.solve(column)
