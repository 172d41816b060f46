"""The command line: ``sparse-ot demo``, ``doctor`` and ``solve`` (or ``python -m sparse_ot ...``).

Exit codes: 0 for success, which for `solve` is an optimal plan; 2 for an error, reported in one
line on stderr; 3 if a limit stopped the solve and the best plan so far was written; 130 if
interrupted.

Heavy imports happen inside the commands, so that ``--help`` is fast.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sparse_ot.errors import InputError, SparseOTError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparse_ot.files import Values
    from sparse_ot.result.solution import Solution

__all__ = ["main", "progress_bar"]

OPTIMAL, ERROR, LIMIT, INTERRUPTED = 0, 2, 3, 130
QUIET_SECONDS = 0.5  # a solve shorter than this shows no progress bar

app = typer.Typer(
    name="sparse-ot",
    help="Exact optimal transport on sparse costs, with a certificate.",
    add_completion=False,
    rich_markup_mode="rich",
)


@app.callback()
def _commands() -> None:
    """Exact optimal transport on sparse costs, with a certificate."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the pictures.")] = Path("sparse_ot_demo"),
) -> None:
    """Run two examples: one to check by hand, one to look at."""
    from sparse_ot.cli.demo import run

    run(out, Console())


@app.command()
def doctor() -> None:
    """Say which array libraries and devices work here, by trying, and what to do about the rest."""
    from sparse_ot.cli.doctor import report

    if not report(Console()):
        raise typer.Exit(_complain("a library that is installed does not work; see above"))


@app.command()
def solve(
    x: Annotated[str, typer.Argument(metavar="X", help="Sources: .npy, .npz or .csv.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Targets: .npy, .npz or .csv.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The plan, as .npz.")],
    a: Annotated[str | None, typer.Option("--a", help="Masses of X; uniform if absent.")] = None,
    b: Annotated[str | None, typer.Option("--b", help="Masses of Y; uniform if absent.")] = None,
    k: Annotated[int | None, typer.Option("--k", help="Join each point to its k nearest.")] = None,
    dense: Annotated[bool, typer.Option("--dense", help="Allow every pair.")] = False,
    metric: Annotated[
        str, typer.Option(help="Cost of a pair: sqeuclidean, euclidean, minkowski:3, ...")
    ] = "sqeuclidean",
    feasible: Annotated[
        bool,
        typer.Option(help="With --k: add the few arcs that make sure that a plan exists."),
    ] = True,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds after which to stop with the best plan.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of the plan, as .png.")] = None,
) -> None:
    """Move the masses of X to those of Y at least cost, and write the plan."""
    from sparse_ot import files
    from sparse_ot.api.solve import solve as solve_problem
    from sparse_ot.costs.graphs import knn_cost
    from sparse_ot.costs.points import PointCloudCost
    from sparse_ot.metrics import metric_of_text

    if (k is None) != dense:
        msg = "Say which pairs are allowed: either --k K or --dense, and one only."
        raise InputError(msg)
    if dense and not feasible:
        msg = "--no-feasible speaks of the graph of --k; every pair is always feasible."
        raise InputError(msg)
    points = files.read_points(x), files.read_points(y)
    if points[0].shape[1] != points[1].shape[1]:
        msg = (
            f"{x} holds points of {points[0].shape[1]} coordinates and {y} of "
            f"{points[1].shape[1]}; expected the same number."
        )
        raise InputError(msg)
    if plot is not None and points[0].shape[1] != 2:
        msg = (
            f"--plot draws points of the plane; those of {x} have {points[0].shape[1]} coordinates."
        )
        raise InputError(msg)
    masses_x = None if a is None else files.read_masses(a)
    masses_y = None if b is None else files.read_masses(b)
    _check_writable(out, plot)
    began = time.perf_counter()
    ground = metric_of_text(metric)
    cost = (
        PointCloudCost(*points, ground)
        if k is None
        else knn_cost(*points, k, ground, feasible_for=(masses_x, masses_y) if feasible else None)
    )
    with progress_bar(time_limit) as progress:
        solution = solve_problem(cost, masses_x, masses_y, time_limit=time_limit, progress=progress)
    seconds = time.perf_counter() - began
    files.write_plan(out, solution)
    if plot is not None:
        _draw(plot, *points, solution)
    _report(solution, seconds, [path for path in (out, plot) if path is not None])
    if not solution.converged:
        raise typer.Exit(LIMIT)


