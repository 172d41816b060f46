"""Which array library do these arguments belong to? The one place that answers.

An array is recognised by the module its class comes from, so that asking imports nothing: an
array of a library can only exist once somebody else has imported that library. The backend of
the library found is imported then, and once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from sparse_ot.backends.generic.array_api import ArrayApiBackend
from sparse_ot.backends.protocol import CooParts
from sparse_ot.errors import (
    InputError,
    MissingDependencyError,
    MixedBackendsError,
    UnsupportedArrayError,
)

__all__ = ["get_backend", "library_of", "load_backend"]


class _Entry(NamedTuple):
    module: str
    backend: str
    requirement: str


_REGISTRY: dict[str, _Entry] = {
    "numpy": _Entry("sparse_ot.backends.numpy.backend", "NumpyBackend", "numpy scipy"),
    "jax": _Entry("sparse_ot.backends.jax.backend", "JaxBackend", "'sparseot[jax]'"),
    "cupy": _Entry("sparse_ot.backends.cupy.backend", "CupyBackend", "'sparseot[cupy-cuda12]'"),
    "array_api_strict": _Entry(
        "sparse_ot.backends.array_api_strict.backend", "StrictBackend", "array-api-strict"
    ),
}

# Where the classes of a library live: the first part of their module's name.
_LIBRARY_OF_PACKAGE = {
    "numpy": "numpy",
    "scipy": "numpy",
    "jax": "jax",
    "jaxlib": "jax",
    "cupy": "cupy",
    "cupyx": "cupy",
    "array_api_strict": "array_api_strict",
}

_PLAIN_PYTHON = (bool, int, float, range)


def get_backend(*arrays: Any, names: Sequence[str] | None = None) -> ArrayApiBackend:
    """The backend of the library that all `arrays` belong to.

    Parameters
    ----------
    *arrays : array, sparse container, sequence, scalar or None
        Arguments of one call. Python and NumPy scalars, lists and None fit any library; alone,
        they are NumPy's. A list of arrays belongs to the library of its items.
    names : sequence of str, optional
        The arguments' names, for messages.

    Returns
    -------
    Backend
        The same object on every call.

    Raises
    ------
    MixedBackendsError
        Two libraries; the message names the arguments of each.
    UnsupportedArrayError
        An argument of a kind that no backend understands.

    Examples
    --------
    >>> import numpy as np
    >>> get_backend(np.zeros(3), [1, 2], None).name
    'numpy'
    """
    names = names if names is not None else [f"argument {i + 1}" for i in range(len(arrays))]
    found: dict[str, list[str]] = {}
    for name, x in zip(names, arrays, strict=True):
        library = library_of(x, name)
        if library is not None:
            found.setdefault(library, []).append(name)
    if len(found) > 1:
        listed = "; ".join(f"{library}: {', '.join(owned)}" for library, owned in found.items())
        msg = (
            f"Found arrays of {len(found)} libraries in one call ({listed}). Expected one. Convert "
            "them to the library, and the device, where you want the result."
        )
        raise MixedBackendsError(msg)
    return load_backend(next(iter(found), "numpy"))


def library_of(x: Any, name: str = "this argument") -> str | None:
    """The library that `x` belongs to, or None where `x` fits any.

    Parameters
    ----------
    x : object
    name : str
        What to call `x` in messages.

    Raises
    ------
    UnsupportedArrayError
        `x` is of a kind that no backend understands.
    MixedBackendsError
        `x` is a list of arrays of two libraries.

    Examples
    --------
    >>> import scipy.sparse
    >>> library_of(scipy.sparse.eye_array(2))
    'numpy'
    >>> library_of([0.5, 0.5]) is None
    True
    """
    if x is None or isinstance(x, _PLAIN_PYTHON):
        return None
    if isinstance(x, CooParts):
        return library_of(x.values, f"the values of {name}")
    if isinstance(x, (list, tuple)):
        return _library_of_items(x, name)
    for cls in type(x).__mro__:
        library = _LIBRARY_OF_PACKAGE.get(cls.__module__.partition(".")[0])
        if library is not None:
            _refuse_masked(x, name)
            return None if _is_numpy_scalar(x) else library
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    msg = (
        f"{name} is a {kind}, which no backend understands. Expected an array or a sparse "
        "container of NumPy/SciPy, CuPy or JAX, or a list of numbers. Convert it first, for "
        "example with `.to_numpy()` or `numpy.asarray`."
    )
    raise UnsupportedArrayError(msg)


def _library_of_items(x: Sequence[Any], name: str) -> str | None:
    # One item of each type is enough, so a long list of floats is cheap.
    examples = {type(item): item for item in x}
    prefix = "" if name.startswith("an item of ") else "an item of "
    libraries = {library_of(item, prefix + name) for item in examples.values()} - {None}
    if len(libraries) > 1:
        msg = (
            f"{name} is a list with items of {' and '.join(sorted(map(str, libraries)))}. "
            "Expected items of one library."
        )
        raise MixedBackendsError(msg)
    return next(iter(libraries), None)


def _is_numpy_scalar(x: Any) -> bool:
    import numpy as np

    return isinstance(x, np.generic)


def _refuse_masked(x: Any, name: str) -> None:
    # A masked array would pass as the array beneath its mask, with the masked values in it.
    if type(x).__module__.startswith("numpy.ma"):
        msg = (
            f"{name} is a masked array. Expected a plain one. Forbid masked pairs of a cost matrix "
            "with `.filled(numpy.inf)`; drop masked points and masses."
        )
        raise UnsupportedArrayError(msg)


@cache
def load_backend(library: str) -> ArrayApiBackend:
    """The backend of a library asked for by name.

    Parameters
    ----------
    library : {"numpy", "jax", "cupy", "array_api_strict"}

    Raises
    ------
    InputError
        No such name.
    MissingDependencyError
        The library is not installed; the message has the command that installs it.

    Examples
    --------
    >>> load_backend("numpy").name
    'numpy'
    """
    if library not in _REGISTRY:
        msg = f"Unknown backend {library!r}. Expected one of {', '.join(_REGISTRY)}."
        raise InputError(msg)
    entry = _REGISTRY[library]
    if find_spec(library) is None:
        msg = (
            f"The {library} backend needs {library}, which is not installed. Install it with: "
            f"pip install {entry.requirement}"
        )
        raise MissingDependencyError(msg)
    backend: ArrayApiBackend = getattr(import_module(entry.module), entry.backend)()
    return backend
