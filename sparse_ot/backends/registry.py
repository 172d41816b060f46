"""Finds the array library that arguments belong to, and its backend.

An array is recognised by the module of its class, so that recognition imports nothing: an array of
a library exists only after that library was imported. Then the backend of the library is imported,
once.

*A backend is a folder.* Every folder on ``sparse_ot.backends.__path__`` whose ``__init__`` names a
`BACKEND` is one, and its name is that of the library, as one imports it. Its ``__init__`` holds
plain constants and imports nothing:

- `PACKAGES`: the packages whose classes belong to the library, itself among them. Only this folder
  may import them, unless sparse_ot requires them for its installation;
- `REQUIREMENT`: the words after ``pip install`` that install the library;
- `ADVICE`: what to do if the library is installed and does not work;
- `BACKEND`: ``"module:Class"``, a module of the folder and its class that implements `Backend`,
  called without arguments;
- `PUBLIC`: False for a library that only tests use;
- `DEFAULT`: True for the one library that calls with only lists and numbers belong to;
- `SCALARS`: classes whose objects fit arrays of any library, as Python's numbers do;
- `REFUSED`: modules whose classes would pass for arrays of the library, and the reason to refuse
  them.

The last four may be left out. This file names no library.

*Objects of no library* that turn themselves into arrays in host memory (`foreign` says which)
belong to the default library, unless it refuses them.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

from sparse_ot._messages import with_article
from sparse_ot.backends.foreign import full_name, remedy, turns_into_array
from sparse_ot.backends.protocol import Backend, CooParts
from sparse_ot.errors import (
    InputError,
    MissingDependencyError,
    MixedBackendsError,
    UnsupportedArrayError,
)

__all__ = ["Library", "get_backend", "libraries", "library_of", "load_backend"]

_NEEDED = ("packages", "requirement", "advice", "backend")
_PLAIN_PYTHON = (bool, int, float, Fraction, Decimal, range)


class Library(NamedTuple):
    """The constants of a folder; see the module docstring.

    Attributes
    ----------
    name : str
        Name of the folder, and of the library's main package.
    packages, requirement, advice, backend, public, default, scalars, refused
        The constants of the folder.
    """

    name: str
    packages: tuple[str, ...]
    requirement: str
    advice: str
    backend: str
    public: bool = True
    default: bool = False
    scalars: tuple[str, ...] = ()
    refused: Mapping[str, str] = MappingProxyType({})


def libraries() -> tuple[Library, ...]:
    """All libraries that have a folder, installed or not: the default first, then by name.

    Examples
    --------
    >>> [library.name for library in libraries() if library.public]
    ['numpy', 'cupy', 'jax']
    """
    return _read_folders(_path())


def get_backend(*arrays: Any, names: Sequence[str] | None = None) -> Backend:
    """The backend of the library that all `arrays` belong to.

    Parameters
    ----------
    *arrays : array, sparse container, sequence, scalar or None
        Arguments of one call. Python and NumPy scalars, lists and None fit any library; if there
        are no others, the library is NumPy. A list of arrays belongs to the library of its items,
        and what turns itself into an array (a pandas table, a buffer) to NumPy.
    names : sequence of str, optional
        The arguments' names, for messages.

    Returns
    -------
    Backend
        The same object on every call.

    Raises
    ------
    MixedBackendsError
        Arrays of several libraries; the message names the arguments of each.
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
    return load_backend(next(iter(found), None) or libraries()[0].name)


