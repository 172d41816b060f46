"""Files of arrays: damaged, foreign or wrongly named ones are refused by name, and never run."""

from __future__ import annotations

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.files import POINTS, TABLE, Trap, damaged, renamed, written

from sparse_ot.files import FileError, read_masses, read_points


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def assert_refused(name: str, why: str) -> None:
    """Both readers refuse the file, by its name, in one line, and run nothing of it."""
    for read in (read_points, read_masses):
        with pytest.raises(FileError, match=why) as caught:
            read(name)
        assert str(caught.value).startswith(name.partition(":")[0])
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400
    assert not Path(Trap.FILE).exists()


ARRAYS: dict[str, tuple[Any, str]] = {
    "a scalar": (np.array(3.0), r"found shape \(\)"),
    "no points": (np.ones((0, 2)), r"found shape \(0, 2\)"),
    "no coordinates": (np.ones((3, 0)), r"found shape \(3, 0\)"),
    "a cube": (np.ones((2, 2, 2)), r"found shape \(2, 2, 2\)"),
    "words": (np.array(["1", "2"]), "type <U1"),
    "bytes": (np.array([b"1"]), r"type \|S1"),
    "dates": (np.zeros(2, "M8[D]"), "type datetime64"),
    "records": (np.zeros(2, "f8,f8"), "expected real numbers"),
    "complex numbers": (np.ones((2, 2), complex), "complex128"),
    "objects": (np.array([Trap()]), "Python objects"),
    "a whole number that no double holds": (np.array([[2**53 + 1, 0]]), "9007199254740993"),
    "a negative one": (np.array([[-(2**60) - 1, 0]]), "-1152921504606846977"),
    "an unsigned one": (np.array([2**64 - 1], np.uint64), "18446744073709551615"),
    "a number beyond doubles": (np.array([np.longdouble("1e4000")]), r"1e\+4000|inf"),
    "nan": (np.array([[0.0], [np.nan]]), r"at \[1, 0\]: found nan"),
    "infinity": (np.array([0.0, -np.inf], "f4"), r"at \[1.*\]: found -inf"),
}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", ["file.npy", "file.npz", "file.npz:here"])
def test_an_array_that_holds_no_points_is_refused(kind: str, name: str) -> None:
    array, why = ARRAYS[kind]
    if name == "file.npy":
        np.save(name, array)
    else:
        np.savez("file.npz", here=array)
    assert_refused(name, why)


HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000, 9), }"

FILES: dict[str, tuple[str, Callable[[], object], str]] = {
    "an empty archive": ("file.npz", lambda: np.savez("file.npz"), "archive is empty"),
    "several arrays": (
        "file.npz",
        lambda: np.savez("file.npz", u=POINTS, w=POINTS),
        "found 2 arrays; expected one of u, w",
    ),
    "no array of this name": (
        "file.npz:w",
        lambda: np.savez("file.npz", u=POINTS),
        "found no array 'w'; expected one of u",
    ),
    "a sparse matrix": (
        "file.npz",
        lambda: sp.save_npz("file.npz", sp.eye_array(3, format="csr")),
        "found a sparse matrix",
    ),
    "a pickle": ("file.npy", lambda: written(pickle.dumps(Trap()), "file.npy"), "not a .npy file"),
    "a pickle for an archive": (
        "file.npz",
        lambda: written(pickle.dumps(Trap()), "file.npz"),
        "not an .npz archive",
    ),
    "an empty file": ("file.npy", lambda: written(b"", "file.npy"), "or an empty one"),
    "an empty file for an archive": (
        "file.npz",
        lambda: written(b"", "file.npz"),
        "not an .npz archive",
    ),
    "half an array": (
        "file.npy",
        lambda: damaged(lambda: np.save("file.npy", POINTS), "file.npy", 0.8),
        "cannot be read",
    ),
    "half a header": (
        "file.npy",
        lambda: damaged(lambda: np.save("file.npy", POINTS), "file.npy", 0.3),
        "cannot be read",
    ),
    "half an archive": (
        "file.npz",
        lambda: damaged(lambda: np.savez("file.npz", x=POINTS), "file.npz", 0.5),
        "cannot be read",
    ),
    "more than memory holds": (
        "file.npy",
        lambda: written(b"\x93NUMPY\x01\x00v\x00" + HUGE.ljust(117) + b"\n", "file.npy"),
        "cannot be read",
    ),
    "an archive under another name": (
        "file.npy",
        lambda: renamed(lambda: np.savez("a.npz", x=POINTS), "a.npz", "file.npy"),
        "name it so",
    ),
    "an array under another name": (
        "file.npz",
        lambda: renamed(lambda: np.save("a.npy", POINTS), "a.npy", "file.npz"),
        "name it so",
    ),
    "an array for a table": (
        "file.csv",
        lambda: renamed(lambda: np.save("a.npy", POINTS), "a.npy", "file.csv"),
        "not a text file",
    ),
    "a table for an array": ("file.npy", lambda: written(TABLE, "file.npy"), "not a .npy file"),
    "a folder": ("file.npy", lambda: Path("file.npy").mkdir(), "this is a folder"),
    "a folder for a table": ("file.csv", lambda: Path("file.csv").mkdir(), "this is a folder"),
    "no file": ("file.npy", lambda: None, "no such file"),
    "no archive": ("file.npz:x", lambda: None, "no such file"),
    "no table": ("file.csv.gz", lambda: None, "no such file"),
    "standard input": ("-", lambda: None, "kind of file is not known"),
    "another kind": ("file.xlsx", lambda: written("1", "file.xlsx"), "kind of file is not known"),
    "no kind": ("file", lambda: written("1", "file"), "kind of file is not known"),
    "an array that is packed": ("file.npy.gz", lambda: None, "kind of file is not known"),
    "a table that is not packed": (
        "file.csv.gz",
        lambda: written(TABLE, "file.csv.gz"),
        "cannot be read",
    ),
    "half a packed table": (
        "file.csv.gz",
        lambda: written(gzip.compress(TABLE.encode() * 99)[:60], "file.csv.gz"),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_not_what_its_name_says_is_refused(kind: str) -> None:
    name, make, why = FILES[kind]
    make()
    assert_refused(name, why)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_not_waited_for() -> None:
    os.mkfifo("pipe.csv")
    assert_refused("pipe.csv", "not a regular file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_without_permission_is_told() -> None:
    written(TABLE, "file.csv").chmod(0)
    assert_refused("file.csv", "Permission denied")


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f4", ">f8", "g", "i1", "u8", ">i4", "?"])
def test_numbers_of_any_real_type_are_read(dtype: str) -> None:
    np.save("p.npy", np.array([[1, 0], [0, 1]], dtype))
    found = read_points("p.npy")
    assert found.tolist() == [[1, 0], [0, 1]]
    assert found.dtype == (np.float32 if dtype == "f4" else np.float64)


def test_large_whole_numbers_that_doubles_hold_are_read() -> None:
    np.save("p.npy", np.array([2**60, -(2**53), 0]))
    assert read_points("p.npy").ravel().tolist() == [2.0**60, -(2.0**53), 0.0]
