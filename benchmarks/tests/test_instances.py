"""Documented instances: what a name says is what a solver gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from benchmarks.cases import all_cases, clouds, select_cases
from benchmarks.cases.images import CLASSES, image_problem, smooth
from benchmarks.measure import Outcome, measure_case
from benchmarks.peers import select_peers
from benchmarks.points import CLOUDS, knn_problem, matrix_problem, point_problem, random_masses
from benchmarks.problems import DenseProblem, Problem, SparseProblem, load_problem, save_problem
from benchmarks.verdict import Proof


@pytest.mark.parametrize(
    ("n", "d", "arcs"), [(1_000, 2, 19_502), (5_000, 2, 97_142), (1_000, 8, 21_665)]
)
def test_knn_graphs_have_the_documented_arcs(n: int, d: int, arcs: int) -> None:
    problem = knn_problem(n, d, "unit")
    assert problem.arc_count == arcs
    assert problem.node_count == 2 * n
    keys = problem.rows * n + problem.cols
    assert np.all(np.diff(keys) > 0), "row-major, each pair once"
    assert np.isin(np.arange(n) * (n + 1), keys).all(), "the diagonal is there"


@pytest.mark.slow
@pytest.mark.parametrize(("d", "thousands"), [(2, 386), (8, 419)])
def test_large_knn_graphs_have_the_documented_arcs(d: int, thousands: int) -> None:
    assert round(knn_problem(20_000, d, "unit").arc_count / 1000) == thousands


def test_random_masses_are_integers_1_to_999_with_equal_totals() -> None:
    a, b = random_masses(1_000)
    assert a.sum() == b.sum()
    assert min(a.min(), b.min()) >= 1
    untouched = b if a.max() > 999 else a
    assert untouched.max() <= 999


def test_matrix_is_the_squared_distance_of_the_same_clouds() -> None:
    graph, matrix = knn_problem(50, 2, "masses"), matrix_problem(50, 2, "masses")
    np.testing.assert_allclose(matrix.matrix[graph.rows, graph.cols], graph.costs, rtol=1e-15)
    np.testing.assert_array_equal(matrix.a, graph.a)


@pytest.mark.parametrize("d", [2, 3])
def test_uniform_clouds_are_drawn_sources_first_from_seed_0(d: int) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.random((50, d)), rng.random((50, d))
    problem = point_problem("uniform", 50, d, "masses")
    np.testing.assert_array_equal(problem.X, X)
    np.testing.assert_array_equal(problem.Y, Y)
    np.testing.assert_array_equal(problem.a, random_masses(50)[0])


@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_points_and_their_matrix_are_the_same_problem(cloud: str) -> None:
    problem = point_problem(cloud, 40, 3, "masses")
    matrix = DenseProblem(problem.a, problem.b, problem.matrix())
    rows, cols, costs = problem.arcs()
    np.testing.assert_array_equal(costs, matrix.arcs()[2])
    np.testing.assert_allclose(problem.costs_of(rows, cols), costs, rtol=1e-14)
    v = np.linspace(-1.0, 1.0, 40)
    largest = problem.largest_potentials(v)
    assert largest is not None
    np.testing.assert_allclose(largest, matrix.largest_potentials(v), atol=1e-12)


def test_images_have_integer_masses_with_equal_totals_on_a_grid() -> None:
    for name in CLASSES:
        problem = image_problem(name, 32)
        assert problem.a.dtype.kind == problem.b.dtype.kind == "i"
        assert problem.a.sum() == problem.b.sum()
        assert min(problem.a.min(), problem.b.min()) == 0
        assert len(np.unique(problem.X, axis=0)) == 32**2
        assert np.any(problem.a != problem.b)
    assert np.mean(image_problem("shapes", 32).a == 0) > 0.5, "most of it is black"


def test_larger_image_shows_the_same_field() -> None:
    coarse, fine = smooth(32, 1), smooth(128, 1)
    assert np.corrcoef(coarse.ravel(), fine[::4, ::4].ravel())[0, 1] > 0.99


def test_known_values_of_clouds_belong_to_cases() -> None:
    known = {case.name: case.known_value for case in all_cases() if case.family == "clouds"}
    assert len(known) <= 45, "more than a reader can take in"
    assert sum(value is not None for value in known.values()) == len(clouds.KNOWN_VALUES)
    assert known["clouds/uniform-d2-unit-n20000"] == 0.00012475303585


@pytest.mark.slow
def test_known_value_of_a_cloud_is_certified_here(tmp_path: Path) -> None:
    case = next(case for case in all_cases() if case.name == "clouds/uniform-d2-unit-n20000")
    result = measure_case(case, select_peers([]), timeout=300.0, enough_seconds=0.0)
    assert result.measurements[0].outcome is Outcome.OK, result.measurements[0].detail
    assert result.verdict.proof is Proof.CERTIFIED


def test_known_value_of_the_unit_graph_is_that_of_scipy() -> None:
    case = next(case for case in all_cases() if case.name == "sparse-knn/d2-unit-n1000")
    problem = case.build()
    assert isinstance(problem, SparseProblem)
    costs = csr_array((problem.costs, (problem.rows, problem.cols)), shape=(1_000, 1_000))
    rows, cols = min_weight_full_bipartite_matching(costs)
    value = problem.costs_of(rows.astype(np.int64), cols.astype(np.int64)).mean()
    assert case.known_value == pytest.approx(value, rel=1e-12)


def test_names_of_cases_are_unique_and_select_them() -> None:
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    families = {"clouds", "dense-matrix", "images", "memory", "small", "sparse-knn"}
    assert families == {case.family for case in cases}
    heavy = next(case for case in cases if case.name == "sparse-knn/d2-unit-n100000")
    assert select_cases([heavy.name], quick=True, heavy=False) == [heavy]
    assert {case.size for case in select_cases([], quick=True, heavy=False)} == {"quick"}
    assert heavy not in select_cases(["sparse-knn"], quick=False, heavy=False)
    assert heavy in select_cases(["sparse-knn"], quick=False, heavy=True)
    with pytest.raises(ValueError, match="no case fits 'nosuch'"):
        select_cases(["nosuch"], quick=True, heavy=False)


@pytest.mark.parametrize(
    "problem",
    [
        knn_problem(30, 2, "masses"),
        matrix_problem(7, 2, "unit"),
        point_problem("clustered", 7, 3, "masses"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_problems_survive_a_file(problem: Problem, tmp_path: Path) -> None:
    save_problem(problem, tmp_path / "problem.npz")
    again = load_problem(tmp_path / "problem.npz")
    assert type(again) is type(problem)
    for name, part in vars(problem).items():
        np.testing.assert_array_equal(getattr(again, name), part)
        assert getattr(again, name).dtype == part.dtype


def test_tiny_problem_is_of_the_same_kind() -> None:
    for problem in (
        knn_problem(30, 2, "masses"),
        matrix_problem(7, 2, "unit"),
        point_problem("uniform", 7, 8, "unit"),
    ):
        tiny = problem.tiny()
        assert type(tiny) is type(problem)
        assert tiny.node_count == tiny.arc_count == 4
        assert tiny.a.dtype == problem.a.dtype
        for ours, theirs in zip(vars(tiny).values(), vars(problem).values(), strict=True):
            assert ours.shape[1:] == theirs.shape[1:] or ours.shape == (2, 2)
