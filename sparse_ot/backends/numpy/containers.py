"""The entries of SciPy's sparse containers, as stored, and the faults of broken ones.

Entries come in stored order, zeros and duplicates included. Containers are not sorted, summed or
written to, because a stored entry is an arc of the user's and the arrays may be shared.

*Fill.* DIA stores whole diagonals and BSR whole blocks, so they hold zeros where nobody put an
entry, and a zero that was meant looks the same. All of them as arcs would make free arcs out of
nothing. SciPy's own conversions take no zero of a DIA for an entry, and so it is here, except that
a diagonal of zeros only is refused: it can only have been meant. Its conversions keep the zeros in
blocks, so those are refused, unless blocks are single entries.

*Faults.* The arrays of a container are its attributes, and anybody can change them. SciPy checks
them only on demand, and its conversions assume that they fit. Here they are checked whenever a
container is read; indices are checked against the shape by `SparseCost`, for all libraries.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from sparse_ot._typing import Array, Sparse
from sparse_ot.errors import InputError, ShapeError, UnsupportedArrayError

__all__ = ["entries_of"]

Entries = tuple[Array, Array, Array]


def entries_of(M: Sparse) -> Entries:
    """Rows, columns and values of a SciPy container of two dimensions.

    CSR is read row by row, CSC column by column, DIA diagonal by diagonal, COO as listed. Values
    (and the indices of COO) share the container's memory where it stores them so.

    Raises
    ------
    ShapeError
        The arrays of the container do not fit together.
    UnsupportedArrayError
        Indices that are not integers.
    InputError
        A zero in blocks, or a diagonal of zeros: entries or fill.

    Examples
    --------
    >>> import scipy.sparse
    >>> entries_of(scipy.sparse.csr_array([[0.0, 2.0], [3.0, 0.0]]))[1]
    array([1, 0], dtype=int32)
    """
    name = M.format.upper()
    try:
        entries = _READERS[M.format](M)
    except (InputError, UnsupportedArrayError):
        raise
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        msg = f"The {name} container cannot be read: {error}. {_REBUILD}"
        raise ShapeError(msg) from error
    if not all(isinstance(x, np.ndarray) for x in entries):
        kinds = ", ".join(type(x).__name__ for x in entries)
        msg = f"The {name} container holds its entries as {kinds}. Expected arrays. {_REBUILD}"
        raise ShapeError(msg)
    return entries


_REBUILD = "Build it again from its entries, and see what its `check_format` says."


def _read_coo(M: Any) -> Entries:
    return M.row, M.col, M.data


def _read_csr(M: Any) -> Entries:
    rows, cols = _expand(M, int(M.shape[0]), "rows")
    return rows, cols, M.data[: cols.size]


def _read_csc(M: Any) -> Entries:
    cols, rows = _expand(M, int(M.shape[1]), "columns")
    return rows, cols, M.data[: rows.size]


def _expand(M: Any, count: int, lines: str) -> tuple[Array, Array]:
    """Line and index of every entry of a compressed format (or block, in BSR).

    Entries past the last pointer are spare memory, as in SciPy.
    """
    pointers, indices, data = M.indptr, M.indices, M.data
    for name, x in (("indptr", pointers), ("indices", indices)):
        if not np.issubdtype(x.dtype, np.integer):
            msg = (
                f"`{name}` of the {M.format.upper()} container is of {x.dtype}. Expected integers."
            )
            raise UnsupportedArrayError(msg)
    if pointers.shape != (count + 1,):
        msg = (
            f"`indptr` of the {M.format.upper()} container has shape {pointers.shape}. Expected "
            f"({count + 1},): one pointer more than there are {lines}. {_REBUILD}"
        )
        raise ShapeError(msg)
    if indices.ndim != 1 or data.shape[:1] != indices.shape:
        msg = (
            f"`indices` and `data` of the {M.format.upper()} container have shapes "
            f"{indices.shape} and {data.shape}. Expected one index for each entry. {_REBUILD}"
        )
        raise ShapeError(msg)
    lengths = np.diff(pointers.astype(np.int64, copy=False))
    first, last = int(pointers[0]), int(pointers[-1])
    if first != 0 or last > indices.size or (lengths < 0).any():
        found = f"`indptr` goes from {first} to {last}"
        if (lengths < 0).any():
            place = int(np.argmax(lengths < 0))
            found = f"indptr[{place}] is {pointers[place]} and the next is {pointers[place + 1]}"
        msg = (
            f"In the {M.format.upper()} container {found}. Expected pointers that begin at 0, "
            f"never fall, and end at most at the number of entries, {indices.size}. {_REBUILD}"
        )
        raise ShapeError(msg)
    return np.repeat(np.arange(count, dtype=indices.dtype), lengths), indices[:last]


def _read_bsr(M: Any) -> Entries:
    height, width = M.blocksize
    n, m = M.shape
    if M.data.ndim != 3 or n % height or m % width:
        msg = (
            f"The blocks of the BSR container have shape {M.data.shape[1:]}, for a shape of "
            f"{(n, m)}. Expected blocks that divide it. {_REBUILD}"
        )
        raise ShapeError(msg)
    block_rows, block_cols = _expand(M, n // height, "rows of blocks")
    blocks = M.data[: block_cols.size]
    rows = block_rows[:, None, None] * height + np.arange(height)[:, None]
    cols = block_cols[:, None, None] * width + np.arange(width)
    rows, cols = (np.broadcast_to(x, blocks.shape).reshape(-1) for x in (rows, cols))
    values = blocks.reshape(-1)
    if height * width > 1:
        zeros = np.flatnonzero(values == 0)
        if zeros.size:
            found = f"0 at ({rows[zeros[0]]}, {cols[zeros[0]]}) ({zeros.size} such entries)"
            raise _ambiguous(M, found, "It stores whole blocks, with zeros where nothing was put")
    return rows, cols, values


def _read_dia(M: Any) -> Entries:
    n, m = M.shape
    data, offsets = M.data, M.offsets
    if not np.issubdtype(offsets.dtype, np.integer):
        msg = f"`offsets` of the DIA container is of {offsets.dtype}. Expected integers."
        raise UnsupportedArrayError(msg)
    if data.ndim != 2 or offsets.shape != data.shape[:1] or np.unique(offsets).size < offsets.size:
        msg = (
            f"The DIA container has offsets {offsets.tolist()[:9]} for data of shape {data.shape}. "
            f"Expected a diagonal for each offset, and no offset twice. {_REBUILD}"
        )
        raise ShapeError(msg)
    cols = np.broadcast_to(np.arange(data.shape[1]), data.shape)
    rows = cols - offsets[:, None]
    inside = (rows >= 0) & (rows < n) & (cols < m)
    entries = inside & (data != 0)
    of_zeros = np.flatnonzero(inside.any(axis=1) & ~entries.any(axis=1))
    if of_zeros.size:
        offset = int(offsets[of_zeros[0]])
        raise _ambiguous(
            M,
            f"only zeros on the diagonal {offset}",
            "It stores whole diagonals, with zeros where nothing was put",
        )
    return rows[entries], cols[entries], data[entries]


def _ambiguous(M: Any, found: str, why: str) -> InputError:
    msg = (
        f"The {M.format.upper()} container holds {found}. {why}, so that "
        "a zero may be an arc or no arc. To "
        "drop all zeros: `M = M.tocoo(); M.eliminate_zeros()`. To keep arcs of cost 0, build a COO "
        "container from rows, columns and costs."
    )
    return InputError(msg)


def _read_lil(M: Any) -> Entries:
    # Not by SciPy's conversion, which writes past its memory if lists differ in length.
    lengths = [len(cols) for cols in M.rows]
    if lengths != [len(values) for values in M.data] or len(lengths) != M.shape[0]:
        msg = (
            f"The LIL container of shape {M.shape} has {len(lengths)} lists of columns and "
            f"{len(M.data)} of values, or such lists that differ in length. Expected one of each "
            f"for every row, with a value for each column. {_REBUILD}"
        )
        raise ShapeError(msg)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    values = np.array(list(chain.from_iterable(M.data)), M.dtype)
    return rows, _indices(list(chain.from_iterable(M.rows))), values


def _read_dok(M: Any) -> Entries:
    places = list(M.keys())
    if any(len(place) != 2 for place in places):
        msg = f"The DOK container has keys that are not pairs of row and column. {_REBUILD}"
        raise ShapeError(msg)
    rows, cols = (_indices([place[axis] for place in places]) for axis in (0, 1))
    return rows, cols, np.array(list(M.values()), M.dtype)


def _indices(found: list[Any]) -> Array:
    return np.array(found) if found else np.empty(0, np.int64)


_READERS = {
    "coo": _read_coo,
    "csr": _read_csr,
    "csc": _read_csc,
    "bsr": _read_bsr,
    "dia": _read_dia,
    "lil": _read_lil,
    "dok": _read_dok,
}
