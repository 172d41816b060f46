"""Pictures of several runs together, by ``python -m benchmarks.stored RESULTS.json ...``.

A run of all sizes and all peers takes hours, and most of them are spent on peers. This puts
together what several runs stored in their results.json; where two measured the same solver on the
same case the later file counts. Runs of different machines are refused: their times do not belong
into one picture.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.cases import Case, all_cases
from benchmarks.measure import CaseResult, Measurement, Outcome
from benchmarks.verdict import Verdict
from benchmarks.worker import Observation

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def read(paths: Sequence[Path]) -> list[CaseResult]:
    """The results in these files, a case once, in the order of the suite.

    Verdicts are as the runs passed them; what each solver's examination was stays in the files.

    Raises
    ------
    ValueError
        The runs are of different machines.
    """
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    machines = {(run["machine"]["processor"], run["machine"]["cores"]) for run in runs}
    if len(machines) > 1:
        msg = f"these runs are of different machines: {sorted(machines)}"
        raise ValueError(msg)
    records: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        for record in run["results"]:
            records.setdefault(record["case"], []).append(record)
    cases = {case.name: case for case in all_cases()}
    return [_merged(case, records[name]) for name, case in cases.items() if name in records]


def _merged(case: Case, records: Sequence[dict[str, Any]]) -> CaseResult:
    latest: dict[str, Measurement] = {}
    for record in records:
        for m in record["measurements"]:
            measurement = _measurement(m)
            # A run in which a solver was not tried says nothing about it.
            if measurement.outcome is not Outcome.LEFT_OUT or m["peer"] not in latest:
                latest[m["peer"]] = measurement
    values = [record["value"] for record in records if record["value"] is not None]
    bounds = [record["lower_bound"] for record in records if record["lower_bound"] is not None]
    verdict = Verdict(
        min(values, default=None), max(bounds, default=None), tuple(None for _ in latest)
    )
    arcs, nodes = records[-1]["arcs"], records[-1]["nodes"]
    return CaseResult(case, arcs, nodes, tuple(latest.values()), verdict)


def _measurement(stored: dict[str, Any]) -> Measurement:
    known = {name: stored["observation"].get(name) for name in ("seconds", "peak_bytes")}
    outcome = Outcome(stored["outcome"])
    return Measurement(stored["peer"], outcome, stored["detail"], Observation(**known))


@app.command()
def main(
    results: Annotated[list[Path], typer.Argument(help="results.json of earlier runs.")],
    case: Annotated[
        list[str] | None, typer.Option(help="Only these cases; may hold '*'. Default all.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the PNGs.")] = Path("benchmarks/results"),
    timeout: Annotated[
        float, typer.Option(min=0.0, help="Where the crosses of those who ran out of time go.")
    ] = 600.0,
) -> None:
    """Draw what several runs measured."""
    from benchmarks import plots

    try:
        found = read(results)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    chosen = [r for r in found if not case or any(fnmatch(r.case.name, p) for p in case)]
    if not chosen:
        msg = "none of these results is of such a case"
        raise typer.BadParameter(msg)
    for path in plots.draw(chosen, timeout, out):
        print(f"wrote {path}")


if __name__ == "__main__":
    app()
