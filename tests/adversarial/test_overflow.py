"""Numbers at the ends of floating point: a right value, or an error; no warning and no infinity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES, Library
from support.certify import certify

import sparse_ot
from sparse_ot import InputError, Status

INF = np.inf
SINGLE, DOUBLE = (float(np.finfo(t).max) for t in (np.float32, np.float64))


@pytest.fixture(params=[name for name, setting in LIBRARIES.items() if setting.containers])
def doubles(request: pytest.FixtureRequest) -> Any:
    """Each library that keeps doubles."""
    with LIBRARIES[request.param].open() as found:
        if not found.doubles:
            pytest.skip("has no float64")
        yield found


def refused(library: Library, words: str, M: Any, a: Any = None, b: Any = None) -> None:
    """An error says `words`; a compiled call returns the status INVALID, since it cannot raise."""
    arguments = [None if x is None else library.put(x) for x in (M, a, b)]

    def solve(M: Any, a: Any, b: Any) -> Any:
        return sparse_ot.solve(M, a, b)

    if library.compiled:
        solution = library.run(solve, *arguments)
        assert int(solution.status) == Status.INVALID.code
        assert not np.isfinite(float(solution.value)) or not all(
            np.isfinite(library.get(x)).all() for x in solution.potentials
        )
        return
    with pytest.raises(InputError, match=words) as error:
        solve(*arguments)
    assert "ivide" in str(error.value), "no remedy"


SINGLES: dict[str, tuple[str, Any, Any]] = {
    "the value": (r"value of the plan is 6e\+39", np.full((2, 2), 3e38), [10.0, 10.0]),
    "the value of tiny costs": (r"value of the plan is", np.full((2, 2), 2.0), [3e38, 3e38]),
    "a potential": (
        "potential u is",
        [[3e38, -3e38, INF], [INF, 3e38, -3e38], [INF, INF, 3e38]],
        None,
    ),
}


@pytest.mark.parametrize("name", SINGLES)
def test_results_beyond_single_precision(library: Library, name: str) -> None:
    words, M, masses = SINGLES[name]
    masses = None if masses is None else np.array(masses, np.float32)
    refused(library, words, np.array(M, np.float32), masses, masses)


@pytest.mark.parametrize("name", SINGLES)
def test_the_same_in_a_container(name: str) -> None:
    words, M, masses = SINGLES[name]
    M = np.array(M, np.float32)
    rows, cols = np.nonzero(M < INF)
    with pytest.raises(InputError, match=words):
        sparse_ot.solve(sp.coo_array((M[rows, cols], (rows, cols)), shape=M.shape), masses, masses)


@pytest.mark.parametrize("name", SINGLES)
def test_the_same_in_double_precision_is_right(name: str) -> None:
    _, M, masses = SINGLES[name]
    M = np.array(M)
    certify(masses, masses, M, sparse_ot.solve(M, masses, masses))


def test_totals_beyond_single_precision_are_no_matter(library: Library) -> None:
    M, a = np.full((2, 2), 0.125, np.float32), np.full(2, 3e38, np.float32)
    solution = library.run(sparse_ot.solve, *map(library.put, (M, a, a)))
    assert int(getattr(solution.status, "code", solution.status)) == Status.OPTIMAL.code
    np.testing.assert_allclose(float(solution.value), 7.5e37, rtol=1e-6)


def test_flows_beyond_single_precision() -> None:
    with pytest.raises(InputError, match="A flow is"):
        sparse_ot.solve(np.full((2, 2), 1e-30, np.float32), [1e40, 1e40], [1e40, 1e40])


def test_emd_and_emd2_refuse_them_too() -> None:
    M = np.full((2, 2), 3e38, np.float32)
    for function in (sparse_ot.emd, sparse_ot.emd2):
        with pytest.raises(InputError, match="value of the plan"):
            function([10.0, 10.0], [10.0, 10.0], M)


def test_a_sentinel_that_is_not_used_does_no_harm_in_single_precision(library: Library) -> None:
    M = np.array([[SINGLE, 1.0], [1.0, SINGLE]], np.float32)
    solution = library.run(sparse_ot.solve, library.put(M))
    assert float(solution.value) == 1.0
    np.testing.assert_array_equal(library.get(solution.plan), [[0, 0.5], [0.5, 0]])


@pytest.mark.parametrize("cost", [DOUBLE, 1e308, -1e308, 5e307])
def test_costs_that_cannot_be_added_up_do_not_hang(doubles: Library, cost: float) -> None:
    M = [[cost, -cost, INF], [INF, cost, -cost], [INF, INF, cost]]
    refused(doubles, r"source 0 to target 0 is .*\+inf to forbid a pair", np.array(M))


def test_nor_do_they_in_a_container_or_a_model() -> None:
    M = sp.csr_array(np.array([[1.0, 1e308], [2.0, 3.0]]))
    with pytest.raises(InputError, match=r"source 0 to target 1 is 1e\+308"):
        sparse_ot.solve(M)
    with pytest.raises(InputError, match=r"is 1e\+308"):
        sparse_ot.solve_sample([0.0, 1.0], [0.0, 1.0], metric=lambda x, y: np.full(len(x), 1e308))


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_far_from_one_but_within_reach(
    doubles: Library, rng: np.random.Generator, scale: float
) -> None:
    M = rng.integers(0, 99, (6, 6)) * scale
    M[0, 1:4] = INF
    solution = doubles.run(sparse_ot.solve, doubles.put(M))
    u, v = (doubles.get(x) for x in solution.potentials)
    plan = doubles.get(solution.plan)
    # The certificate in the test takes exact sums of products, so it is scaled to be in reach.
    certify(None, None, M / scale, (plan, u / scale, v / scale))
    expected = float(sparse_ot.solve(M / scale).value)
    np.testing.assert_allclose(float(doubles.get(solution.value)) / scale, expected, rtol=1e-12)


@pytest.mark.parametrize("M", [np.full((2, 2), 1e300), np.array([[1e300, INF], [INF, -1e300]])])
def test_values_beyond_double_precision(doubles: Library, M: Any) -> None:
    masses = np.full(2, 1e10)
    refused(doubles, "value of the plan is (inf|nan)", M, masses, masses)


def test_masses_whose_total_overflows() -> None:
    with pytest.raises(sparse_ot.MassError, match="a sums to inf"):
        sparse_ot.solve(np.ones((2, 2)), [1.5e308] * 2, [1.5e308] * 2)


@pytest.mark.parametrize(
    "costs", [[[5e-324, 1e-323], [1e-323, 5e-324]], [[2e-320, 5e-324], [5e-324, 0]]]
)
def test_subnormal_costs_have_the_right_plan(costs: Any) -> None:
    M = np.array(costs)
    solution = sparse_ot.solve(M, [1.0, 1.0], [1.0, 1.0])
    value = float((solution.plan * M).sum())
    assert value == min(M[0, 0] + M[1, 1], M[0, 1] + M[1, 0]) == float(solution.value)
    assert solution.status is Status.OPTIMAL


def test_half_precision() -> None:
    M = np.array([[6e4, 1.0], [1.0, 6e4]], np.float16)
    assert float(sparse_ot.solve(M).value) == 1.0
    x = np.array([6e4, 1.0], np.float16)
    assert float(sparse_ot.solve_sample(x, -x, metric="cityblock").value) == 60001.0
    assert float(sparse_ot.solve_sample(x, -x).value) == np.float32(60001.0**2)


POINTS: dict[str, tuple[Any, Any]] = {
    "squares beyond double": ([1e200, 0.0], "sqeuclidean"),
    "squares inside a root": ([1e200, 0.0], "euclidean"),
    "gaps beyond double": ([1.7e308, -1.7e308], "cityblock"),
    "squares beyond single": (np.array([3e19, 0.0], np.float32), "sqeuclidean"),
    "squares below double": ([1e-200, 0.0], "sqeuclidean"),
}


@pytest.mark.parametrize("name", POINTS)
def test_points_whose_distances_do_not_fit(name: str) -> None:
    x, metric = POINTS[name]
    with pytest.raises(InputError, match=r"Rescale: divide X and Y by"):
        sparse_ot.solve_sample(x, x, metric=metric)


def test_points_whose_value_does_not_fit() -> None:
    x, masses = np.array([3e37, 0.0], np.float32), [100.0, 100.0]
    with pytest.raises(InputError, match=r"value of the plan is 6e\+39"):
        sparse_ot.solve_sample(x, -x, masses, masses, "cityblock")


def test_lists_of_numbers_beyond_single_precision() -> None:
    with LIBRARIES["jax"].open() as library:
        half = library.put(np.full(2, 0.5, np.float32))
        with pytest.raises(InputError, match=r"M\[0, 1\] is 1e\+39"):
            sparse_ot.solve([[1.0, 1e39], [1.0, 2.0]], half)
        with pytest.raises(InputError, match=r"X\[1\] is 1e\+39"):
            sparse_ot.solve_sample([1.0, 1e39], half)
