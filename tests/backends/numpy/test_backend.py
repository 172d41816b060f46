"""scipy.sparse containers and the door of the library where nothing crosses."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot.backends.protocol import ArraySpec, CooParts
from sparse_ot.backends.registry import load_backend
from sparse_ot.errors import ShapeError, UnsupportedArrayError
from sparse_ot.result.ledger import TransferLedger

numpy_backend = load_backend("numpy")
FORMATS = ["coo", "csr", "csc", "bsr", "dia", "dok", "lil"]


def freeze(M):
    """Make the container's memory read-only, so that a write would raise."""
    for name in ("data", "indices", "indptr", "row", "col", "offsets"):
        array = getattr(M, name, None)
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return M


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_is_read_and_given_back(rng, fmt, kind):
    dense = np.where(rng.random((5, 7)) < 0.4, rng.random((5, 7)), 0.0)
    M = freeze(getattr(sp, f"coo_{kind}")(dense).asformat(fmt))
    parts = numpy_backend.coo_parts(M)
    rebuilt = np.zeros((5, 7))
    rebuilt[parts.rows, parts.cols] = parts.values
    assert parts.shape == (5, 7)
    np.testing.assert_array_equal(rebuilt, dense)
    plan = numpy_backend.sparse(parts, like=M)
    assert type(plan) is type(M)
    np.testing.assert_array_equal(plan.toarray(), dense)


def test_coo_entries_come_as_stored_without_a_copy():
    rows, cols = np.array([1, 0, 1]), np.array([0, 0, 0])
    values = np.array([3.0, 0.0, -1.0])
    M = sp.coo_array((values, (rows, cols)), shape=(2, 2))
    parts = numpy_backend.coo_parts(M)
    assert parts.rows.tolist() == [1, 0, 1]
    assert parts.cols.tolist() == [0, 0, 0]
    assert parts.values.tolist() == [3.0, 0.0, -1.0]
    assert np.shares_memory(parts.values, M.data)


@pytest.mark.parametrize("cls", [sp.csr_array, sp.csr_matrix])
def test_unsorted_and_repeated_csr_entries_stay_as_they_are(cls):
    M = freeze(cls((np.array([1.0, 0.0, 2.0]), np.array([1, 0, 1]), np.array([0, 3, 3]))))
    parts = numpy_backend.coo_parts(M)
    assert parts.cols.tolist() == [1, 0, 1]
    assert parts.values.tolist() == [1.0, 0.0, 2.0]
    assert M.indices.tolist() == [1, 0, 1], "the user's container must not be sorted"


def test_csc_entries_come_column_by_column():
    M = sp.csc_array(np.array([[0.0, 2.0], [1.0, 3.0]]))
    parts = numpy_backend.coo_parts(M)
    assert list(zip(parts.rows.tolist(), parts.cols.tolist(), strict=True)) == [
        (1, 0),
        (0, 1),
        (1, 1),
    ]


def test_a_plan_drops_arcs_without_flow_and_adds_parallel_ones():
    parts = CooParts(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([1.0, 2.0, 0.0]), (2, 2))
    plan = numpy_backend.sparse(parts, like=sp.csr_array((2, 2)))
    assert plan.nnz == 1
    assert plan[0, 1] == 3.0


def test_without_a_container_to_follow_a_plan_is_a_coo_array():
    parts = CooParts(np.array([0]), np.array([1]), np.array([1.0]), (2, 2))
    assert type(numpy_backend.sparse(parts, like=None)) is sp.coo_array


def test_new_costs_keep_their_zeros():
    parts = CooParts(np.array([1, 0]), np.array([0, 1]), np.array([0.0, 2.0]), (2, 2))
    M = numpy_backend.cost_container(parts)
    assert type(M) is sp.csr_array
    assert M.nnz == 2
    assert M.has_canonical_format


def test_a_sparse_vector_is_refused():
    if not hasattr(sp.coo_array((3, 1)), "coords"):
        pytest.skip("this SciPy has no sparse vectors")
    with pytest.raises(ShapeError, match="two dimensions"):
        numpy_backend.coo_parts(sp.coo_array(np.array([1.0, 0.0, 2.0])))


@pytest.mark.parametrize(
    "x", [np.array([1j]), ["a"], [object()], np.array(["x"]), np.array(["2020-01-01"], "M8[D]")]
)
def test_arrays_of_anything_but_real_numbers_are_refused(x):
    with pytest.raises(UnsupportedArrayError, match="Expected real numbers"):
        numpy_backend.asarray(x)


def test_a_ragged_list_is_a_shape_error():
    with pytest.raises(ShapeError, match="rows of equal length"):
        numpy_backend.asarray([[1.0], [1.0, 2.0]])


def test_arrays_pass_through_uncopied_and_a_matrix_becomes_an_array():
    x = np.zeros(3)
    assert numpy_backend.asarray(x) is x
    assert type(numpy_backend.asarray(np.zeros((1, 1)).view(np.matrix))) is np.ndarray


def test_a_host_call_passes_the_very_arrays_and_records_nothing():
    x, seen, ledger = np.zeros(3), [], TransferLedger()

    def solve(given):
        seen.append(given)
        return (given,)

    (result,) = numpy_backend.host_call(solve, x, out=[ArraySpec((3,), "float64")], ledger=ledger)
    assert seen[0] is x
    assert result is x
    assert ledger == TransferLedger()


def test_a_host_call_keeps_the_promised_dtype():
    (result,) = numpy_backend.host_call(
        lambda: (np.array([0.1]),), out=[ArraySpec((1,), "float32")], ledger=TransferLedger()
    )
    assert result.dtype == np.float32


def test_the_envelope_is_the_value():
    assert numpy_backend.envelope(3.0, (1.0, 2.0)) == 3.0
