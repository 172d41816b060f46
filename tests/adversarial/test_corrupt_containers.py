"""Containers whose arrays were changed: an error names what does not fit; never a wrong graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES
from support.certify import certify

import sparse_ot
from sparse_ot import BackendError, InputError, ShapeError, SparseOTError
from sparse_ot.backends.protocol import CooParts

DENSE = np.array([[1.0, 2.0, 0.0], [0.0, 5.0, 6.0], [7.0, 0.0, 9.0]])


def ints(*values: int) -> Any:
    return np.array(values, np.int32)


POINTERS: dict[str, Any] = {
    "falling": ints(0, 4, 2, 6),
    "negative": ints(0, -2, 4, 6),
    "not from 0": ints(1, 2, 4, 6),
    "all behind": ints(6, 6, 6, 6),
    "too few": ints(0, 2, 6),
    "too many": ints(0, 2, 4, 6, 6),
    "beyond the entries": ints(0, 2, 4, 9),
    "none": ints(),
    "a matrix": ints(0, 2, 4, 6)[:, None],
    "floats": np.array([0.0, 2.0, 4.0, 6.0]),
    "NaN": np.array([0.0, np.nan, 4.0, 6.0]),
    "a list": [0, 2, 4, 6],
    "nothing": None,
}
INDICES: dict[str, Any] = {
    "negative": ints(0, -1, 1, 2, 0, 2),
    "too large": ints(0, 3, 1, 2, 0, 2),
    "huge": np.array([0, 2**40, 1, 2, 0, 2]),
    "too few": ints(0, 1, 1),
    "too many": ints(0, 1, 1, 2, 0, 2, 0),
    "a matrix": ints(0, 1, 1, 2, 0, 2)[:, None],
    "floats": np.array([0.0, 1.0, 1.0, 2.0, 0.0, 2.0]),
    "NaN": np.array([0.0, np.nan, 1.0, 2.0, 0.0, 2.0]),
    "a list": [0, 1, 1, 2, 0, 2],
    "nothing": None,
}
DATA: dict[str, Any] = {
    "too few": np.ones(2),
    "too many": np.ones(9),
    "a matrix": np.ones((6, 1)),
    "complex": np.ones(6, complex),
    "objects": np.ones(6, object),
    "strings": np.array(["1"] * 6),
    "nothing": None,
}
CHANGES = [
    (attribute, name)
    for attribute, changes in (("indptr", POINTERS), ("indices", INDICES), ("data", DATA))
    for name in changes
]
VALUES = {"indptr": POINTERS, "indices": INDICES, "data": DATA}


def refused(M: Any) -> str:
    """The message; every function that reads a container refuses it."""
    with pytest.raises(SparseOTError):
        sparse_ot.union(M)
    with pytest.raises(SparseOTError):
        sparse_ot.emd([], [], M)
    with pytest.raises((InputError, BackendError)) as error:
        sparse_ot.solve(M)
    message = str(error.value)
    assert "Expected" in message or "cannot be read" in message
    return message


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize(("attribute", "name"), CHANGES, ids="-".join)
def test_compressed(make: Any, attribute: str, name: str) -> None:
    M = make(DENSE)
    setattr(M, attribute, VALUES[attribute][name])
    assert refused(M)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("shape", [(4, 3), (3, 2), (2, 3), (3, 3, 1), (3,)])
def test_another_shape(make: Any, shape: tuple[int, ...]) -> None:
    M = make(DENSE)
    M._shape = shape
    if make is sp.csc_array and shape == (4, 3):
        with pytest.raises(sparse_ot.InfeasibleError):  # it is a matrix, with an empty row
            sparse_ot.solve(M)
    else:
        refused(M)


COO: dict[str, Any] = {
    "negative": (ints(0, 0, 1, 1, 2, -1), ints(0, 1, 1, 2, 0, 2)),
    "too large": (ints(0, 0, 1, 1, 2, 3), ints(0, 1, 1, 2, 0, 2)),
    "two lengths": (ints(0, 0, 1), ints(0, 1, 1, 2, 0, 2)),
    "too few": (ints(0, 0, 1), ints(0, 1, 1)),
    "floats": (np.array([0.0, 0, 1, 1, 2, 2]), ints(0, 1, 1, 2, 0, 2)),
    "lists": ([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 0, 2]),
    "one": (ints(0, 0, 1, 1, 2, 2),),
    "nothing": None,
}


@pytest.mark.parametrize("name", COO)
def test_coo(name: str) -> None:
    M = sp.coo_array(DENSE)
    if not hasattr(M, "coords"):
        pytest.skip("SciPy before 1.13 has rows and columns only")
    M.coords = COO[name]
    refused(M)


@pytest.mark.parametrize("name", ["negative", "too large", "two lengths", "too few", "floats"])
def test_coo_parts(name: str) -> None:
    rows, cols = COO[name]
    refused(CooParts(rows, cols, np.arange(1.0, 7.0), (3, 3)))


LIL: dict[str, Callable[[Any], Any]] = {
    "a column too many": lambda M: M.rows[0].append(2),
    "a value too many": lambda M: M.data[0].append(2.0),
    "a negative column": lambda M: M.rows.__setitem__(0, [0, -1]),
    "a column outside": lambda M: M.rows.__setitem__(0, [0, 7]),
    "half a column": lambda M: M.rows.__setitem__(0, [0, 1.5]),
    "no list of columns": lambda M: M.rows.__setitem__(0, None),
    "a string": lambda M: M.data.__setitem__(0, [1.0, "x"]),
    "a complex number": lambda M: M.data.__setitem__(0, [1.0, 1j]),
    "a row less": lambda M: setattr(M, "rows", M.rows[:2]),
    "a larger shape": lambda M: setattr(M, "_shape", (4, 3)),
    "a smaller shape": lambda M: setattr(M, "_shape", (2, 3)),
    "no rows": lambda M: setattr(M, "rows", None),
}


@pytest.mark.parametrize("name", LIL)
def test_lil(name: str) -> None:
    M = sp.lil_array(DENSE)
    LIL[name](M)
    refused(M)


DOK: dict[str, tuple[Any, Any]] = {
    "outside": ((5, 5), 1.0),
    "negative": ((-1, 0), 1.0),
    "half": ((0.5, 0), 1.0),
    "three indices": ((0, 2, 1), 1.0),
    "a string": ((0, 2), "x"),
    "a complex number": ((0, 2), 1j),
    "nothing": ((0, 2), None),
}


@pytest.mark.parametrize("name", DOK)
def test_dok(name: str) -> None:
    M = sp.dok_array(DENSE)
    place, value = DOK[name]
    if not hasattr(M, "_dict"):
        pytest.skip("this SciPy keeps the entries elsewhere")
    M._dict[place] = value
    with pytest.raises((InputError, BackendError)):
        sparse_ot.solve(M)


BSR: dict[str, tuple[str, Any]] = {
    "blocks that do not divide": ("data", np.ones((4, 2, 3))),
    "flat blocks": ("data", np.ones((4, 4))),
    "a block less": ("data", np.ones((3, 2, 2))),
    "falling pointers": ("indptr", ints(0, 5, 4)),
    "too few pointers": ("indptr", ints(0, 4)),
    "a block outside": ("indices", ints(0, 2, 0, 1)),
    "a negative block": ("indices", ints(0, -1, 0, 1)),
    "half a block": ("indices", np.array([0, 0.5, 0, 1])),
}


@pytest.mark.parametrize("name", BSR)
def test_bsr(name: str) -> None:
    M = sp.bsr_array(np.arange(1.0, 17.0).reshape(4, 4), blocksize=(2, 2))
    setattr(M, *BSR[name])
    refused(M)


DIA: dict[str, tuple[str, Any]] = {
    "an offset twice": ("offsets", ints(0, 0)),
    "an offset less": ("offsets", ints(0)),
    "half an offset": ("offsets", np.array([0, 0.5])),
    "a flat diagonal": ("data", np.ones(3)),
    "a diagonal more": ("data", np.ones((3, 3))),
}


@pytest.mark.parametrize("name", DIA)
def test_dia(name: str) -> None:
    M: Any = sp.dia_array((np.ones((2, 3)), np.array([0, 1])), shape=(3, 3))
    setattr(M, *DIA[name])
    refused(M)


@pytest.mark.parametrize(
    "make",
    [
        sp.csr_array,
        sp.csc_array,
        sp.coo_array,
        sp.lil_array,
        sp.dok_array,
        sp.bsr_array,
        sp.dia_array,
    ],
)
def test_an_empty_container_has_no_plan(make: Any) -> None:
    with pytest.raises(sparse_ot.InfeasibleError):
        sparse_ot.solve(make((3, 3)))


def test_what_is_unusual_but_whole() -> None:
    unsorted = sp.csr_array((np.arange(1.0, 7.0), ints(1, 0, 2, 1, 2, 0), ints(0, 2, 4, 6)))
    spare = sp.csr_array(DENSE)
    spare.indices, spare.data = np.append(spare.indices, 9), np.append(spare.data, np.nan)
    unsigned = sp.csr_array(DENSE)
    unsigned.indices = unsigned.indices.astype(np.uint64)
    twice = sp.csr_array((np.array([5.0, 1.0, 2.0, 3.0]), ints(0, 0, 1, 0), ints(0, 3, 4)))
    stored = sp.coo_array(DENSE)
    for M, same in ((unsorted, unsorted), (spare, stored), (unsigned, stored), (twice, twice)):
        solution = sparse_ot.solve(M)
        certify(None, None, same, (solution.plan, *solution.potentials))


def jax_container(kind: str, **arrays: Any) -> Any:
    """A container whose arrays were replaced after it was made, where JAX checks them."""
    sparse = pytest.importorskip("jax.experimental.sparse")
    jnp = pytest.importorskip("jax.numpy")
    M = getattr(sparse, kind).fromdense(jnp.asarray(DENSE, jnp.float32))
    for name, x in arrays.items():
        setattr(M, name, jnp.asarray(x))
    return M


JAX: dict[str, tuple[str, dict[str, Any]]] = {
    "falling pointers": ("BCSR", {"indptr": ints(0, 4, 2, 6)}),
    "negative pointers": ("BCSR", {"indptr": ints(0, -2, 4, 6)}),
    "pointers not from 0": ("BCSR", {"indptr": ints(1, 2, 4, 6)}),
    "pointers beyond": ("BCSR", {"indptr": ints(0, 2, 4, 9)}),
    "too few pointers": ("BCSR", {"indptr": ints(0, 2, 6)}),
    "fewer columns": ("BCSR", {"indices": ints(0, 1, 1)}),
    "a negative column": ("BCSR", {"indices": ints(0, -1, 1, 2, 0, 2)}),
    "fractions": ("BCSR", {"indices": np.array([0, 1.5, 1, 2, 0, 2], np.float32)}),
    "a negative row": ("BCOO", {"indices": [[0, 0], [0, 1], [1, 1], [1, 2], [2, 0], [-1, 2]]}),
    "fewer indices": ("BCOO", {"indices": [[0, 0], [0, 1]]}),
    "three indices": ("BCOO", {"indices": np.zeros((6, 3), np.int32)}),
    "fewer values": ("BCOO", {"data": np.ones(2, np.float32)}),
}


@pytest.mark.parametrize("name", JAX)
def test_jax(name: str) -> None:
    kind, arrays = JAX[name]
    refused(jax_container(kind, **arrays))


@pytest.mark.parametrize("name", ["falling pointers", "a negative row"])
def test_jax_under_a_trace_finds_no_such_arcs(name: str) -> None:
    jax = pytest.importorskip("jax")
    kind, arrays = JAX[name]
    status = int(jax.jit(lambda M: sparse_ot.solve(M).status)(jax_container(kind, **arrays)))
    expected = sparse_ot.Status.INFEASIBLE if kind == "BCSR" else sparse_ot.Status.OPTIMAL
    assert status == expected.code


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix"])
@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("indptr", ints(0, 4, 2, 6)),
        ("indptr", ints(0, 2, 4, 9)),
        ("indptr", ints(1, 2, 4, 6)),
        ("indices", ints(0, -1, 1, 2, 0, 2)),
        ("indices", ints(0, 3, 1, 2, 0, 2)),
    ],
)
def test_cupy(kind: str, attribute: str, value: Any) -> None:
    with LIBRARIES["cupy stand-in"].open() as library:
        coo = sp.coo_array(DENSE)
        M = library.containers[kind]((coo.row, coo.col, coo.data), (3, 3))
        getattr(M, attribute)[...] = library.put(value)
        with pytest.raises(ShapeError, match="Build"):
            sparse_ot.solve(M)


def test_indices_of_a_device_are_checked_by_the_solve() -> None:
    with LIBRARIES["array-api-strict"].open() as library:
        rows, cols, values = map(library.put, (ints(0, 1), ints(0, 5), np.ones(2)))
        with pytest.raises(ShapeError, match=r"column index 5"):
            sparse_ot.solve(CooParts(rows, cols, values, (2, 2)))
