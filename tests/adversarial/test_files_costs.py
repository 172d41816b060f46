"""Files of costs: stored entries are the arcs, and what holds no costs is refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from support.files import Trap, written

import sparse_ot
from sparse_ot.files import FileError, read_cost, write_plan


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


COSTS = sp.csr_array(
    (np.array([2.0, 0.0, 0.1, 7.0]), np.array([0, 1, 0, 2]), np.array([0, 2, 3, 4])), shape=(3, 3)
)


def arcs(costs: Any) -> set[tuple[int, int, float]]:
    coo = costs.tocoo()
    return set(zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True))


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_a_sparse_cost_of_scipy_keeps_its_zeros(form: str, kind: str) -> None:
    costs: Any = COSTS if kind == "array" else sp.csr_matrix(COSTS)
    sp.save_npz("M.npz", costs.asformat(form))
    assert arcs(read_cost("M.npz")) == arcs(COSTS)
    assert read_cost("M.npz").format == form


@pytest.mark.parametrize("packed", [False, True])
def test_a_matrix_market_file_keeps_its_zeros(packed: bool) -> None:
    scipy.io.mmwrite("M.mtx", COSTS, symmetry="general", precision=17)
    if packed:
        Path("M.mtx.gz").write_bytes(gzip.compress(Path("M.mtx").read_bytes()))
    assert arcs(read_cost("M.mtx.gz" if packed else "M.mtx")) == arcs(COSTS)


def market(kind: str, body: str) -> Path:
    return written(f"%%MatrixMarket matrix {kind}\n{body}", "M.mtx")


def test_symmetric_matrices_are_read_in_full() -> None:
    costs = read_cost(market("coordinate real symmetric", "2 2 2\n1 1 0\n2 1 5\n"))
    assert arcs(costs) == {(0, 0, 0.0), (0, 1, 5.0), (1, 0, 5.0)}
    costs = read_cost(market("coordinate real skew-symmetric", "2 2 1\n2 1 5\n"))
    assert arcs(costs) == {(0, 1, -5.0), (1, 0, 5.0)}
    costs = read_cost(market("array integer symmetric", "2 2\n1\n2\n3\n"))
    assert costs.tolist() == [[1, 2], [2, 3]]
    costs = read_cost(market("coordinate integer general", "2 3 1\n1 3 4\n"))
    assert arcs(costs) == {(0, 2, 4)}
    assert costs.shape == (2, 3)


NO_COSTS: dict[str, tuple[str, Callable[[], object], str]] = {
    "a pattern": (
        "M.mtx",
        lambda: market("coordinate pattern general", "2 2 1\n1 1\n"),
        "holds no costs",
    ),
    "complex costs": (
        "M.mtx",
        lambda: market("coordinate complex general", "2 2 1\n1 1 1 2\n"),
        "'complex'",
    ),
    "an index outside": (
        "M.mtx",
        lambda: market("coordinate real general", "2 2 1\n3 1 1\n"),
        "out of bounds",
    ),
    "too few lines": (
        "M.mtx",
        lambda: market("coordinate real general", "2 2 2\n1 1 1\n"),
        "cannot be read",
    ),
    "nan": (
        "M.mtx",
        lambda: market("coordinate real general", "2 2 1\n1 2 nan\n"),
        r"at \[0, 1\]: .*nan",
    ),
    "another text": ("M.mtx", lambda: written("1,2\n", "M.mtx"), "cannot be read"),
    "minus infinity": (
        "M.npy",
        lambda: np.save("M.npy", np.array([[1.0, -np.inf]])),
        r"at \[0, 1\]: found -inf",
    ),
    "a vector": ("M.npy", lambda: np.save("M.npy", np.ones(3)), r"found shape \(3,\)"),
    "no rows": ("M.npy", lambda: np.save("M.npy", np.ones((0, 3))), r"found shape \(0, 3\)"),
    "truth values": ("M.npy", lambda: np.save("M.npy", np.eye(2, dtype=bool)), "truth values"),
    "a sparse pattern": (
        "M.npz",
        lambda: sp.save_npz("M.npz", sp.csr_array(np.eye(2, dtype=bool))),
        "truth values",
    ),
    "complex numbers": ("M.npz", lambda: sp.save_npz("M.npz", COSTS.astype(complex)), "complex128"),
    "nan, stored": (
        "M.npz",
        lambda: sp.save_npz("M.npz", COSTS * np.nan),
        r"at \[0, 0\]: found nan",
    ),
    "damaged pointers": (
        "M.npz",
        lambda: np.savez(
            "M.npz",
            format=b"csr",
            shape=(2, 2),
            data=np.ones(2),
            indices=np.array([0, 7]),
            indptr=np.array([0, 1, 2]),
        ),
        "cannot be read",
    ),
    "an index outside, stored": (
        "M.npz",
        lambda: np.savez(
            "M.npz",
            format=b"coo",
            shape=(2, 2),
            data=np.ones(1),
            row=np.array([5]),
            col=np.array([0]),
        ),
        "cannot be read",
    ),
    "a format of nobody": (
        "M.npz",
        lambda: np.savez("M.npz", format=b"abc", shape=(2, 2), data=np.ones(1)),
        "cannot be read",
    ),
    "objects": (
        "M.npz",
        lambda: np.savez("M.npz", format=b"coo", shape=(2, 2), data=np.array([Trap()])),
        "cannot be read|Python objects",
    ),
    "a plan": (
        "M.npz",
        lambda: write_plan("M.npz", sparse_ot.solve(COSTS)),
        "a plan written by sparse_ot",
    ),
    "an empty archive": ("M.npz", lambda: np.savez("M.npz"), "archive is empty"),
    "a folder": ("M.mtx", lambda: Path("M.mtx").mkdir(), "this is a folder"),
    "a missing cell": (
        "M.csv",
        lambda: written("1,2\n,3\n", "M.csv"),
        r"line 2: '' is not a number",
    ),
    "a table with -inf": ("M.csv", lambda: written("1,-inf\n", "M.csv"), r"line 1: found -inf"),
}


@pytest.mark.parametrize("kind", NO_COSTS)
def test_what_holds_no_costs_is_refused_by_name(kind: str) -> None:
    name, make, why = NO_COSTS[kind]
    make()
    with pytest.raises(FileError, match=rf"^{name}.*({why})") as caught:
        read_cost(name)
    assert "\n" not in str(caught.value)
    assert not Path(Trap.FILE).exists()


def test_a_table_of_costs_may_forbid_pairs_and_have_an_index() -> None:
    assert read_cost(written("inf,inf\n1,2\n", "M.csv")).tolist() == [[np.inf, np.inf], [1, 2]]
    written(",c,d\na,0.5,inf\nb,1.5,2.5\n", "M.csv")
    with pytest.warns(UserWarning, match="left out"):
        assert read_cost("M.csv").tolist() == [[0.5, np.inf], [1.5, 2.5]]
