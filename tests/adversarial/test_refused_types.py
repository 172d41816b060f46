"""What is no array of numbers is refused by name, with what to do, by every function."""

from __future__ import annotations

import collections
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import Library
from support.containers import Duck

import sparse_ot
from sparse_ot import ShapeError, UnsupportedArrayError

RNG = np.random.default_rng(11)
X, Y = RNG.random((6, 2)), RNG.random((5, 2))
M = ((X[:, None] - Y[None]) ** 2).sum(axis=-1)
A, B = RNG.dirichlet(np.ones(6)), RNG.dirichlet(np.ones(5))


REFUSED: dict[str, tuple[Any, str]] = {
    "text": ("0.5", "is '0.5'. Expected numbers"),
    "bytes": (b"\x01\x02", "Expected numbers. Convert text"),
    "words": (["a", "b"], r"is '[ab]'\. Expected numbers. Convert text"),
    "generator": ((x for x in A), r"a generator, .*Pass `list\(x\)`"),
    "iterator": (iter(A.tolist()), r"Pass `list\(x\)`"),
    "map": (map(float, A), r"a map, .*Pass `list\(x\)`"),
    "deque": (collections.deque([1.0]), r"a collections\.deque, .*Pass `list\(x\)`"),
    "set": ({0.5, 1.0}, "a set, .*no order"),
    "dict": ({"x": 0.5}, r"a dict, .*`list\(x\.values\(\)\)`"),
    "complex": (1j, "a complex, .*real numbers"),
    "function": (print, "which no backend understands"),
    "class": (np.ndarray, "a type, which no backend understands"),
    "masked": (np.ma.masked_array([1.0, 2.0], mask=[False, True]), r"masked.*\.filled"),
    "masked item": ([np.ma.masked_array([1.0, 2.0], mask=[False, True])], r"masked.*\.filled"),
    "masked number": ([1.0, np.ma.masked], r"masked.*\.filled"),
    "fields": (np.zeros(2, [("w", float)]), "Take one field"),
    "dates": (np.array(["2020", "2021"], "M8[D]"), "Count time from one moment"),
    "durations": (np.array([1, 2], "m8[s]"), "Divide by a unit"),
    "objects": (np.array([0.5, 0.5], object), r"dtype object.*\.astype\(float\)"),
    "complex array": (np.array([1j, 2]), "complex128.*real part"),
    "strings": (np.array(["1", "2"]), r"<U1.*\.astype\(float\)"),
    "duck of words": (Duck(["a"]), r"<U1.*\.astype\(float\)"),
    "duck of nothing": (Duck(None), "dtype object"),
}


CALLS: dict[str, Any] = {
    "a": lambda x: sparse_ot.solve(M, x, B),
    "b": lambda x: sparse_ot.emd2(A, x, M),
    "M": lambda x: sparse_ot.emd(None, None, x),
    "X": lambda x: sparse_ot.solve_sample(x, Y),
    "Y": lambda x: sparse_ot.knn_cost(X, x, 1),
    "potentials_init": lambda x: sparse_ot.solve(M, potentials_init=(x, x)),
}


@pytest.mark.parametrize("argument", CALLS)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_array_is_refused_with_a_remedy(argument: str, kind: str) -> None:
    given, words = REFUSED[kind]
    with pytest.raises(UnsupportedArrayError, match=words) as caught:
        CALLS[argument](given)
    assert argument in str(caught.value)
    if "which no backend understands" in str(caught.value):
        assert "numpy.asarray" not in str(caught.value)  # it would not help


@pytest.mark.parametrize("argument", ["a", "X", "M"])
def test_ragged_lists_are_refused(argument: str) -> None:
    with pytest.raises(ShapeError, match=rf"{argument}.*rows of equal length"):
        CALLS[argument]([[1.0], [1.0, 2.0]])


def test_an_object_that_cannot_become_an_array_says_why() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            msg = "not computed yet"
            raise RuntimeError(msg)

    with pytest.raises(UnsupportedArrayError, match=r"a: This Broken .*: not computed yet"):
        sparse_ot.solve(M, Broken(), B)


@pytest.mark.parametrize("masses", [A[None, :], A[:, None], A[None, :].view(np.matrix)])
def test_masses_in_two_dimensions_come_with_the_remedy(masses: Any) -> None:
    with pytest.raises(ShapeError, match=r"Flatten it with `numpy\.ravel\(a\)`, or `\.reshape"):
        sparse_ot.solve(M, masses, B)
    assert sparse_ot.emd2(np.ravel(masses), B, M) == sparse_ot.emd2(A, B, M)


