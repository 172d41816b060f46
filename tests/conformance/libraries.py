"""The libraries that the suite holds to one standard, each described by how to get in and out.

A `Library` makes its own arrays and containers from NumPy ones, on a device that is not the
default where it has one, and reads them back. Adding a library is adding an entry to `LIBRARIES`;
every folder of `sparse_ot.backends` must have one.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot.backends.protocol import CooParts

Entries = tuple[Any, Any, Any]
"""Rows, columns and values of a sparse matrix, as NumPy arrays."""


@dataclass(frozen=True)
class Library:
    """How the suite speaks to one library.

    Attributes
    ----------
    scalar_types
        Types of single numbers that are not arrays.
    put, get
        NumPy array to the library's and back.
    containers
        Sparse containers by name: make one from (rows, cols, values) and a shape.
    entries
        Rows, columns and values of such a container.
    run
        Calls a function of arrays, perhaps through the library's compiler.
    compiled
        Whether `run` compiles: then faults are codes, and statuses integers.
    doubles
        Whether float64 is kept.
    device_of
        The device of an array; those of results must be those of arguments.
    crosses
        Whether host and device are two places, so that the ledger counts.
    """

    name: str
    array_type: type
    put: Callable[[Any], Any]
    get: Callable[[Any], Any]
    containers: dict[str, Callable[[Entries, tuple[int, int]], Any]]
    entries: Callable[[Any], Entries]
    run: Callable[..., Any] = field(default=lambda f, *arguments: f(*arguments))
    compiled: bool = False
    doubles: bool = True
    device_of: Callable[[Any], Any] = field(default=lambda x: None)
    crosses: bool = True
    scalar_types: tuple[type, ...] = ()

    @property
    def number_types(self) -> Any:
        """Types that a single number may have."""
        return (self.array_type, *self.scalar_types)

    def on_host(self, M: Any) -> Any:
        """A dense array as NumPy's, a container as a SciPy COO with every stored entry."""
        if isinstance(M, self.array_type):
            return self.get(M)
        rows, cols, values = self.entries(M)
        n, m = M.shape
        inside = (rows < n) & (cols < m)  # JAX pads its containers with indices out of range
        return sp.coo_array((values[inside], (rows[inside], cols[inside])), shape=(n, m))


def coo_parts_of(put: Callable[[Any], Any]) -> Callable[..., Any]:
    """Makes `CooParts`, the container of libraries that have none."""
    return lambda entries, shape: CooParts(*(put(np.asarray(x)) for x in entries), shape)  # type: ignore[call-arg]


def numpy_library() -> Library:
    def scipy_container(make: Any) -> Any:
        return lambda entries, shape: make((entries[2], (entries[0], entries[1])), shape=shape)

    kinds = {name: getattr(sp, name) for name in ("coo_array", "csr_array", "csc_matrix")}
    return Library(
        name="numpy",
        array_type=np.ndarray,
        put=np.asarray,
        get=np.asarray,
        containers={name: scipy_container(kind) for name, kind in kinds.items()}
        | {"CooParts": coo_parts_of(np.asarray)},
        entries=_scipy_entries,
        crosses=False,
        scalar_types=(np.generic,),
    )


def _scipy_entries(M: Any) -> Entries:
    if isinstance(M, CooParts):
        return M.rows, M.cols, M.values
    coo = M.tocoo()
    return coo.row, coo.col, coo.data


def strict_library() -> Library:
    xp = importlib.import_module("array_api_strict")
    device = xp.Device("device1")

    def put(x: Any) -> Any:
        return xp.asarray(np.asarray(x), device=device)

    def get(x: Any) -> Any:
        return np.asarray(x.to_device(xp.Device("CPU_DEVICE")))

    return Library(
        name="array_api_strict",
        array_type=type(xp.zeros(1)),
        put=put,
        get=get,
        containers={"CooParts": coo_parts_of(put)},
        entries=lambda M: tuple(get(x) for x in M[:3]),
        device_of=lambda x: x.device,
    )


