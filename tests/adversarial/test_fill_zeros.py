"""Zeros that nobody put into a container are no arcs, and zeros that somebody put there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES, Library
from support.certify import certify

import sparse_ot
from sparse_ot import InputError, ShapeError, SparseCost, UnsupportedArrayError

COSTS = np.array(
    [[1.0, 2.0, 0.0, 0.0], [0.0, 5.0, 6.0, 0.0], [0.0, 0.0, 3.0, 4.0], [9.0, 0.0, 0.0, 8.0]]
)
"""Zeros are missing entries."""

KINDS = ["array", "matrix"]


@pytest.fixture(params=[name for name in LIBRARIES if "jit" not in name])
def library(request: pytest.FixtureRequest) -> Any:
    with LIBRARIES[request.param].open() as found:
        yield found


def entries(M: Any) -> dict[tuple[int, int], float]:
    cost = SparseCost(M)
    places = zip(cost.rows.tolist(), cost.cols.tolist(), strict=True)
    return dict(zip(places, cost.costs.tolist(), strict=True))


STORED = {(int(i), int(j)): float(COSTS[i, j]) for i, j in np.argwhere(COSTS)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fmt", ["coo", "csr", "csc", "lil", "dok", "dia", "bsr"])
def test_a_graph_is_the_same_in_every_format(fmt: str, kind: str) -> None:
    M = getattr(sp, f"coo_{kind}")(COSTS)
    M = M.tobsr(blocksize=(1, 1)) if fmt == "bsr" else M.asformat(fmt)
    assert entries(M) == STORED
    solution = sparse_ot.solve(M)
    assert type(solution.plan) is type(M)
    certify(None, None, sp.coo_array(COSTS), (solution.plan, *solution.potentials))
    assert float(solution.value) == float(sparse_ot.solve(np.where(COSTS, COSTS, np.inf)).value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wide", [0, 3])
def test_what_a_dia_stores_outside_of_the_matrix_is_nothing(kind: str, wide: int) -> None:
    data = np.array([[7.0, 2.0, 6.0, 4.0], [1.0, 5.0, 3.0, 8.0], [9.0, 7.0, 7.0, 7.0]])
    data = np.concatenate([data, np.full((3, wide), 7.0)], axis=1)
    M = getattr(sp, f"dia_{kind}")((data, [1, 0, -3]), shape=(4, 4))
    assert entries(M) == STORED


@pytest.mark.parametrize("kind", KINDS)
def test_a_diagonal_of_zeros_was_meant_and_is_refused(kind: str) -> None:
    diagonals = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    M = getattr(sp, f"dia_{kind}")((diagonals, [0, 1, -1]), shape=(3, 3))
    with pytest.raises(InputError, match=r"only zeros on the diagonal 0.*eliminate_zeros"):
        sparse_ot.solve(M)


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_in_blocks_are_refused_and_the_remedies_work(kind: str) -> None:
    M = getattr(sp, f"coo_{kind}")(COSTS).tobsr(blocksize=(2, 2))
    with pytest.raises(InputError, match=r"BSR container holds 0 at \(1, 0\).*eliminate_zeros"):
        sparse_ot.solve(M)
    with pytest.raises(InputError, match="eliminate_zeros"):
        sparse_ot.union(M)
    M = M.tocoo()
    assert len(entries(M)) > len(STORED), "SciPy keeps the fill"
    M.eliminate_zeros()
    assert entries(M) == STORED


def test_full_blocks_are_read() -> None:
    full = np.arange(1.0, 25.0).reshape(4, 6)
    M = sp.bsr_array(full, blocksize=(2, 3))
    assert entries(M) == {(int(i), int(j)): full[i, j] for i, j in np.ndindex(4, 6)}
    solution = sparse_ot.solve(M)
    assert solution.plan.format == "bsr"
    certify(None, None, full, (solution.plan.toarray(), *solution.potentials))


@pytest.mark.parametrize("fmt", ["coo", "csr", "csc", "lil", "dok", "bsr"])
def test_a_stored_zero_is_an_arc(fmt: Any) -> None:
    coo = sp.coo_array((np.array([0.0, 2.0, 3.0]), ([0, 0, 1], [1, 0, 0])), shape=(2, 2))
    M = sp.bsr_array(coo.tocsr(), blocksize=(1, 1)) if fmt == "bsr" else coo.asformat(fmt)
    assert entries(M) == {(0, 1): 0.0, (0, 0): 2.0, (1, 0): 3.0}
    assert float(sparse_ot.solve(M).value) == 1.5


@pytest.mark.parametrize("kind", ["BCOO", "BCSR"])
@pytest.mark.parametrize("spare", [0, 1, 5])
def test_padding_of_jax_is_no_arc(kind: str, spare: int) -> None:
    sparse = pytest.importorskip("jax.experimental.sparse")
    jnp = pytest.importorskip("jax.numpy")
    M = getattr(sparse, kind).fromdense(jnp.asarray(COSTS, jnp.float32), nse=len(STORED) + spare)
    solution = sparse_ot.solve(M)
    assert int(solution.stats.arcs) == len(STORED)
    assert float(solution.value) == float(sparse_ot.solve(sp.coo_array(COSTS)).value)
    whole = getattr(sparse, kind).fromdense(jnp.asarray(COSTS, jnp.int32), nse=len(STORED) + spare)
    assert float(sparse_ot.solve(whole).value) == float(solution.value)


MATRIX = np.array([[0.0, 2.0, 9.0], [np.inf, 0.0, 1.0], [3.0, np.inf, 0.0]])


def test_from_dense_keeps_what_is_not_forbidden(library: Library) -> None:
    M = library.put(MATRIX.astype(np.float64 if library.doubles else np.float32))
    cost = SparseCost.from_dense(M)
    assert library.get(cost.rows).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert library.get(cost.cols).tolist() == [0, 1, 2, 1, 2, 0, 2]
    assert library.get(cost.costs).tolist() == [0.0, 2.0, 9.0, 0.0, 1.0, 3.0, 0.0]
    assert cost.costs.dtype == M.dtype
    assert library.device_of(cost.costs) == library.device_of(M)
    for solution in (sparse_ot.solve(cost), sparse_ot.solve(cost.container)):
        assert float(library.get(solution.value)) == 0.0
        assert type(solution.plan) is type(cost.container)


def test_from_dense_keeps_what_it_is_told(library: Library) -> None:
    M = library.put(MATRIX.astype(np.float64 if library.doubles else np.float32))
    expected = np.argwhere(MATRIX < 3.0).tolist()
    for keep in (library.put(MATRIX < 3.0), (MATRIX < 3.0).tolist(), lambda M: M < 3.0):
        cost = SparseCost.from_dense(M, keep)
        pairs = zip(library.get(cost.rows).tolist(), library.get(cost.cols).tolist(), strict=True)
        assert [list(pair) for pair in pairs] == expected


def test_from_dense_of_lists_and_integers() -> None:
    assert entries(SparseCost.from_dense([[0, 2], [1, 0]]).container) == {
        (0, 0): 0.0,
        (0, 1): 2.0,
        (1, 0): 1.0,
        (1, 1): 0.0,
    }
    with pytest.raises(InputError, match="9007199254740993"):
        SparseCost.from_dense([[2**53 + 1, 0], [0, 1]])


def test_from_dense_leaves_a_nan_to_the_solve() -> None:
    with pytest.raises(sparse_ot.NonFiniteError, match=r"\(0, 1\) is nan"):
        sparse_ot.solve(SparseCost.from_dense([[1.0, np.nan], [2.0, 3.0]]))


@pytest.mark.parametrize(
    ("M", "keep", "error", "words"),
    [
        ([1.0, 2.0], None, ShapeError, "M has shape"),
        (MATRIX, [True, False, True], ShapeError, r"keep has shape \(3,\)"),
        (MATRIX, [[0, 1, 1]] * 3, UnsupportedArrayError, "keep is an array of int64"),
        (MATRIX, lambda M: M, UnsupportedArrayError, "keep is an array of float64"),
        (sp.csr_array(np.eye(2)), None, UnsupportedArrayError, "Expected a dense matrix"),
    ],
)
def test_from_dense_says_what_is_wrong(M: Any, keep: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        SparseCost.from_dense(M, keep)


def test_from_dense_under_jax_transformations() -> None:
    jax = pytest.importorskip("jax")
    M = jax.numpy.asarray(MATRIX, jax.numpy.float32) + 1.0
    slopes = jax.grad(lambda M: sparse_ot.solve(SparseCost.from_dense(M)).value)(M)
    np.testing.assert_allclose(slopes, np.eye(3) / 3, rtol=1e-6)
    with pytest.raises(InputError, match="jit or vmap"):
        jax.jit(lambda M: SparseCost.from_dense(M).costs)(M)
