"""Text tables as programs and people write them: read rightly, or refused by line and column."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.files import POINTS, written

from sparse_ot.files import FileError, read_cost, read_masses, read_points


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


NO_NUMBERS: dict[str, tuple[str | bytes, str]] = {
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
    "an open quotation, closed": ('1,"2\n3",4\n', r"line 1: found a quotation mark"),
    "a word after a quotation": ('1,"2"3\n', r"line 1: cannot be split"),
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


@pytest.mark.parametrize("labels", ['"1" {}\n"2" {}\n"3" {}\n', '"a" {}\n"b" {}\n"c" {}\n'])
def test_the_row_names_of_r_are_left_out_and_told(labels: str) -> None:
    rows = [f"{x} {y}" for x, y in POINTS.tolist()]
    with pytest.warns(UserWarning, match="left out"):
        found = read_points(written('"x" "y"\n' + labels.format(*rows), "p.txt"))
    np.testing.assert_array_equal(found, POINTS)


@pytest.mark.parametrize("header", [",x,y", ",0,1", ";x;y", "\tx\ty", '"","x","y"'])
@pytest.mark.parametrize("labels", [(0, 1, 2), (1, 2, 3), (7, 0, 4), ("AC", "GT", "N A")])
def test_an_index_without_a_name_is_left_out_and_told(
    header: str, labels: tuple[object, ...]
) -> None:
    separator = next(mark for mark in "\t;," if mark in header)
    rows = [
        separator.join(map(str, (label, x, y)))
        for label, (x, y) in zip(labels, POINTS.tolist(), strict=True)
    ]
    with pytest.warns(UserWarning, match="file.csv: The first column has no name: .*left out"):
        found = read_points(written("\n".join([header, *rows])))
    np.testing.assert_array_equal(found, POINTS)


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
