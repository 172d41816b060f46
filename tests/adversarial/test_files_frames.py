"""Tables that pandas writes: an index is no coordinate, and numbers may be the header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.files import POINTS

from sparse_ot.files import FileError, read_cost, read_masses, read_points

pandas = pytest.importorskip("pandas")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


def test_a_frame_of_costs() -> None:
    pandas.DataFrame([[0.5, np.inf], [1.5, 2.5]], ["a", "b"], ["c", "d"]).to_csv("M.csv")
    with pytest.warns(UserWarning, match="left out"):
        assert read_cost("M.csv").tolist() == [[0.5, np.inf], [1.5, 2.5]]
