"""Recognising the library of the arguments."""

from __future__ import annotations

import pickle
import subprocess
import sys

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot.backends import registry
from sparse_ot.backends.protocol import CooParts
from sparse_ot.backends.registry import get_backend, library_of, load_backend
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import (
    InputError,
    MissingDependencyError,
    MixedBackendsError,
    NonFiniteError,
    UnsupportedArrayError,
)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros(3),
        np.ma.MaskedArray.__base__((2,)),  # type: ignore[misc]
        np.ones((1, 1)).view(np.matrix),  # made in the usual way it warns
        sp.coo_array((2, 2)),
        sp.csr_matrix((2, 2)),
        sp.dok_array((2, 2)),
        [np.zeros(2), np.ones(2)],
        CooParts(np.zeros(1, int), np.zeros(1, int), np.ones(1), (1, 1)),
    ],
)
def test_numpy_and_scipy_objects_are_numpys(x):
    assert library_of(x) == "numpy"


@pytest.mark.parametrize("x", [None, 1, 2.5, True, [], [1.0, 2.0], [[1], [2]], (), range(3)])
def test_plain_python_fits_any_library(x):
    assert library_of(x) is None
    assert get_backend(array_api_strict.zeros(2), x).name == "array_api_strict"


def test_numpy_scalars_fit_any_library():
    assert get_backend(array_api_strict.zeros(2), np.float64(0.5)).name == "array_api_strict"


def test_nothing_but_plain_python_is_numpys():
    assert get_backend([0.5, 0.5], None, names=("a", "b")).name == "numpy"
    assert get_backend().name == "numpy"


def test_the_backend_is_one_object():
    assert get_backend(np.zeros(1)) is get_backend([1.0]) is load_backend("numpy")


def test_two_libraries_in_one_call_are_refused_and_named():
    with pytest.raises(MixedBackendsError) as caught:
        get_backend(np.zeros(2), array_api_strict.zeros(2), [1.0], names=("a", "b", "M"))
    assert "numpy: a" in str(caught.value)
    assert "array_api_strict: b" in str(caught.value)
    assert "M" not in str(caught.value).split(")")[0]


def test_a_list_of_arrays_of_two_libraries_is_refused():
    with pytest.raises(MixedBackendsError, match="a is a list"):
        get_backend([np.zeros(2), array_api_strict.zeros(2)], names=("a",))


@pytest.mark.parametrize("x", [{"a": 1}, object(), {1.0, 2.0}, 1j])
def test_foreign_objects_are_refused_by_name(x):
    with pytest.raises(UnsupportedArrayError, match=r"weights is an? .* no backend understands"):
        get_backend(x, names=("weights",))


def test_a_masked_array_is_refused_because_its_mask_would_be_lost():
    with pytest.raises(UnsupportedArrayError, match="filled"):
        load_backend("numpy").asarray(np.ma.masked_array([1.0, 2.0], mask=[True, False]))


def test_an_unknown_name_is_an_input_error():
    with pytest.raises(InputError, match="Expected one of numpy, cupy, jax"):
        load_backend("fortran")


def test_a_missing_library_asked_for_by_name_comes_with_the_pip_line(monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    load_backend.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"pip install 'sparseot\[jax\]'"):
        load_backend("jax")
    load_backend.cache_clear()


def test_a_folder_without_a_backend_is_none():
    assert "generic" not in {library.name for library in registry.libraries()}


def test_exactly_one_library_is_that_of_plain_python():
    first, *others = registry.libraries()
    assert first.default
    assert not any(library.default for library in others)


def test_no_package_belongs_to_two_libraries():
    packages = [package for library in registry.libraries() for package in library.packages]
    assert len(set(packages)) == len(packages)


def test_a_backend_is_pickled_by_the_name_of_its_library():
    for library in ("numpy", "array_api_strict"):
        backend = load_backend(library)
        assert pickle.loads(pickle.dumps(backend)) is backend


def test_what_the_host_can_see_it_sees_without_a_copy():
    x = np.arange(3.0)
    assert load_backend("numpy").host_view(x) is x
    backend, device = load_backend("array_api_strict"), array_api_strict.Device("device1")
    seen = backend.host_view(array_api_strict.asarray(x))
    np.testing.assert_array_equal(seen, x)
    assert backend.host_view(array_api_strict.asarray(x, device=device)) is None


def test_what_the_host_can_see_is_checked_early_in_any_library():
    """A bad coordinate is named as one, not as a cost that it made NaN."""
    x = array_api_strict.asarray([[0.0], [np.nan]])
    with pytest.raises(NonFiniteError, match=r"X\[1\] is \[nan\]"):
        PointCloudCost(x, x)


def test_recognising_arrays_imports_no_other_library():
    code = (
        "import sys, numpy, scipy.sparse\n"
        "from sparse_ot.backends import get_backend\n"
        "get_backend(numpy.zeros(2), scipy.sparse.coo_array((2, 2)), [1.0])\n"
        "found = {'jax', 'cupy', 'torch', 'array_api_strict', 'matplotlib'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
