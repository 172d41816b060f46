"""Numbers in other containers than arrays are read; results are those of the plain array."""

from __future__ import annotations

import array
import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance.libraries import Library
from support.certify import certify
from support.containers import CONTAINERS, PLAIN, Duck

import sparse_ot
from sparse_ot import MixedBackendsError

RNG = np.random.default_rng(11)
X, Y = RNG.random((6, 2)), RNG.random((5, 2))
M = ((X[:, None] - Y[None]) ** 2).sum(axis=-1)
A, B = RNG.dirichlet(np.ones(6)), RNG.dirichlet(np.ones(5))


@pytest.mark.parametrize("name", CONTAINERS)
def test_masses_costs_and_points_of_any_container(name: str) -> None:
    wrap = CONTAINERS[name]
    solution = sparse_ot.solve(wrap(M), wrap(A), wrap(B))
    assert type(solution.plan) is type(solution.potentials[0]) is np.ndarray
    assert type(solution.value) is np.float64
    certify(A, B, M, (solution.plan, *solution.potentials))
    expected = sparse_ot.solve(M, A, B)
    assert solution.value == expected.value
    over_points = sparse_ot.solve_sample(wrap(X), wrap(Y), wrap(A), wrap(B))
    assert type(over_points.value) is np.float64
    assert over_points.value == pytest.approx(float(expected.value), rel=1e-12)
    np.testing.assert_array_equal(
        sparse_ot.knn_cost(wrap(X), wrap(Y), 2, feasible_for=(wrap(A), wrap(B))).toarray(),
        sparse_ot.knn_cost(X, Y, 2, feasible_for=(A, B)).toarray(),
    )


@pytest.mark.parametrize("name", CONTAINERS)
def test_potentials_histograms_and_vectors_of_any_container(name: str) -> None:
    wrap = CONTAINERS[name]
    expected = sparse_ot.solve(M, A, B)
    u, v = expected.potentials
    started = sparse_ot.solve(M, A, B, potentials_init=(wrap(u), wrap(v)))
    certify(A, B, M, (started.plan, *started.potentials))
    histograms = np.stack([B, B[::-1]], axis=1)
    values = sparse_ot.emd2(wrap(A), wrap(histograms), wrap(M))
    assert values == sparse_ot.emd2(A, histograms, M)
    applied = expected.apply(wrap(np.arange(6.0)))
    assert type(applied) is np.ndarray
    np.testing.assert_allclose(applied, expected.apply(np.arange(6.0)), rtol=1e-14)


def test_a_memory_map_is_an_array(tmp_path: Path) -> None:
    mapped: Any = np.memmap(tmp_path / "costs", M.dtype, "w+", shape=M.shape)
    mapped[...] = M
    assert sparse_ot.solve(mapped, A, B).value == sparse_ot.emd2(A, B, M)


@pytest.mark.parametrize("dtype", ["float16", "uint8", "int8", "uint64", ">i4", "bool"])
def test_element_types_are_read_as_the_numbers_they_hold(dtype: str) -> None:
    costs = (M * 9).astype(dtype)
    solution = sparse_ot.solve(costs, np.ones(6, dtype), np.ones(5, "f4") * 1.2)
    expected = sparse_ot.solve(costs.astype(np.float64), np.ones(6), np.ones(5, "f4") * 1.2)
    assert float(solution.value) == pytest.approx(float(expected.value), rel=1e-6)


@pytest.mark.parametrize("letter", "bBhHiIlLqQfd")
def test_arrays_of_the_standard_library_are_buffers(letter: str) -> None:
    assert sparse_ot.emd2(array.array(letter, [1, 3]), [2, 2], [[0, 1], [1, 0]]) == 1.0
    made: Any = (ctypes.c_double * 2)(1, 3)
    assert sparse_ot.emd2(made, [2, 2], [[0, 1], [1, 0]]) == 1.0


def test_an_empty_buffer_means_uniform_as_an_empty_list_does() -> None:
    uniform = sparse_ot.emd2(None, None, M)
    empty: tuple[Any, ...] = ([], (), np.empty(0), array.array("d"), Duck([]))
    for nothing in empty:
        assert sparse_ot.emd2(nothing, nothing, M) == uniform


def test_lists_fit_every_library(library: Library) -> None:
    dtype = np.float64 if library.doubles else np.float32
    costs = library.put(M.astype(dtype))
    for wrap in (PLAIN["list"], PLAIN["tuple"], PLAIN["fractions"], PLAIN["decimals"]):
        value: Any = sparse_ot.emd2(wrap(A), wrap(B), costs)
        assert isinstance(value, library.number_types)
        assert float(value) == pytest.approx(float(sparse_ot.emd2(A, B, M)), rel=1e-5)
    assert float(sparse_ot.emd2([], (), costs)) == pytest.approx(
        float(sparse_ot.emd2(None, None, M)), rel=1e-5
    )


@pytest.mark.parametrize("name", ["memoryview", "duck", "pandas", "xarray", "list of ducks"])
def test_tables_and_buffers_are_numpys(library: Library, name: str) -> None:
    masses, costs = CONTAINERS[name](A), library.put(M)
    if library.array_type is np.ndarray:
        sparse_ot.emd2(masses, None, costs)
        return
    with pytest.raises(MixedBackendsError, match="numpy: a; "):
        sparse_ot.emd2(masses, None, costs)