def library_of(x: Any, name: str = "this argument") -> str | None:
    """The library that `x` belongs to, or None where `x` fits any.

    Parameters
    ----------
    x : object
    name : str
        The name of `x` in messages.

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
    if isinstance(x, (str, bytes, bytearray)):
        msg = (
            f"{name} is {x[:40]!r}. Expected numbers. Convert text that stands for numbers first, "
            "with `float` or `.astype(float)`."
        )
        raise UnsupportedArrayError(msg)
    cls: Any = type(x)
    kind = _kind(cls, _path())
    if kind.refusal is not None:
        msg = f"{name} is {kind.refusal}"
        raise UnsupportedArrayError(msg)
    if kind.is_known:
        return kind.library
    if turns_into_array(x):
        return libraries()[0].name
    names = " or ".join(library.name for library in libraries() if library.public)
    msg = (
        f"{name} is {with_article(full_name(cls))}, which no backend understands. Expected an "
        f"array or a sparse container of {names}, or a list of numbers.{remedy(x)}"
    )
    raise UnsupportedArrayError(msg)


def _library_of_items(x: Sequence[Any], name: str) -> str | None:
    # Besides lists, one item per type suffices, so a long list of floats is cheap.
    lists = [item for item in x if isinstance(item, (list, tuple))]
    examples = {type(item): item for item in x if not isinstance(item, (list, tuple))}
    prefix = "" if name.startswith("an item of ") else "an item of "
    owners = {library_of(item, prefix + name) for item in (*lists, *examples.values())} - {None}
    if len(owners) > 1:
        msg = (
            f"{name} is a list with items of {' and '.join(sorted(map(str, owners)))}. "
            "Expected items of one library."
        )
        raise MixedBackendsError(msg)
    return next(iter(owners), None)


class _Kind(NamedTuple):
    """The library of all objects of a class, or the reason to refuse them.

    Neither means that they fit any library, or that the class `is_known` to none.
    """

    library: str | None = None
    refusal: str | None = None
    is_known: bool = True


@cache
def _kind(cls: type, path: tuple[str, ...]) -> _Kind:
    folders = _read_folders(path)
    owners = {package: library for library in folders for package in library.packages}
    bases = []
    for base in cls.__mro__:
        bases.append(base)
        library = owners.get(base.__module__.partition(".")[0])
        if library is not None:
            break
    names = [full_name(base) for base in bases]
    for module, refusal in (library or folders[0]).refused.items():
        if any(f"{name}.".startswith(f"{module}.") for name in names):
            return _Kind(refusal=refusal)
    if library is None:
        return _Kind(is_known=False)
    return _Kind() if any(name in library.scalars for name in names) else _Kind(library.name)


@cache
def load_backend(library: str) -> Backend:
    """The backend of a library, by name.

    Parameters
    ----------
    library : str
        The name of a folder: "numpy", "jax", "cupy", ...

    Returns
    -------
    Backend
        The same object on every call.

    Raises
    ------
    InputError
        There is no library of that name.
    MissingDependencyError
        The library is not installed; the message has the command that installs it.

    Examples
    --------
    >>> load_backend("numpy").name
    'numpy'
    """
    found = next((each for each in libraries() if each.name == library), None)
    if found is None:
        known = ", ".join(each.name for each in libraries() if each.public)
        msg = f"Unknown backend {library!r}. Expected one of {known}."
        raise InputError(msg)
    if find_spec(library) is None:
        msg = (
            f"The {library} backend needs {library}, which is not installed. Install it with: "
            f"pip install {found.requirement}"
        )
        raise MissingDependencyError(msg)
    module, _, name = found.backend.partition(":")
    backend: Backend = getattr(import_module(f"{__package__}.{library}.{module}"), name)()
    return backend


def _path() -> tuple[str, ...]:
    """The places where folders are searched now, including any that were added at run time."""
    return tuple(sys.modules[__package__].__path__)


@cache
def _read_folders(path: tuple[str, ...]) -> tuple[Library, ...]:
    found = []
    for module in pkgutil.iter_modules(path):
        if not module.ispkg:
            continue
        folder: Any = import_module(f"{__package__}.{module.name}")
        if hasattr(folder, "BACKEND"):  # folders without one hold shared code
            constants: dict[str, Any] = {
                field: getattr(folder, field.upper())
                for field in Library._fields
                if field != "name" and (field in _NEEDED or hasattr(folder, field.upper()))
            }
            found.append(Library(name=module.name, **constants))
    return tuple(sorted(found, key=lambda library: (not library.default, library.name)))
