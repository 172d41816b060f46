"""Every public object is copied, pickled and sent to other processes, and still works there.

And results compare and hash without a look into the truth value of an array.
"""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from conformance.libraries import Library
from support import round_trips
from support.in_processes import WAYS as PROCESSES

import sparse_ot
from sparse_ot import errors


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda x: pickle.loads(pickle.dumps(x, protocol))


WAYS: dict[str, Callable[[Any], Any]] = {"copy": copy.copy, "deepcopy": copy.deepcopy} | {
    f"protocol {number}": pickled(number) for number in range(pickle.HIGHEST_PROTOCOL + 1)
}


NAMES = dict.fromkeys(
    name
    for name in (*sparse_ot.__all__, *round_trips.examples())
    if not isinstance(getattr(sparse_ot, name, None), ModuleType)  # imported, not copied
)


@pytest.fixture(scope="module")
def examples() -> dict[str, list[Any]]:
    return round_trips.examples()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_every_public_object_survives(name: str, way: str, examples: dict[str, list[Any]]) -> None:
    public = getattr(sparse_ot, name, None)
    if public is not None:
        assert WAYS[way](public) == public
    if public is None or isinstance(public, type):
        assert examples[name], "a new public class needs an example in support/round_trips.py"
    for before in examples.get(name, []):
        after = WAYS[way](before)
        assert type(after) is type(before)
        assert round_trips.answers(after) == round_trips.answers(before)


@pytest.mark.parametrize("way", WAYS)
def test_there_is_one_object_for_every_status(way: str) -> None:
    for status in sparse_ot.Status:
        assert WAYS[way](status) is status


@pytest.mark.parametrize("way", PROCESSES)
def test_every_object_survives_another_process(way: str) -> None:
    if way in ("fork", "spawn") and way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform has no {way}")
    if way in ("loky", "joblib"):
        pytest.importorskip("joblib")
    found = subprocess.run(
        [sys.executable, "-m", "support.in_processes", way],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "came back" in found.stdout


def test_an_error_keeps_what_was_hung_on_it() -> None:
    error = errors.ShapeError("Found a cube.")
    error.__dict__["batch"] = 3
    for way in WAYS.values():
        again = way(error)
        assert again.batch == 3
        assert str(again) == "Found a cube."
        with pytest.raises(errors.ShapeError, match="Found a cube"):
            raise again from error


# -- in every library -------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_solutions_and_costs_of_every_library_survive(
    library: Library, way: str, rng: np.random.Generator
) -> None:
    there_and_back = WAYS[way]
    dtype = np.float64 if library.doubles else np.float32
    M, x, y = (library.put(rng.random(shape).astype(dtype)) for shape in ((6, 5), (6, 2), (5, 2)))
    try:
        there_and_back(M)
    except TypeError:
        pytest.skip(f"arrays of {library.name} do not survive {way}")
    vector = library.put(np.arange(6, dtype=dtype))
    before = library.run(sparse_ot.solve, M)
    after = there_and_back(before)
    assert after.certificate == before.certificate
    assert float(library.get(after.value)) == float(library.get(before.value))
    for old, new in zip(before.marginals, after.marginals, strict=True):
        np.testing.assert_array_equal(library.get(old), library.get(new))
    np.testing.assert_array_equal(
        library.get(after.apply(vector)), library.get(before.apply(vector))
    )
    cloud = sparse_ot.PointCloudCost(x, y)
    cloud.candidate_arcs(2)
    graph = sparse_ot.knn_cost(x, y, 3, feasible_for=(None, None))
    for cost in (cloud, sparse_ot.DenseCost(M), sparse_ot.SparseCost(graph)):
        old, new = sparse_ot.solve(cost), sparse_ot.solve(there_and_back(cost))
        assert float(library.get(old.value)) == float(library.get(new.value))
        assert new.certificate.holds(1e-6)


# -- comparison -------------------------------------------------------------------------------


def test_all_results_compare_and_hash(examples: dict[str, list[Any]]) -> None:
    names = ("Solution", "DenseGap", "Certificate", "SolveStats", "HallViolation")
    results = [x for name in names for x in examples[name]]
    for x in results:
        assert x == x
        assert x != "something else"
        assert x is not None
        assert [other for other in results if other == x] == [x]
    assert len(set(results)) == len(results)
    assert results.index(results[-1]) == len(results) - 1


@pytest.mark.parametrize("way", WAYS)
def test_records_of_numbers_equal_their_copies(way: str, examples: dict[str, list[Any]]) -> None:
    for name in ("HallViolation", "Certificate", "SolveStats", "Round"):
        for x in examples[name]:
            again = WAYS[way](x)
            assert again == x
            assert hash(again) == hash(x)
            assert len({x, again}) == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_holds_arrays_of_a_library_equals_itself_only(
    way: str, examples: dict[str, list[Any]]
) -> None:
    for name in ("Solution", "DenseGap", "DenseCost", "SparseCost", "PointCloudCost"):
        for x in examples[name]:
            again = WAYS[way](x)
            assert again != x
            assert len({x, again}) == 2


def test_violations_differ_where_their_contents_do() -> None:
    sources, targets = np.asarray([0, 2]), np.asarray([1])
    violation = errors.HallViolation(sources, targets, 1.0, 0.5)
    assert violation == errors.HallViolation(sources.copy(), targets.copy(), 1.0, 0.5)
    for other in (
        errors.HallViolation(np.asarray([0, 3]), targets, 1.0, 0.5),
        errors.HallViolation(np.asarray([0]), targets, 1.0, 0.5),
        errors.HallViolation(sources, np.asarray([], np.int64), 1.0, 0.5),
        errors.HallViolation(sources, targets, 1.0, np.nextafter(0.5, 1)),
    ):
        assert violation != other
        assert len({violation, other}) == 2


def test_numbers_that_are_none_and_negative_zeros_compare_by_meaning() -> None:
    nothing = sparse_ot.Certificate(np.nan, 0.0, np.nan, np.nan, "arcs")
    again = sparse_ot.Certificate(-np.float64("nan"), -0.0, np.nan, np.nan, "arcs")
    assert nothing == again
    assert hash(nothing) == hash(again)
    assert nothing != sparse_ot.Certificate(np.nan, 0.0, np.nan, np.nan, "dense")


def test_results_of_compiled_functions_compare_too(rng: np.random.Generator) -> None:
    jax = pytest.importorskip("jax")
    M = jax.numpy.asarray(rng.random((2, 4, 5)), "float32")
    for solution in (jax.jit(sparse_ot.solve)(M[0]), jax.jit(jax.vmap(sparse_ot.solve))(M)):
        for x in (solution.certificate, solution.stats):
            again = copy.deepcopy(x)
            assert again == x
            assert hash(again) == hash(x)
        assert solution == solution
        assert solution != copy.copy(solution)
        assert isinstance(hash(solution), int)
