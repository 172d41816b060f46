"""``python -m benchmarks``: run cases, judge the values, write the report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Container, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from benchmarks import machine, report
from benchmarks.cases import Case, select_cases
from benchmarks.measure import CaseResult, Outcome, excuses, is_failure, measure_case
from benchmarks.peers import OURS, Peer, select_peers

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()

QUICK_TIMEOUT, FULL_TIMEOUT = 20.0, 600.0
QUICK_ENOUGH, FULL_ENOUGH = 0.1, 0.5


@app.command()
def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the small cases: under two minutes on two cores.")
    ] = False,
    heavy: Annotated[
        bool, typer.Option("--heavy", help="Also the cases that take peers minutes or hours.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(help="Peers or their libraries, comma-separated; default all, '' for none."),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(help="A family or a case, may hold '*'; may be given several times."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for results.json, results.md and PNGs.")] = Path(
        "benchmarks/results"
    ),
    repeat: Annotated[int, typer.Option(min=1, help="Processes per measurement.")] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.0, help="Seconds per solve; default 600, with --quick 20."),
    ] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Show cases and peers, measure nothing.")
    ] = False,
) -> None:
    """Time, memory and value of sparse_ot and its peers.

    Exits with 1 if a value is wrong or sparse_ot gives none, with 2 on bad arguments; never
    because something is slow.
    """
    names = None if against is None else [name for name in against.split(",") if name]
    try:
        cases = select_cases(case or [], quick=quick, heavy=heavy)
        peers = select_peers(names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not cases:
        msg = "no case of this size fits: leave out --quick or add --heavy"
        raise typer.BadParameter(msg)
    if show_list:
        _show(cases, peers)
        return
    seconds = timeout if timeout is not None else QUICK_TIMEOUT if quick else FULL_TIMEOUT
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    description = machine.describe(peers, command)
    named_in_full = set(case or []) if not heavy else {chosen.name for chosen in cases}
    enough = QUICK_ENOUGH if quick else FULL_ENOUGH
    results = _run(cases, peers, seconds, enough, repeat, thorough=named_in_full)
    for path in _write(out, results, description, peers, seconds):
        console.print(f"wrote {path}", soft_wrap=True)
    if is_failure(results, OURS):
        console.print("[bold red]a value is wrong or missing[/]: see the lines above")
        raise typer.Exit(1)


def _run(
    cases: Sequence[Case],
    peers: Sequence[Peer],
    timeout: float,
    enough_seconds: float,
    repeat: int,
    thorough: Container[str],
) -> list[CaseResult]:
    """Measure everything; Ctrl-C ends the run and keeps what is complete.

    `thorough` has the names of the cases where all peers are tried (`benchmarks.measure.excuses`).
    """
    results: list[CaseResult] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=len(cases) * len(peers))
        for number, case in enumerate(cases):

            def tell(index: int, case: Case = case, before: int = number * len(peers)) -> None:
                text = f"{case.name}  {peers[index].name}"
                progress.update(bar, description=text, completed=before + index)

            try:
                result = measure_case(
                    case,
                    peers,
                    timeout=timeout,
                    enough_seconds=enough_seconds,
                    repeat=repeat,
                    excused=excuses(case, peers, results, thorough=case.name in thorough),
                    tell=tell,
                )
            except KeyboardInterrupt:
                progress.console.print("interrupted; the cases above are complete")
                break
            results.append(result)
            progress.console.print(_line(result))
    return results


def _line(result: CaseResult) -> str:
    """One case on the screen."""
    cells = []
    for m in result.measurements:
        text = escape(report.cell(result, m).replace("**", ""))
        colour = "red" if m.outcome is Outcome.WRONG else "green" if m.peer == OURS else "default"
        cells.append(f"{m.peer} [{colour}]{text}[/]")
    return f"[bold]{result.case.name}[/]  " + " · ".join(cells)


def _write(
    out: Path,
    results: Sequence[CaseResult],
    description: dict[str, object],
    peers: Sequence[Peer],
    timeout: float,
) -> list[Path]:
    paths = report.write(out, results, description, peers)
    if find_spec("matplotlib") is None:
        console.print("no pictures: matplotlib is not installed")
        return paths
    from benchmarks import plots

    return paths + plots.draw(results, timeout, out)


def _show(cases: Sequence[Case], peers: Sequence[Peer]) -> None:
    for case in cases:
        alone = ", ours alone" if (case.size, case.peers) == ("normal", "heavy") else ""
        console.print(f"{case.name}  ({case.size}{alone})", highlight=False)
    for peer in peers:
        console.print(f"peer {peer.name}: {peer.version() or 'not installed'}", highlight=False)


if __name__ == "__main__":
    app()