def test_a_matrix_of_numpys_old_kind_holds_costs_and_points() -> None:
    solution = sparse_ot.solve(M.view(np.matrix), A, B)
    assert type(solution.plan) is np.ndarray
    assert solution.value == sparse_ot.emd2(A, B, M)
    assert sparse_ot.solve_sample(X.view(np.matrix), Y).converged


PAIRS: dict[str, Any] = {
    "table": lambda: pytest.importorskip("pandas").DataFrame(np.ones((2, 6))),
    "dict": lambda: {"u": 1, "v": 2},
    "text": lambda: "uv",
    "set": lambda: {1, 2},
    "generator": lambda: (x for x in (A, B)),
    "container": lambda: sp.eye_array(2),
    "three": lambda: (A, B, A),
    "half": lambda: (A, None),
    "number": lambda: np.array(2.0),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_potentials_are_a_pair(kind: str) -> None:
    with pytest.raises(ShapeError, match="potentials_init must be a pair of arrays"):
        sparse_ot.solve(M, A, B, potentials_init=PAIRS[kind]())


@pytest.mark.parametrize("vec", [None, "words", {1}, np.array(1.0), [1.0], [[1.0], [1.0, 2.0]]])
def test_what_is_no_vector_is_not_applied(vec: Any) -> None:
    with pytest.raises((UnsupportedArrayError, ShapeError)):
        sparse_ot.solve(M, A, B).apply(vec)


@pytest.mark.parametrize("dtype", ["f4", "c8"])
@pytest.mark.parametrize("items", [False, True])
def test_a_mask_is_not_lost_in_any_library(library: Library, dtype: str, items: bool) -> None:
    solution = sparse_ot.solve(library.put(np.ones((3, 3), "f4")))
    masked = np.ma.masked_array(np.ones(3, dtype), mask=[True, False, False])
    with pytest.raises(UnsupportedArrayError, match=r"^vec: Found a masked array"):
        solution.apply([masked] * 3 if items else masked)
    if dtype == "f4" and not items:
        plain = solution.apply(np.ma.masked_array(masked.data))
        assert isinstance(plain, library.array_type)
        np.testing.assert_allclose(library.get(plain), np.full(3, 1 / 3), rtol=1e-6)


@pytest.mark.parametrize("kind", ["text", "generator", "set", "dict", "complex", "words"])
def test_what_is_no_array_is_refused_in_every_library(library: Library, kind: str) -> None:
    given, words = REFUSED[kind]
    with pytest.raises(UnsupportedArrayError, match=words):
        sparse_ot.emd2(given, None, library.put(M))


def test_integers_too_wide_for_a_library_are_refused(library: Library) -> None:
    with pytest.raises((UnsupportedArrayError, ShapeError), match=r"^a: "):
        sparse_ot.emd2([2**70] * 6, None, library.put(M))


def test_arrays_of_libraries_without_a_backend_are_not_copied_without_a_word() -> None:
    class Elsewhere(Duck):
        def __dlpack__(self) -> Any:
            msg = "nobody asked for a copy"
            raise AssertionError(msg)

    for module, words in {
        "torch": r"PyTorch.*`x\.detach\(\)\.cpu\(\)\.numpy\(\)`",
        "tensorflow.python": r"TensorFlow.*`x\.numpy\(\)`",
        "dask.array.core": r"dask.*`x\.compute\(\)`",
        "h5py._hl.dataset": r"stored on disk.*`x\[\.\.\.\]`",
        "pint.facets": "with a unit, which would be lost",
        "elsewhere": "no backend understands.*on the device where you want the result",
    }.items():
        cls = type("Tensor", (Elsewhere,), {"__module__": module})
        with pytest.raises(UnsupportedArrayError, match=words):
            sparse_ot.emd2(cls(A), B, M)
    measured = type("Quantity", (np.ndarray,), {"__module__": "astropy.units.quantity"})
    with pytest.raises(UnsupportedArrayError, match="with a unit, which would be lost"):
        sparse_ot.solve_sample(X.view(measured), Y)


def test_recognition_imports_no_optional_package() -> None:
    code = (
        "import sys, array, sparse_ot\n"
        "masses = array.array('d', [1, 3])\n"
        "assert sparse_ot.emd2(masses, memoryview(masses), [[0, 1], [1, 0]]) == 0\n"
        "found = {'pandas', 'xarray', 'anndata', 'torch', 'jax'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
