"""The command line: ``sparse-ot demo``, ``doctor`` and ``solve`` (or ``python -m sparse_ot ...``).

Exit codes: 0 for success, which for `solve` is an optimal plan; 2 for an error, reported in one
line on stderr; 3 if a limit stopped the solve and the best plan so far was written; 130 if
interrupted.

Heavy imports happen inside the commands, so that ``--help`` is fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sparse_ot.cli.progress import progress_bar
from sparse_ot.errors import SparseOTError

__all__ = ["main", "progress_bar"]

OPTIMAL, ERROR, LIMIT, INTERRUPTED = 0, 2, 3, 130

app = typer.Typer(
    name="sparse-ot",
    help="Exact optimal transport on sparse costs, with a certificate.",
    add_completion=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        from sparse_ot import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _commands(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
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
    out: Annotated[Path, typer.Option("-o", "--out", help="The plan: .npz, .csv or .mtx.")],
    x: Annotated[
        str | None,
        typer.Argument(metavar="X", help="Sources: .npy, .npz, .csv, .tsv or .txt."),
    ] = None,
    y: Annotated[str | None, typer.Argument(metavar="Y", help="Targets, likewise.")] = None,
    a: Annotated[str | None, typer.Option("--a", help="Masses of X; uniform if absent.")] = None,
    b: Annotated[str | None, typer.Option("--b", help="Masses of Y; uniform if absent.")] = None,
    k: Annotated[int | None, typer.Option("--k", help="Join each point to its k nearest.")] = None,
    dense: Annotated[bool, typer.Option("--dense", help="Allow every pair.")] = False,
    metric: Annotated[
        str | None,
        typer.Option(
            help="Cost of a pair: sqeuclidean, euclidean, minkowski:3, ...",
            show_default="sqeuclidean",
        ),
    ] = None,
    feasible: Annotated[
        bool | None,
        typer.Option(
            "--feasible/--no-feasible",
            help="With --k: add the few arcs that make sure that a plan exists.",
            show_default="feasible",
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(help="In place of X and Y: costs, as .npz, .mtx, .npy or .csv."),
    ] = None,
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Scale the masses of Y to the total of X.")
    ] = False,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds after which to stop with the best plan.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the plan: .png, .pdf or .svg.")
    ] = None,
) -> None:
    """Move the masses of X to those of Y at least cost, and write the plan."""
    from sparse_ot.cli.request import Request
    from sparse_ot.cli.solve import run

    request = Request(
        x=x,
        y=y,
        cost=cost,
        a=a,
        b=b,
        k=k,
        dense=dense,
        metric=metric,
        feasible=feasible,
        rescale=rescale,
        time_limit=time_limit,
        out=out,
        plot=plot,
    )
    if not run(request, Console()).converged:
        raise typer.Exit(LIMIT)


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
        code = INTERRUPTED
    except Exception as error:
        # typer raises its usage errors as classes of click, or of its own copy of click
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        return _complain(f"{message()} (sparse-ot --help tells the usage)")
    if code == INTERRUPTED:  # newer versions of typer return it, older ones raise Abort
        _complain("interrupted")
    return code if isinstance(code, int) else OPTIMAL


def _complain(message: str) -> int:
    print(f"sparse-ot: {' '.join(message.split())}", file=sys.stderr)
    return ERROR
