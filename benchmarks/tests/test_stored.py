"""Results of several runs, put together from their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import stored
from benchmarks.measure import Outcome

CASE = "clouds/uniform-d2-unit-n1000"


def measurement(peer: str, outcome: str, seconds: float | None) -> dict[str, Any]:
    peak = None if seconds is None else 5_000_000
    figures = {"seconds": seconds, "peak_bytes": peak}
    return {"peer": peer, "outcome": outcome, "detail": "", "observation": figures}


def run(folder: Path, name: str, *measurements: dict[str, Any], cores: int = 2) -> Path:
    record = {
        "case": CASE,
        "arcs": 1_000_000,
        "nodes": 2_000,
        "value": 0.5,
        "lower_bound": 0.5,
        "measurements": measurements,
    }
    path = folder / name
    machine = {"processor": "a processor", "cores": cores}
    path.write_text(json.dumps({"machine": machine, "results": [record]}))
    return path


def test_a_later_run_counts_but_not_where_it_left_a_solver_out(tmp_path: Path) -> None:
    first = run(
        tmp_path, "1.json", measurement("sparse_ot", "ok", 3.0), measurement("pot", "ok", 9.0)
    )
    second = run(
        tmp_path,
        "2.json",
        measurement("sparse_ot", "ok", 2.0),
        measurement("pot", "left out", None),
    )
    (result,) = stored.read([first, second])
    assert result.case.name == CASE
    ours, pot = result.of("sparse_ot"), result.of("pot")
    assert ours is not None
    assert pot is not None
    assert (ours.observation.seconds, pot.observation.seconds) == (2.0, 9.0)
    assert pot.outcome is Outcome.OK
    assert result.verdict.certified


def test_runs_of_different_machines_are_refused(tmp_path: Path) -> None:
    paths = [
        run(tmp_path, f"{cores}.json", measurement("sparse_ot", "ok", 3.0), cores=cores)
        for cores in (2, 4)
    ]
    with pytest.raises(ValueError, match="different machines"):
        stored.read(paths)


def test_the_command_draws_the_cases_asked_for(tmp_path: Path) -> None:
    path = run(tmp_path, "1.json", measurement("sparse_ot", "ok", 3.0))
    runner = CliRunner()
    done = runner.invoke(stored.app, [str(path), "--case", "clouds/*", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "clouds.png").stat().st_size > 1000
    refused = runner.invoke(stored.app, [str(path), "--case", "images/*", "--out", str(tmp_path)])
    assert refused.exit_code == 2