def jax_library(*, compiled: bool, doubles: bool) -> Library:
    jax = importlib.import_module("jax")
    sparse = importlib.import_module("jax.experimental.sparse")
    jnp = jax.numpy
    device = jax.devices("cpu")[-1]

    def put(x: Any) -> Any:
        return jax.device_put(jnp.asarray(x), device)

    def bcoo(entries: Entries, shape: tuple[int, int], padding: int = 2) -> Any:
        rows, cols, values = (np.asarray(x) for x in entries)
        indices = np.stack([rows, cols], axis=1).astype(np.int32)
        indices = np.concatenate([indices, np.tile(np.asarray(shape, np.int32), (padding, 1))])
        values = np.concatenate([values, np.zeros(padding, values.dtype)])
        return sparse.BCOO((put(values), put(indices)), shape=shape)

    def bcsr(entries: Entries, shape: tuple[int, int]) -> Any:
        rows, cols, values = (np.asarray(x) for x in entries)
        order = np.argsort(rows, kind="stable")
        indptr = np.searchsorted(rows[order], np.arange(shape[0] + 1)).astype(np.int32)
        arrays = (values[order], cols[order].astype(np.int32), indptr)
        return sparse.BCSR(tuple(put(x) for x in arrays), shape=shape)

    def entries(M: Any) -> Entries:
        indices = np.asarray(M.indices)
        if isinstance(M, sparse.BCOO):
            return indices[:, 0], indices[:, 1], np.asarray(M.data)
        return np.repeat(np.arange(M.shape[0]), np.diff(M.indptr)), indices, np.asarray(M.data)

    return Library(
        name="jax",
        array_type=jax.Array,
        put=put,
        get=np.asarray,
        containers={"BCOO": bcoo, "BCSR": bcsr},
        entries=entries,
        run=(lambda f, *arguments: jax.jit(f)(*arguments))
        if compiled
        else (lambda f, *arguments: f(*arguments)),
        compiled=compiled,
        doubles=doubles,
        device_of=lambda x: x.device,
    )


@contextmanager
def jax_doubles(wanted: bool) -> Iterator[None]:
    """JAX's setting for float64, for a while."""
    jax = importlib.import_module("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", wanted)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


@contextmanager
def numpy_setting() -> Iterator[Library]:
    yield numpy_library()


@contextmanager
def strict_setting() -> Iterator[Library]:
    pytest.importorskip("array_api_strict")
    yield strict_library()


def jax_setting(*, compiled: bool, doubles: bool) -> Callable[[], Any]:
    @contextmanager
    def setting() -> Iterator[Library]:
        pytest.importorskip("jax")
        with jax_doubles(doubles):
            yield jax_library(compiled=compiled, doubles=doubles)

    return setting


@contextmanager
def cupy_setting() -> Iterator[Library]:
    """The stand-in for CuPy, which describes itself: ``conformance/cupy_stand_in.py`` has a
    context manager `setting` that yields a `Library`.
    """
    if importlib.util.find_spec("conformance.cupy_stand_in") is None:
        pytest.skip("there is no stand-in for CuPy in tests/conformance")
    with importlib.import_module("conformance.cupy_stand_in").setting() as library:
        yield library


class Setting(NamedTuple):
    """One way to run the suite with a library.

    Attributes
    ----------
    library : str
        The folder of its backend.
    open : callable
        Makes a context manager that yields the `Library`, or skips the test.
    containers : tuple of str
        The `Library.containers` that the suite goes through.
    """

    library: str
    open: Callable[[], Any]
    containers: tuple[str, ...]


def _jax(*, compiled: bool, doubles: bool) -> Setting:
    return Setting("jax", jax_setting(compiled=compiled, doubles=doubles), ("BCOO", "BCSR"))


LIBRARIES: dict[str, Setting] = {
    "numpy": Setting("numpy", numpy_setting, ("coo_array", "csr_array", "csc_matrix", "CooParts")),
    "array-api-strict": Setting("array_api_strict", strict_setting, ("CooParts",)),
    "jax": _jax(compiled=False, doubles=False),
    "jax-jit": _jax(compiled=True, doubles=False),
    "jax-x64": _jax(compiled=False, doubles=True),
    "jax-jit-x64": _jax(compiled=True, doubles=True),
    "cupy stand-in": Setting("cupy", cupy_setting, ("coo_matrix", "csr_matrix", "csc_matrix")),
}