@contextmanager
def progress_bar(time_limit: float | None) -> Iterator[Callable[[int, float, float], None]]:
    """Yield the `progress` function for `solve`; the bar appears in solves that take long.

    The simplex cannot tell how many pivots remain, so the bar measures the time limit if there is
    one, and otherwise only shows activity.
    """
    bar = Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.fields[pivots]:,} pivots, value {task.fields[value]:.6g}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("solve", total=time_limit, pivots=0, value=float("nan"))

    def report(pivots: int, seconds: float, value: float) -> None:
        bar.update(task, completed=seconds, pivots=pivots, value=value)
        if seconds > QUIET_SECONDS and bar.console.is_terminal:
            bar.start()

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()


def _report(solution: Solution, seconds: float, written: Sequence[Path]) -> None:
    certificate = solution.certificate
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "value": f"{float(solution.value):.12g}",
        "lower bound": f"{certificate.lower_bound:.12g}",
        "gap": f"{certificate.gap:.1e}",
        "worst reduced cost": f"{certificate.worst_reduced_cost:.1e}",
        "worst marginal error": f"{certificate.worst_marginal_error:.1e}",
        "scope": certificate.scope,
        "arcs": f"{solution.stats.arcs:,}",
        "pivots": f"{solution.stats.pivots:,}",
        "seconds": f"{seconds:.3g}",
        "status": solution.status.name.lower().replace("_", " "),
    }
    for name, text in rows.items():
        table.add_row(name, text)
    console = Console()
    console.print(table)
    for path in written:
        console.print(Text(f"wrote {path}"), soft_wrap=True)
    if not solution.converged:
        Console(stderr=True).print(Text(solution.status.remedy), soft_wrap=True)


def _draw(path: Path, x: Values, y: Values, solution: Solution) -> None:
    from sparse_ot.plot import new_figure, plot2D_samples_mat

    figure = new_figure(8.0, 8.0)
    ax = figure.subplots()
    plot2D_samples_mat(x, y, solution.plan, ax=ax, label="plan", color="#0072B2", linewidth=1.0)
    ax.scatter(
        x[:, 0], x[:, 1], s=12, color="#222222", marker="o", linewidths=0, label="source", zorder=3
    )
    ax.scatter(
        y[:, 0],
        y[:, 1],
        s=16,
        color="#D55E00",
        marker="x",
        linewidths=1.0,
        label="target",
        zorder=3,
    )
    ax.set_aspect("equal")
    ax.set_title(f"{solution.status.name.lower()} plan, cost {float(solution.value):.6g}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=3, frameon=False)
    figure.savefig(path, bbox_inches="tight")


def _check_writable(*paths: Path | None) -> None:
    """Refuse output paths before the solve that could not be written after it."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            msg = f"{path}: there is no folder {path.parent} to write to."
            raise InputError(msg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; `sparse_ot.cli.main` calls this if Typer and Rich are installed.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; those of the process when not given.

    Returns
    -------
    int
        The exit code; see the module docstring.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # print ? for characters that the encoding lacks
            stream.reconfigure(errors="replace")
    try:
        code = app(args=arguments, prog_name="sparse-ot", standalone_mode=False)
    except (SparseOTError, OSError, MemoryError) as error:
        return _complain(str(error) or type(error).__name__)
    except (typer.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except Exception as error:
        # typer raises its usage errors as classes of click, or of its own copy of click
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        return _complain(f"{message()} (sparse-ot --help tells the usage)")
    return code if isinstance(code, int) else OPTIMAL


def _complain(message: str) -> int:
    print(f"sparse-ot: {' '.join(message.split())}", file=sys.stderr)
    return ERROR
