"""Files as programs and people write them: read rightly, or refused by name and place."""

from __future__ import annotations

import gzip
import os
import pickle
import stat
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

import sparse_ot
from sparse_ot.files import (
    FileError,
    read_cost,
    read_masses,
    read_plan,
    read_points,
    write_plan,
)

pandas = pytest.importorskip("pandas")

POINTS = np.array([[0.5, 0.25], [1.5, -2.0], [3.25, 1e-3]])


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str | bytes, name: str = "file.csv") -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


TABLES = {
    "commas": "0.5,0.25\n1.5,-2\n3.25,1e-3\n",
    "a header": "x,y\n0.5,0.25\n1.5,-2\n3.25,1e-3\n",
    "a quoted header": '"x","y, in mm"\n0.5,0.25\n1.5,-2\n3.25,1e-3\n',
    "quoted numbers": '"0.5","0.25"\n"1.5","-2"\n"3.25","1e-3"\n',
    "a header beyond ASCII": "größe,长度\n0.5,0.25\n1.5,-2\n3.25,1e-3\n",
    "a header with digits": "2D_x,2D_y\n0.5,0.25\n1.5,-2\n3.25,1e-3\n",
    "a header and a comment": "x,y # of cells\n0.5,0.25\n1.5,-2 # far\n# none\n3.25,1e-3\n",
    "a number sign in a header": '"x #1","y #2"\n0.5,0.25\n1.5,-2\n3.25,1e-3\n',
    "a byte order mark": "\ufeffx,y\n0.5,0.25\n1.5,-2\n3.25,1e-3\n",
    "blank first lines": "\n\n  \nx,y\n\n0.5,0.25\n1.5,-2\n\n3.25,1e-3\n\n\n",
    "Windows line ends": "x,y\r\n0.5,0.25\r\n1.5,-2\r\n3.25,1e-3\r\n",
    "old Mac line ends": "x,y\r0.5,0.25\r1.5,-2\r3.25,1e-3\r",
    "no last line end": "0.5,0.25\n1.5,-2\n3.25,1e-3",
    "semicolons": "x;y\n0.5;0.25\n1.5;-2\n3.25;1e-3\n",
    "tabs": "x\ty\n0.5\t0.25\n1.5\t-2\n3.25\t1e-3\n",
    "white space": "  0.5   0.25\n1.5 -2  \n 3.25  1e-3\n",
    "spaces after commas": "x, y\n0.5, 0.25\n1.5, -2\n3.25, 1e-3\n",
    "plus signs": "+.5,+.25\n+1.5,-2.\n3.25E0,1E-3\n",
}


@pytest.mark.parametrize("form", TABLES)
def test_a_table_in_any_usual_form_gives_the_same_points(form: str) -> None:
    np.testing.assert_array_equal(read_points(written(TABLES[form])), POINTS)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.txt", "P.CSV"])
@pytest.mark.parametrize("packed", [False, True])
def test_kinds_of_tables_packed_or_not(name: str, packed: bool) -> None:
    text = TABLES["tabs"].encode()
    path = written(gzip.compress(text) if packed else text, name + ".gz" * packed)
    np.testing.assert_array_equal(read_points(path), POINTS)
    np.testing.assert_array_equal(read_points(f"{path}:y"), POINTS[:, 1:])


@pytest.mark.parametrize("writer", [{}, {"delimiter": ","}, {"header": "x y"}, {"fmt": "%.17g"}])
def test_what_savetxt_writes(writer: dict[str, Any]) -> None:
    np.savetxt("p.csv", POINTS, **writer)
    np.testing.assert_array_equal(read_points("p.csv"), POINTS)


MISSING = [
    *("NA", "na", "N/A", "#N/A", "<NA>", "nan", "NaN", "-nan", "NULL", "null", "None", "", "-"),
    *("--", ".", "?", "inf", "-inf", "Infinity", "1.#IND", "-1.#QNAN", "#DIV/0!", "NaT"),
]


