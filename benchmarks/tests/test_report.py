"""The report and the command: nothing is dropped, nothing is embellished."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import machine, report
from benchmarks.__main__ import app
from benchmarks.cases import Case, all_cases
from benchmarks.labels import spread
from benchmarks.measure import CaseResult, Measurement, Outcome
from benchmarks.peers import OURS, all_peers
from benchmarks.tests.examples import SQUARE
from benchmarks.verdict import Examination, Proof, judge
from benchmarks.worker import Observation

CLONE = Path(report.__file__).resolve().parents[1]


def measurement(peer: str, seconds: float, **changes: object) -> Measurement:
    seen = Observation(
        seconds=seconds,
        fastest_seconds=seconds,
        cpu_seconds=seconds,
        calls=1,
        peak_bytes=30_000_000,
        memory_method="VmHWM",
        examination=Examination(0.25, 0.0, 0.25, 0.0),
    )
    return replace(Measurement(peer, Outcome.OK, observation=seen), **changes)  # type: ignore[arg-type]


@pytest.fixture
def results() -> list[CaseResult]:
    nothing = {"observation": Observation()}
    found = []
    for n, factor in ((1_000, 1.0), (10_000, 20.0)):
        case = Case("rings", "d2", n, lambda: SQUARE, memory_bound=(150, 300))
        measurements = (
            measurement(OURS, 0.5 * factor),
            measurement("pot", 2.0 * factor),
            measurement("pylmcf", 1.0, outcome=Outcome.TIMEOUT, detail="over 9 s", **nothing),
            measurement("ortools-mcf", 1.0, outcome=Outcome.WRONG, detail="is above the optimum"),
            measurement("ortools-lsa", 1.0, outcome=Outcome.CANNOT, detail="masses", **nothing),
        )
        verdict = judge([Examination(0.25, 0.0, 0.25, 0.0)])
        found.append(CaseResult(case, 100 * n, 2 * n, measurements, verdict))
    return found


@pytest.fixture
def description() -> dict[str, object]:
    return machine.describe(all_peers(), "python -m benchmarks --case rings")


def test_markdown_has_ratios_to_ours_and_drops_nobody(
    results: list[CaseResult], description: dict[str, object]
) -> None:
    text = report.as_markdown(results, description, all_peers())
    row = next(line for line in text.splitlines() if line.startswith("| d2-n1000 |"))
    assert "500 ms, 30 MB" in row
    assert "2 s, 4×, 30 MB" in row
    assert "timeout: over 9 s" in row
    assert "**WRONG**: is above the optimum" in row
    assert "cannot: masses" in row
    assert "| d2-n1000 | 100,000 | 2,000 | 30 MB | 15.6 MB | **192%, over** |" in text
    assert "| d2-n10000 | 1,000,000 | 20,000 | 30 MB | 156 MB | 19% |" in text
    assert "python -m benchmarks --case rings" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| d2-n1000 | 100")}
    assert widths == {4 + len(all_peers()) + 1, 7}


def test_json_can_be_read_by_others(
    results: list[CaseResult], description: dict[str, object]
) -> None:
    broken = Observation(seconds=1.0, examination=Examination(np.inf, np.nan, None, 0.0))
    first = results[0]
    wrong = replace(first.measurements[3], observation=broken)
    text = report.as_json(
        [replace(first, measurements=(*first.measurements[:3], wrong))], description
    )

    def refuse(constant: str) -> None:
        msg = f"{constant} is not JSON"
        raise AssertionError(msg)

    data = json.loads(text, parse_constant=refuse)
    assert data["machine"]["cores"] >= 1
    assert data["versions"]["scipy"]
    assert data["versions"]["numpy"] == np.__version__
    (record,) = data["results"]
    assert record["case"] == "rings/d2-n1000"
    assert [m["ratio_to_ours"] for m in record["measurements"]] == [1.0, 4.0, None, None]
    assert record["measurements"][2]["outcome"] == "timeout"


def test_remarks_name_coarse_costs_warnings_and_a_busy_machine(
    results: list[CaseResult], description: dict[str, object]
) -> None:
    pot = results[0].measurements[1]
    seen = replace(
        pot.observation,
        cpu_seconds=1.0,
        warnings=("limit reached",),
        examination=Examination(0.25, 0.0, None, 1e-6),
    )
    changed = replace(results[0], measurements=(replace(pot, observation=seen),))
    text = report.as_markdown([changed], description, all_peers())
    assert "checked to 4e-06 of the value" in text
    assert "warned: limit reached" in text
    assert "only 50% of the time on a processor" in text


@pytest.mark.parametrize("proof", list(Proof))
def test_table_says_what_stands_behind_a_value(
    proof: Proof, results: list[CaseResult], description: dict[str, object]
) -> None:
    bound = 0.25 if proof in (Proof.CERTIFIED, Proof.BY_THE_SOLVER) else 0.2
    examined = proof in (Proof.CERTIFIED, Proof.NONE)
    seen = (
        Examination(0.25, 0.0, bound, 0.0)
        if examined
        else Examination(0.25, 0.0, None, 0.0, unexamined=True, claimed_bound=bound)
    )
    changed = replace(results[0], verdict=judge([seen]))
    text = report.as_markdown([changed], description, all_peers())
    assert f"| d2-n1000 | 100,000 | 0.25 | {proof.value} |" in text
    data = json.loads(report.as_json([changed], description))
    assert data["results"][0]["proof"] == proof.value


def test_cell_says_where_memory_would_not_do_and_who_was_left_out(
    results: list[CaseResult],
) -> None:
    nothing = Observation()
    short = Measurement("pot", Outcome.MEMORY, "needs about 64 GB, 22 GB are free", nothing)
    assert report.cell(results[0], short) == "memory: needs about 64 GB, 22 GB are free"
    waiting = Measurement("pot", Outcome.LEFT_OUT, "only with --heavy", nothing)
    assert report.cell(results[0], waiting) == "left out: only with --heavy"


def test_line_ends_where_its_solver_gave_up(results: list[CaseResult]) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.plots import line_of

    small, large = results
    stopped = Measurement("pot", Outcome.MEMORY, "needs about 64 GB")
    changed = [small, replace(large, measurements=(large.measurements[0], stopped))]
    line = line_of(changed, "pot", "black")
    assert line.seconds == ((1_000, 2.0),)
    assert line.end == (10_000, Outcome.MEMORY)
    assert line.end_word == "pot: no memory"
    assert line_of(changed, OURS, "red").end is None
    left_out = [small, replace(large, measurements=(replace(stopped, outcome=Outcome.LEFT_OUT),))]
    assert line_of(left_out, "pot", "black").end is None, "not tried is not given up"
    late = line_of(results, "pylmcf", "black")
    assert (late.seconds, late.end) == ((), (1_000, Outcome.TIMEOUT))


def test_labels_keep_apart_in_order_and_within_the_panel(rng: np.random.Generator) -> None:
    for count in (1, 2, 5, 10):
        wanted = list(rng.uniform(-20.0, 120.0, count))
        placed = np.array(spread(wanted, 10.0, 0.0, 100.0))
        order = np.argsort(wanted)
        assert np.all(np.diff(placed[order]) >= 10.0 - 1e-9)
        assert placed.min() >= 0.0
        assert placed.max() <= 100.0 + 1e-9
    assert spread([30.0, 70.0], 10.0, 0.0, 100.0) == [30.0, 70.0], "who has room stays"


@pytest.mark.parametrize(
    ("n", "text"), [(500, "500"), (2_000, "2k"), (1_000_000, "1M"), (4_096, "64²"), (400, "400")]
)
def test_sizes_are_short(n: int, text: str) -> None:
    from benchmarks.plots import short

    assert short(n) == text


def test_pictures_are_drawn(results: list[CaseResult], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks import plots

    (path,) = plots.draw(results, timeout=9.0, folder=tmp_path)
    assert path.name == "rings.png"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2712.3, "2712 s"),
        (999.9, "1000 s"),
        (12.345, "12.3 s"),
        (0.0123, "12.3 ms"),
        (9e-6, "9 µs"),
        (1e-9, "1 ns"),
    ],
)
def test_seconds_are_readable(seconds: float, text: str) -> None:
    assert report.format_seconds(seconds) == text


def test_command_runs_a_case_and_writes_everything(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    options = ["--quick", "--case", "small/*-n20", "--against", "pot", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "results.json").read_text())
    assert {r["case"] for r in data["results"]} == {"small/graph-n20", "small/matrix-n20"}
    ours = [r["measurements"][0] for r in data["results"]]
    assert [(m["peer"], m["outcome"]) for m in ours] == [(OURS, "ok")] * 2
    assert (tmp_path / "results.md").exists()


def test_list_says_where_ours_is_alone() -> None:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["--list", "--heavy", "--case", "clouds"])
    assert done.exit_code == 0
    assert "clouds/uniform-d2-unit-n1000  (quick)" in done.output
    assert "clouds/uniform-d2-unit-n20000  (normal, ours alone)" in done.output
    assert "clouds/uniform-d2-unit-n1000000  (heavy)" in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--case", "nosuch"], "no case fits 'nosuch'"),
        (["--against", "gurobi"], "no peer is called 'gurobi'"),
        (["--quick", "--case", "sparse-knn/*-n100000"], "no case of this size fits"),
        (["--quick", "--case", "clouds/*-n20000"], "no case of this size fits"),
    ],
)
def test_bad_arguments_are_explained(options: list[str], message: str) -> None:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, options)
    assert done.exit_code == 2
    words = re.sub(r"[│\s]+", " ", done.output)
    assert message in words


def test_readme_names_every_family() -> None:
    text = (CLONE / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for family in {case.family for case in all_cases()}:
        assert f"`{family}`" in text
