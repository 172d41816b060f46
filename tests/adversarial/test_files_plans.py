"""Files of plans: read back to the last bit, written whole or not at all."""

from __future__ import annotations

import copy
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from support.files import POINTS, Trap, damaged, renamed, written

import sparse_ot
from sparse_ot.files import FileError, plans, read_plan, write_plan

COSTS = sp.csr_array([[2.0, 0.0, 0.5], [0.0, 7.0, 0.0], [1.0, 0.0, 3.0]])


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def solution() -> sparse_ot.Solution:
    rng = np.random.default_rng(3)
    return sparse_ot.solve(
        rng.random((6, 5)), rng.random(6), np.full(5, 1.0), check_marginals=False
    )


def test_plans_of_every_kind_read_back_to_the_last_bit(solution: sparse_ot.Solution) -> None:
    for suffix in (".npz", ".csv", ".mtx", ".CSV"):
        write_plan(f"plan{suffix}", solution)
    plan = np.asarray(solution.plan)
    stored = read_plan("plan.npz")
    np.testing.assert_array_equal(stored.plan.toarray(), plan)
    np.testing.assert_array_equal(stored.u, solution.potentials[0])
    np.testing.assert_array_equal(stored.v, solution.potentials[1])
    assert stored.value == solution.certificate.value
    assert (stored.scope, stored.status) == ("dense", "OPTIMAL")
    np.testing.assert_array_equal(sp.load_npz("plan.npz").toarray(), plan)
    np.testing.assert_array_equal(sp.coo_array(scipy.io.mmread("plan.mtx")).toarray(), plan)
    assert Path("plan.csv").read_text().startswith("row,col,mass\n")
    rows, cols, mass = np.loadtxt("plan.csv", delimiter=",", skiprows=1).T
    found = sp.coo_array((mass, (rows.astype(int), cols.astype(int))), shape=plan.shape)
    np.testing.assert_array_equal(found.toarray(), plan)
    assert Path("plan.csv").read_bytes() == Path("plan.CSV").read_bytes()


def test_a_stored_plan_is_copied_pickled_and_compared(solution: sparse_ot.Solution) -> None:
    write_plan("plan.npz", solution)
    stored = read_plan("plan.npz")
    for other in (copy.deepcopy(stored), pickle.loads(pickle.dumps(stored))):
        np.testing.assert_array_equal(other.plan.toarray(), stored.plan.toarray())
        assert other.value == stored.value
        assert other != stored
    assert {stored: 1}[stored] == 1
    with pytest.raises(FileError) as caught:
        read_plan("gone.npz")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_symmetric_plan_is_written_in_full() -> None:
    write_plan("plan.mtx", sparse_ot.solve(1 - np.eye(3)))
    assert "general" in Path("plan.mtx").read_text().splitlines()[0]
    assert scipy.io.mminfo("plan.mtx")[2] == 3


NO_PLANS: dict[str, tuple[str, Callable[[], object]]] = {
    "an array": ("p.npz", lambda: renamed(lambda: np.save("p.npy", POINTS), "p.npy", "p.npz")),
    "an array by its name": ("p.npy", lambda: np.save("p.npy", POINTS)),
    "a sparse matrix": ("p.npz", lambda: sp.save_npz("p.npz", COSTS)),
    "a foreign archive": ("p.npz", lambda: np.savez("p.npz", points=POINTS)),
    "an empty archive": ("p.npz", lambda: np.savez("p.npz")),
    "a pickle": ("p.npz", lambda: written(pickle.dumps(Trap()), "p.npz")),
    "text": ("p.npz", lambda: written("row,col,mass\n", "p.npz")),
    "an empty file": ("p.npz", lambda: written(b"", "p.npz")),
    "half a plan": (
        "p.npz",
        lambda: damaged(lambda: write_plan("p.npz", sparse_ot.solve(COSTS)), "p.npz", 0.6),
    ),
    "a folder": ("p.npz", lambda: Path("p.npz").mkdir()),
    "nothing": ("p.npz", lambda: None),
    "a table": ("p.csv", lambda: write_plan("p.csv", sparse_ot.solve(COSTS))),
    "a matrix": ("p.mtx", lambda: write_plan("p.mtx", sparse_ot.solve(COSTS))),
}


def altered(**arrays: Any) -> None:
    write_plan("p.npz", sparse_ot.solve(COSTS))
    with np.load("p.npz") as archive:
        np.savez("p.npz", **{**dict(archive), **arrays})


ALTERED: dict[str, dict[str, Any]] = {
    "a value of many": {"value": np.ones(3)},
    "potentials of another length": {"u": np.ones(7)},
    "potentials of objects": {"u": np.array([Trap()])},
    "potentials of words": {"u": np.array(["a", "b", "c"])},
    "an index outside": {"row": np.array([9, 9, 9])},
    "a shape of words": {"shape": np.array(["a", "b"])},
    "a shape in three dimensions": {"shape": np.array([3, 3, 3])},
    "fewer flows than arcs": {"data": np.ones(1)},
}


def assert_no_plan(name: str) -> None:
    with pytest.raises(FileError, match=rf"^{name}: ") as caught:
        read_plan(name)
    assert "\n" not in str(caught.value)
    assert not Path(Trap.FILE).exists()


@pytest.mark.parametrize("kind", NO_PLANS)
def test_what_is_no_plan_is_refused_by_name(kind: str) -> None:
    name, make = NO_PLANS[kind]
    make()
    assert_no_plan(name)


@pytest.mark.parametrize("kind", ALTERED)
def test_a_plan_whose_parts_do_not_fit_is_refused(kind: str) -> None:
    altered(**ALTERED[kind])
    assert_no_plan("p.npz")


@pytest.mark.parametrize("name", ["plan", "plan.npy", "plan.npz.gz", "plan.txt", ".npz"])
def test_a_plan_of_an_unknown_kind_is_not_written(name: str, solution: sparse_ot.Solution) -> None:
    with pytest.raises(FileError, match=r"\.npz, \.csv or \.mtx"):
        write_plan(name, solution)
    assert not Path(name).exists()


@pytest.mark.parametrize("failure", [OSError("no space left"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("suffix", [".npz", ".csv", ".mtx"])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    suffix: str,
    failure: BaseException,
    solution: sparse_ot.Solution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = written("old", f"plan{suffix}")
    write = plans.PLANS[suffix]

    def fail(file: Any, solution: Any) -> None:
        write(file, solution)
        raise failure

    monkeypatch.setitem(plans.PLANS, suffix, fail)
    with pytest.raises(type(failure)):
        write_plan(old, solution)
    assert old.read_text() == "old"
    assert list(Path().iterdir()) == [old]
    with pytest.raises(type(failure)):
        write_plan(f"new{suffix}", solution)
    assert list(Path().iterdir()) == [old]


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_a_plan_takes_over_link_and_permissions_of_the_file_before(
    solution: sparse_ot.Solution,
) -> None:
    old = written("old", "plan.npz")
    old.chmod(0o640)
    Path("link.npz").symlink_to(old)
    write_plan("link.npz", solution)
    assert Path("link.npz").is_symlink()
    assert read_plan(old).status == "OPTIMAL"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    write_plan("new.npz", solution)
    written("", "as_usual")
    assert Path("new.npz").stat().st_mode == Path("as_usual").stat().st_mode
