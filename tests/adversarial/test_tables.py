"""Tables of pandas, xarray and anndata: their columns, missing values, views, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import sparse_ot
from sparse_ot import NonFiniteError, ShapeError, UnsupportedArrayError
from sparse_ot.backends.registry import load_backend

RNG = np.random.default_rng(12)
X = RNG.random((6, 2))
M = ((X[:, None] - X[None, ::-1]) ** 2).sum(axis=-1) + RNG.random((6, 6))
A = RNG.dirichlet(np.ones(6))


@pytest.fixture
def pd() -> Any:
    return pytest.importorskip("pandas")


# -- pandas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["int64", "uint8", "float32", "bool", "Int64", "Float32", "boolean"]
)
def test_numeric_columns_of_every_type_are_read(pd: Any, dtype: str) -> None:
    counts = np.array([1, 0, 1, 1, 0, 1])
    series = pd.Series(counts).astype(dtype)
    assert sparse_ot.emd2(series, None, M, check_marginals=False) == pytest.approx(
        float(sparse_ot.emd2(counts, None, M, check_marginals=False)), rel=1e-12
    )
    for same in (series.array, series.to_frame().iloc[:, 0], pd.Index(series)):
        assert sparse_ot.emd2(same, series, M) == sparse_ot.emd2(counts, counts, M)


def test_a_table_of_many_types_is_one_of_numbers(pd: Any) -> None:
    table = pd.DataFrame(
        {
            "x": X[:, 0],
            "count": np.arange(6),
            "small": np.arange(6, dtype="f4"),
            "flag": X[:, 0] > 0.5,
            "nullable": pd.array(np.arange(6), dtype="Int64"),
        }
    )
    plain = np.stack([np.asarray(table[name], float) for name in table], axis=1)
    assert sparse_ot.solve_sample(table, table[::-1]).value == pytest.approx(
        float(sparse_ot.solve_sample(plain, plain[::-1]).value), abs=1e-12
    )
    np.testing.assert_array_equal(
        sparse_ot.knn_cost(table, table, 2).toarray(), sparse_ot.knn_cost(plain, plain, 2).toarray()
    )


def test_columns_of_one_name_are_all_read(pd: Any) -> None:
    table = pd.DataFrame(X, columns=["x", "x"])
    for same in (table, table.astype("Float64")):
        assert (
            sparse_ot.solve_sample(same, X[::-1]).value == sparse_ot.solve_sample(X, X[::-1]).value
        )


def test_whole_numbers_above_2_to_the_53_keep_their_digits(pd: Any) -> None:
    numbers = [2**60 + 1, 2**53 + 1]
    read = load_backend("numpy").asarray(pd.Series(numbers, dtype="Int64"))
    assert read.dtype == np.int64
    assert read.tolist() == numbers


def test_labels_are_not_compared(pd: Any) -> None:
    backwards = pd.Series(A, index=range(5, -1, -1))
    assert sparse_ot.emd2(backwards, None, pd.DataFrame(M)) == sparse_ot.emd2(A, None, M)


def test_a_missing_value_is_named(pd: Any) -> None:
    for dtype in ("Float64", "Int64", "float64"):
        masses = pd.Series([1, None, 1, 1, 1, 1], dtype=dtype)
        with pytest.raises(NonFiniteError, match=r"a\[1\] is nan"):
            sparse_ot.solve(M, masses)
    costs = pd.DataFrame(M).astype("Float64")
    costs.iloc[2, 4] = pd.NA
    with pytest.raises(NonFiniteError, match=r"\(2, 4\) is nan"):
        sparse_ot.solve(costs)
    points = pd.DataFrame(X).astype("Float64")
    points.iloc[3, 1] = pd.NA
    with pytest.raises(NonFiniteError, match=r"X\[3\] is \[.*nan\]"):
        sparse_ot.solve_sample(points, X)


COLUMNS: dict[str, tuple[Any, str]] = {
    "object": (lambda pd: pd.Series(list(A), dtype=object), r"\.astype\(float\)"),
    "category": (lambda pd: pd.Series([1, 2] * 3, dtype="category"), "Leave it out"),
    "string": (lambda pd: pd.Series(list("abcdef"), dtype="string"), r"\.astype\(float\)"),
    "datetime": (lambda pd: pd.Series(pd.date_range("2020", periods=6)), "Count time from"),
    "zoned": (lambda pd: pd.Series(pd.date_range("2020", periods=6, tz="UTC")), "Count time from"),
    "timedelta": (lambda pd: pd.Series(pd.to_timedelta(range(6))), "Divide by a unit"),
    "complex": (lambda pd: pd.Series(A + 1j), "real part"),
    "Sparse": (lambda pd: pd.Series(A).astype("Sparse[float64]"), r"\.sparse\.to_dense\(\)"),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_that_holds_no_numbers_is_named(pd: Any, kind: str) -> None:
    make, remedy = COLUMNS[kind]
    column = make(pd)
    with pytest.raises(UnsupportedArrayError, match=rf"^a: Found a Series of dtype .*{remedy}"):
        sparse_ot.solve(M, column)
    table = pd.DataFrame({"x": X[:, 0], "cell type": column})
    with pytest.raises(UnsupportedArrayError, match=rf"^X: Found a column 'cell type' .*{remedy}"):
        sparse_ot.solve_sample(table, X)


def test_a_sparse_table_is_a_container_once_it_says_so(pd: Any) -> None:
    graph = sp.csr_array(np.where(np.eye(6) + np.eye(6, k=1) > 0, M, 0))
    table = pd.DataFrame.sparse.from_spmatrix(graph)
    with pytest.raises(UnsupportedArrayError, match=r"M: Found a column 0 of dtype Sparse.*to_coo"):
        sparse_ot.solve(table)
    assert sparse_ot.solve(table.sparse.to_coo()).value == sparse_ot.solve(graph).value


def test_a_table_of_masses_has_a_column_too_many(pd: Any) -> None:
    table = pd.DataFrame({"w": A})
    with pytest.raises(ShapeError, match=r"a has shape \(6, 1\).*reshape\(-1\)"):
        sparse_ot.solve(M, table)
    assert sparse_ot.emd2(table["w"], None, M) == sparse_ot.emd2(A, None, M)
    with pytest.raises(ShapeError, match="X has shape"):
        sparse_ot.solve_sample(table[[]], X)


def test_a_grouped_table_is_no_array(pd: Any) -> None:
    with pytest.raises(UnsupportedArrayError, match=r"X is a pandas.*GroupBy, which no backend"):
        sparse_ot.solve_sample(pd.DataFrame(X).groupby(0), X)


# -- xarray --------------------------------------------------------------------------------------


def test_labelled_arrays_are_read_and_data_sets_are_not() -> None:
    xr = pytest.importorskip("xarray")
    labelled = xr.DataArray(M, dims=("source", "target"), attrs={"units": "metre"}, name="data")
    assert sparse_ot.solve(labelled, xr.Variable("source", A)).value == sparse_ot.emd2(A, None, M)
    with pytest.raises(UnsupportedArrayError, match=r'M is an xarray Dataset.*`dataset\["name"\]`'):
        sparse_ot.solve(labelled.to_dataset())
    jnp = pytest.importorskip("jax.numpy")
    with pytest.raises(UnsupportedArrayError, match=r"M: Found an xarray DataArray of .*`x\.data`"):
        sparse_ot.solve(xr.DataArray(jnp.asarray(M)))


# -- anndata -------------------------------------------------------------------------------------


@pytest.fixture
def cells(pd: Any) -> Any:
    """Six cells with points, weights, a category and a graph."""
    anndata = pytest.importorskip("anndata")
    labels = [f"cell {i}" for i in range(6)]
    return anndata.AnnData(
        X=np.hstack([X, X]),
        obs=pd.DataFrame({"w": A, "kind": pd.Categorical(list("aabbcc"))}, index=labels),
        obsm={"X_pca": X.copy(), "table": pd.DataFrame(X, index=labels, columns=["x", "y"])},
        obsp={"distances": sp.csr_matrix(M)},
    )


def test_views_of_cells_are_arrays(cells: Any) -> None:
    view = cells[:4]
    expected = sparse_ot.solve_sample(X[:4], X, A[:4] / A[:4].sum(), None)
    weights = view.obs["w"] / view.obs["w"].sum()
    for points in (view.obsm["X_pca"], view.obsm["table"], view.X[:, :2]):
        found = sparse_ot.solve_sample(points, cells.obsm["X_pca"], weights)
        assert type(found.value) is np.float64
        assert found.value == pytest.approx(float(expected.value), rel=1e-12)
    plan = sparse_ot.solve(view.obsp["distances"]).plan
    assert type(plan) is sp.csr_matrix
    assert sparse_ot.solve(M[:4, :4]).value == pytest.approx(
        float((plan.multiply(M[:4, :4])).sum())
    )


def test_cells_as_a_whole_are_no_array(cells: Any) -> None:
    for whole in (cells, cells[:4]):
        with pytest.raises(
            UnsupportedArrayError, match=r'X is an AnnData.*`adata\.obsm\["X_pca"\]`'
        ):
            sparse_ot.solve_sample(whole, X)
    with pytest.raises(UnsupportedArrayError, match="X: Found a column 'kind' of dtype category"):
        sparse_ot.solve_sample(cells.obs, X)
    with pytest.raises(
        UnsupportedArrayError, match=r"X is an anndata.* no backend .*one of its values"
    ):
        sparse_ot.solve_sample(cells.obsm, X)


@pytest.mark.parametrize("stored", ["dense", "sparse"])
def test_cells_on_disk_are_read_first(cells: Any, stored: str, tmp_path: Path) -> None:
    anndata: Any = pytest.importorskip("anndata")
    if stored == "sparse":
        cells.X = sp.csr_matrix(cells.X)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    try:
        for solve in (sparse_ot.solve, lambda x: sparse_ot.solve_sample(x, X)):
            with pytest.raises(UnsupportedArrayError, match=r"stored on disk.*Pass `x"):
                solve(backed.X)
        assert sparse_ot.solve_sample(backed.obsm["X_pca"], X[::-1]).converged
    finally:
        backed.file.close()