ROWS = [("{w}{s}{w}", 1), ("{w}{s}2", 1), ("1{s}{w}", 2)]


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize(("separator", "name"), [(",", "f.csv"), (";", "f.csv"), ("\t", "f.tsv")])
@pytest.mark.parametrize("header", ["", "x{s}y\n"])
def test_a_missing_value_is_an_error_with_its_line_and_column(
    word: str, separator: str, name: str, header: str
) -> None:
    good = f"3{separator}4\n"
    for row, column in ROWS:
        bad = row.format(w=word, s=separator) + "\n"
        for before in ("", good):
            text = header.format(s=separator) + before + bad + good
            line = text[: text.index(bad)].count("\n") + 1
            with pytest.raises(FileError, match=rf"{name}, line {line}: .*\(column {column}"):
                read_points(written(text, name))


NO_NUMBERS = {
    "a decimal comma": ("1,5;2,5\n3,5;4,5\n", r"line 1: '1,5' is not a number \(column 1\).*point"),
    "thousands": ('"1,000","2,000"\n3,4\n', r"line 1: '1,000' is not a number \(column 1\)"),
    "spaces between thousands": ("1 000;2 000\n3;4\n", r"line 1: '1 000' is not a number"),
    "underscores": ("1_000,2_000\n3,4\n", r"line 1: '1_000' is not a number"),
    "a second mark": ("\ufeff\ufeff1\n2\n", r"line 1: .*1' is not a number"),
    "digits of other scripts": ("１,２\n3,4\n", r"line 1: '１' is not a number"),
    "a date": ("2020-01-01,2\n3,4\n", r"line 1: '2020-01-01' is not a number"),
    "a percentage": ("10%,20%\n3,4\n", r"line 1: '10%' is not a number"),
    "a minus of typography": ("−1,2\n3,4\n", r"line 1: '−1' is not a number"),
    "labels": ("AAAC,1,2\nAAAG,3,4\n", r"line 1: 'AAAC' is not a number \(column 1\).*x,y"),
    "named labels": (
        "cell,x,y\nAAAC,1,2\n",
        r"line 2: 'AAAC' is not a number \(column 1, 'cell'\)",
    ),
    "a second header": ("x,y\n1,2\nx,y\n", r"line 3: 'x' is not a number \(column 1, 'x'\)"),
    "units below the header": ("x,y\n(mm),(mm)\n1,2\n", r"line 2: '\(mm\)' is not a number"),
    "a trailing comma": ("1,2,\n3,4,\n", r"line 1: '' is not a number \(column 3\)"),
    "trailing commas, header": ("x,y,\n1,2,\n", r"line 1: found '' \(column 3\) in a header"),
    "a gap in a header": ("x,NA\n1,2\n", r"line 1: found 'NA' \(column 2\) in a header"),
    "empty rows of a spreadsheet": ("1,2\n,\n", r"line 2: '' is not a number \(column 1\)"),
    "a short line": ("1,2\n3\n", r"line 2: found 1 values, expected 2 as in line 1"),
    "a long line": ("x,y\n1,2\n3,4,5\n", r"line 3: found 3 values, expected 2 as in line 2"),
    "a header too long": ("x,y,z\n1,2\n", r"line 2: found 2 values, expected 3 as in the header"),
    "too short and no labels": (
        "x,y\n.5,1,2\n",
        "line 2: found 3 values, expected 2 as in the head",
    ),
    "an open quotation": ('1,"2\n3,4\n', r"line 1: cannot be split"),
    "a comment glued on": ("1,2#far\n", r"line 1: '2#far' is not a number"),
    "too large": ("1e400,2\n", r"line 1: '1e400' does not fit in a double"),
    "a stamp in nanoseconds": (
        "1700000000000000001,2\n",
        r"line 1: '17.*1' does not fit in a double",
    ),
    "a header alone": ("x,y\n", r"found no numbers"),
    "an index alone": (",x\n", r"found no numbers"),
    "comments alone": ("# x\n#\n", r"found no numbers"),
    "nothing": ("", r"found no numbers"),
    "white space alone": ("\n  \n\n", r"found no numbers"),
    "UTF-16": ("x,y\n1,2\n".encode("utf-16"), r"not a text file in UTF-8"),
    "Latin-1": ("größe,y\n1,2\n".encode("latin-1"), r"not a text file in UTF-8"),
    "bytes": (bytes(range(256)) * 9, r"not a text file in UTF-8"),
    "zeros": (b"\0" * 99, r"line 1: "),
    "a very long field": ("1," + "x" * 10**6, r"line 1: cannot be split"),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_table_of_numbers_is_refused_at_its_place(kind: str) -> None:
    text, why = NO_NUMBERS[kind]
    path = written(text)
    for read in (read_points, read_masses, read_cost):
        with pytest.raises(FileError, match=rf"^file\.csv.*{why}") as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400


def test_a_very_long_line_is_a_row_like_others() -> None:
    masses = np.random.default_rng(0).random(10**5)
    path = written(",".join(map(repr, masses.tolist())))
    np.testing.assert_array_equal(read_masses(path), masses)


def test_decimals_are_read_to_the_last_bit() -> None:
    values = np.random.default_rng(0).standard_normal((200, 3)) * 10.0 ** np.arange(-3, 4, 3)
    path = written("\n".join(",".join(map(repr, row)) for row in values.tolist()))
    np.testing.assert_array_equal(read_points(path), values)


FRAMES: dict[str, Callable[[], Any]] = {
    "a plain index": lambda: pandas.DataFrame(POINTS, columns=["x", "y"]),
    "no names": lambda: pandas.DataFrame(POINTS),
    "bar codes": lambda: pandas.DataFrame(POINTS, ["AAAC-1", "AAAG-1", "NA"], ["x", "y"]),
    "bar codes, no names": lambda: pandas.DataFrame(POINTS, ["AAAC-1", "AAAG-1", "AAAT-1"]),
    "a filtered index": lambda: pandas.DataFrame(POINTS, [0, 4, 2], ["x", "y"]),
    "a filtered index, no names": lambda: pandas.DataFrame(POINTS, [0, 4, 2]),
    "times": lambda: pandas.DataFrame(POINTS, [0.1, 0.2, 0.3], ["x", "y"]),
    "days": lambda: pandas.DataFrame(
        POINTS, pandas.date_range("2020-01-01", periods=3), ["x", "y"]
    ),
    "two levels": lambda: pandas.DataFrame(
        POINTS, pandas.MultiIndex.from_product([["a"], [1, 2, 3]]), ["x", "y"]
    ),
}


@pytest.mark.parametrize("index", FRAMES)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_index_of_a_data_frame_is_left_out_and_told(index: str, separator: str) -> None:
    FRAMES[index]().to_csv("p.csv", sep=separator)
    with pytest.warns(UserWarning, match="p.csv: The first .* no name: .*left out"):
        np.testing.assert_array_equal(read_points("p.csv"), POINTS)


def test_an_index_that_was_read_and_written_again_is_left_out_twice() -> None:
    FRAMES["a plain index"]().to_csv("once.csv")
    pandas.read_csv("once.csv").to_csv("twice.csv")
    assert Path("twice.csv").read_text().startswith(",Unnamed: 0,x,y")
    with pytest.warns(UserWarning, match="The first 2 columns have no name"):
        np.testing.assert_array_equal(read_points("twice.csv"), POINTS)


@pytest.mark.parametrize("labels", ['"1" {}\n"2" {}\n"3" {}\n', '"a" {}\n"b" {}\n"c" {}\n'])
def test_the_row_names_of_r_are_left_out_and_told(labels: str) -> None:
    rows = [f"{x} {y}" for x, y in POINTS.tolist()]
    with pytest.warns(UserWarning, match="left out"):
        found = read_points(written('"x" "y"\n' + labels.format(*rows), "p.txt"))
    np.testing.assert_array_equal(found, POINTS)


def test_without_its_index_a_frame_is_read_as_it_is() -> None:
    FRAMES["a plain index"]().to_csv("p.csv", index=False)
    np.testing.assert_array_equal(read_points("p.csv"), POINTS)


def test_masses_from_a_series() -> None:
    for name in (None, "weight"):
        pandas.Series([0.25, 0.75], name=name).to_csv("m.csv")
        with pytest.warns(UserWarning, match="left out"):
            assert read_masses("m.csv").tolist() == [0.25, 0.75]


@pytest.mark.parametrize("width", [1, 2, 9])
def test_a_header_of_numbers_is_not_guessed_at(width: int) -> None:
    values = np.random.default_rng(1).random((4, width))
    pandas.DataFrame(values).to_csv("p.csv", index=False)
    with pytest.raises(FileError, match=r"line 1: '0.*' may be a point, or the header"):
        read_points("p.csv")
    np.testing.assert_array_equal(read_points("p.csv:" + ",".join(map(str, range(width)))), values)
    pandas.DataFrame(values).to_csv("q.csv", index=False, header=False)
    np.testing.assert_array_equal(read_points("q.csv"), values)


def test_the_same_line_among_whole_numbers_is_a_point_and_told() -> None:
    with pytest.warns(UserWarning, match="Line 1, '0,1', was read as numbers"):
        assert read_points(written("0,1\n2,3\n")).tolist() == [[0, 1], [2, 3]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_masses(written("0\n1\n2\n")).tolist() == [0, 1, 2]
        assert read_points(written("0.0,1.0\n0.5,0.5\n")).tolist() == [[0, 1], [0.5, 0.5]]


@pytest.mark.parametrize("header", ["", "cell,x,y\n"])
def test_a_column_that_counts_is_a_coordinate_and_told(header: str) -> None:
    text = header + "".join(f"{i},{x},{y}\n" for i, (x, y) in enumerate(POINTS.tolist()))
    with pytest.warns(UserWarning, match="counts the rows"):
        assert read_points(written(text)).shape == (3, 3)
    if header:
        np.testing.assert_array_equal(read_points("file.csv:x,y"), POINTS)


def test_columns_are_chosen_by_name() -> None:
    written("cell,x,y,mass\nAAAC,1,2,0.25\nAAAG,3,4,0.75\n")
    assert read_points("file.csv:x,y").tolist() == [[1, 2], [3, 4]]
    assert read_points("file.csv:y, x").tolist() == [[2, 1], [4, 3]]
    assert read_masses("file.csv:mass").tolist() == [0.25, 0.75]
    with pytest.raises(FileError, match=r"found no column 'z'; expected one of cell, x, y, mass"):
        read_points("file.csv:x,z")
    with pytest.raises(FileError, match=r"line 2: 'AAAC' is not a number \(column 1, 'cell'\)"):
        read_points("file.csv:cell")
    with pytest.raises(FileError, match=r"found shape \(2, 2\), expected masses.*file|cells.csv:w"):
        read_masses("file.csv:x,y")
    written("x,x\n1,2\n")
    with pytest.raises(FileError, match="found 2 columns 'x'"):
        read_points("file.csv:x")
    written("1,2\n3,4\n")
    with pytest.raises(FileError, match="line 1: found no header"):
        read_points("file.csv:x")


@pytest.mark.parametrize("text", ["0.5\n-0.25\n", "a\n\n-1\n", "1,-2,3\n", "w,m\n,1\n"])
def test_masses_are_not_negative(text: str) -> None:
    with pytest.raises(FileError, match=r"file\.csv, line \d"):
        read_masses(written(text))


class Trap:
    """Unpickling this makes a file."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("sprung").absolute(),)


def save_npz(**arrays: Any) -> None:
    np.savez("file.npz", **arrays)


def damaged(name: str, save: Callable[[], None], keep: float) -> None:
    save()
    whole = Path(name).read_bytes()
    Path(name).write_bytes(whole[: int(len(whole) * keep)])


ARRAYS: dict[str, tuple[str, Callable[[], object], str]] = {
    "an empty archive": ("file.npz", lambda: save_npz(), "archive is empty"),
    "several arrays": ("file.npz", lambda: save_npz(u=POINTS, w=POINTS), "2 arrays; .*one of u, w"),
    "a sparse matrix": (
        "file.npz",
        lambda: sp.save_npz("file.npz", sp.eye_array(3)),
        "a sparse matrix",
    ),
    "a scalar": ("file.npy", lambda: np.save("file.npy", 3.0), r"found shape \(\)"),
    "no points": ("file.npy", lambda: np.save("file.npy", np.ones((0, 2))), r"shape \(0, 2\)"),
    "no coordinates": ("file.npy", lambda: np.save("file.npy", np.ones((3, 0))), r"shape \(3, 0\)"),
    "a cube": ("file.npy", lambda: np.save("file.npy", np.ones((2, 2, 2))), r"shape \(2, 2, 2\)"),
    "words": ("file.npy", lambda: np.save("file.npy", np.array(["1", "2"])), "type <U1"),
    "bytes": ("file.npy", lambda: np.save("file.npy", np.array([b"1"])), r"type \|S1"),
    "dates": ("file.npy", lambda: np.save("file.npy", np.zeros(2, "M8[D]")), "type datetime64"),
    "records": ("file.npy", lambda: np.save("file.npy", np.zeros(2, "f8,f8")), "expected real"),
    "complex": ("file.npy", lambda: np.save("file.npy", np.ones((2, 2), complex)), "complex128"),
    "objects": ("file.npy", lambda: np.save("file.npy", np.array([Trap()])), "Python objects"),
    "objects in an archive": ("file.npz", lambda: save_npz(x=np.array([Trap()])), "Python objects"),
    "a pickle": (
        "file.npy",
        lambda: written(pickle.dumps(Trap()), "file.npy"),
        r"not a \.npy file",
    ),
    "a pickle as archive": (
        "file.npz",
        lambda: written(pickle.dumps(Trap()), "file.npz"),
        "not an",
    ),
    "an empty file": ("file.npy", lambda: written(b"", "file.npy"), "or an empty one"),
    "an empty zip": ("file.npz", lambda: written(b"", "file.npz"), "not an .npz archive"),
    "half an array": (
        "file.npy",
        lambda: damaged("file.npy", lambda: np.save("file.npy", POINTS), 0.8),
        "cannot be",
    ),
    "half an archive": (
        "file.npz",
        lambda: damaged("file.npz", lambda: save_npz(x=POINTS), 0.5),
        "cannot be read",
    ),
    "too much for memory": (
        "file.npy",
        lambda: written(
            b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000, 9), }".ljust(
                127
            )
            + b"\n",
            "file.npy",
        ),
        "cannot be read",
    ),
    "an archive under another name": (
        "file.npy",
        lambda: (save_npz(x=POINTS), Path("file.npz").rename("file.npy")),
        "name it so",
    ),
    "an array under another name": (
        "file.npz",
        lambda: (np.save("file.npy", POINTS), Path("file.npy").rename("file.npz")),
        "name it so",
    ),
    "large whole numbers": (
        "file.npy",
        lambda: np.save("file.npy", np.array([[2**53 + 1, 0]])),
        "9007199254740993",
    ),
    "numbers beyond doubles": (
        "file.npy",
        lambda: np.save("file.npy", np.array([np.longdouble("1e4000")])),
        r"1e\+4000|inf",
    ),
    "not a number": (
        "file.npy",
        lambda: np.save("file.npy", np.array([[0.0, np.nan]])),
        r"at \[0, 1\]: found nan",
    ),
    "a folder": ("file.npy", lambda: Path("file.npy").mkdir(), "this is a folder"),
    "a folder named as a table": ("file.csv", lambda: Path("file.csv").mkdir(), "this is a folder"),
    "no file": ("file.npy", lambda: None, "no such file"),
    "no table": ("file.csv.gz", lambda: None, "no such file"),
    "standard input": ("-", lambda: None, "kind of file is not known"),
    "a kind that is not known": ("file.xlsx", lambda: written("1", "file.xlsx"), "is not known"),
    "not packed": ("file.csv.gz", lambda: written("1,2\n", "file.csv.gz"), "cannot be read"),
    "half a packed file": (
        "file.csv.gz",
        lambda: written(gzip.compress(TABLES["commas"].encode() * 99)[:60], "file.csv.gz"),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_what_is_no_array_of_points_is_refused_by_name(kind: str) -> None:
    name, make, why = ARRAYS[kind]
    make()
    for read in (read_points, read_masses):
        with pytest.raises(FileError, match=rf"^{name}.*{why}") as caught:
            read(name)
        assert "\n" not in str(caught.value)
    assert not Path("sprung").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_not_waited_for() -> None:
    os.mkfifo("pipe.csv")
    with pytest.raises(FileError, match="not a regular file"):
        read_points("pipe.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_without_permission_is_told() -> None:
    path = written("1,2\n")
    path.chmod(0)
    with pytest.raises(FileError, match="Permission denied"):
        read_points(path)


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f4", ">f8", "g", "i1", "u8", ">i4", "?"])
def test_numbers_of_any_real_type_are_read(dtype: str) -> None:
    np.save("p.npy", np.array([[1, 0], [0, 1]], dtype))
    found = read_points("p.npy")
    assert found.tolist() == [[1, 0], [0, 1]]
    assert found.dtype == (np.float32 if dtype == "f4" else np.float64)


COSTS = sp.csr_array(
    (np.array([2.0, 0.0, 0.1, 7.0]), np.array([0, 1, 0, 2]), np.array([0, 2, 3, 4])), shape=(3, 3)
)


def arcs(costs: Any) -> set[tuple[int, int, float]]:
    coo = costs.tocoo()
    return set(zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True))


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_a_sparse_cost_of_scipy_keeps_its_zeros(form: str, kind: str) -> None:
    costs = COSTS if kind == "array" else sp.csr_matrix(COSTS)
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
    assert not Path("sprung").exists()


def test_a_table_of_costs_may_forbid_pairs_and_have_an_index() -> None:
    assert read_cost(written("inf,inf\n1,2\n", "M.csv")).tolist() == [[np.inf, np.inf], [1, 2]]
    pandas.DataFrame([[0.5, np.inf], [1.5, 2.5]], ["a", "b"], ["c", "d"]).to_csv("M.csv")
    with pytest.warns(UserWarning, match="left out"):
        assert read_cost("M.csv").tolist() == [[0.5, np.inf], [1.5, 2.5]]


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
    np.testing.assert_array_equal(scipy.io.mmread("plan.mtx").toarray(), plan)
    table = pandas.read_csv("plan.csv", float_precision="round_trip")
    assert list(table) == ["row", "col", "mass"]
    found = sp.coo_array((table["mass"], (table["row"], table["col"])), shape=plan.shape)
    np.testing.assert_array_equal(found.toarray(), plan)
    assert Path("plan.csv").read_bytes() == Path("plan.CSV").read_bytes()


def test_a_symmetric_plan_is_written_in_full() -> None:
    write_plan("plan.mtx", sparse_ot.solve(1 - np.eye(3)))
    assert "general" in Path("plan.mtx").read_text().splitlines()[0]
    assert scipy.io.mminfo("plan.mtx")[2] == 3


NO_PLANS: dict[str, tuple[str, Callable[[], object]]] = {
    "an array": ("p.npz", lambda: (np.save("p.npy", POINTS), Path("p.npy").rename("p.npz"))),
    "an array by its name": ("p.npy", lambda: np.save("p.npy", POINTS)),
    "a sparse matrix": ("p.npz", lambda: sp.save_npz("p.npz", COSTS)),
    "a foreign archive": ("p.npz", lambda: np.savez("p.npz", points=POINTS)),
    "an empty archive": ("p.npz", lambda: np.savez("p.npz")),
    "a pickle": ("p.npz", lambda: written(pickle.dumps(Trap()), "p.npz")),
    "text": ("p.npz", lambda: written("row,col,mass\n", "p.npz")),
    "an empty file": ("p.npz", lambda: written(b"", "p.npz")),
    "half a plan": (
        "p.npz",
        lambda: damaged("p.npz", lambda: write_plan("p.npz", sparse_ot.solve(COSTS)), 0.6),
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


for _name, _arrays in {
    "a value of many": {"value": np.ones(3)},
    "potentials of another length": {"u": np.ones(7)},
    "potentials of objects": {"u": np.array([Trap()])},
    "potentials of words": {"u": np.array(["a", "b", "c"])},
    "an index outside": {"row": np.array([9, 9, 9])},
    "a shape of words": {"shape": np.array(["a", "b"])},
    "a shape in three dimensions": {"shape": np.array([3, 3, 3])},
    "fewer flows than arcs": {"data": np.ones(1)},
}.items():
    NO_PLANS[_name] = ("p.npz", lambda arrays=_arrays: altered(**arrays))


@pytest.mark.parametrize("kind", NO_PLANS)
def test_what_is_no_plan_is_refused_by_name(kind: str) -> None:
    name, make = NO_PLANS[kind]
    make()
    with pytest.raises(FileError, match=rf"^{name}: ") as caught:
        read_plan(name)
    assert "\n" not in str(caught.value)
    assert not Path("sprung").exists()


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
    from sparse_ot.files import plans

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
