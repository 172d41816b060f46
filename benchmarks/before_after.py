"""``python -m benchmarks.before_after PYTHON``: is this sparse_ot slower than that one?

Two builds on the same cases, in processes of their own that take turns, A B A B: a machine that
slows down slows both. PYTHON is an interpreter whose environment holds the other sparse_ot, for
example that of a clone at an earlier commit; this environment holds the one that is judged. The
ratio of a case is the median of the ratios of its pairs, and its spread is printed beside it.

Values must agree to 1e-12 of their size, up to the rounding of sums: a faster wrong answer is no
answer.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.cases import Case, select_cases
from benchmarks.measure import Measurement, Outcome, measure_once
from benchmarks.peers import OURS, select_peers
from benchmarks.problems import save_problem

__all__ = ["Comparison", "compare", "main"]

VALUE_RTOL = 1e-12
MAX_RATIO = 1.05

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Comparison:
    """One case, before and after.

    Attributes
    ----------
    case : str
    before, after : float
        Seconds of a call: the median over processes of each process's median call. The fastest call
        hangs on where memory happens to lie: in one and the same build it differs by a tenth.
    ratios : tuple of float
        After over before, one for each pair of processes.
    values : tuple of float
        Of the plan, before and after, per unit of mass.
    """

    case: str
    before: float
    after: float
    ratios: tuple[float, ...]
    values: tuple[float, float]

    @property
    def ratio(self) -> float:
        """Median ratio of the pairs."""
        return statistics.median(self.ratios)

    @property
    def values_agree(self) -> bool:
        """Whether both builds found the same optimum."""
        before, after = self.values
        return abs(before - after) <= VALUE_RTOL * max(abs(before), abs(after))


def compare(
    case: Case, other_python: str, *, rounds: int, timeout: float, enough_seconds: float
) -> Comparison:
    """Measure `case` in both environments, `rounds` times in turn.

    Parameters
    ----------
    case : Case
    other_python : str
        Interpreter of the environment to compare with.
    rounds : int
    timeout, enough_seconds : float
        As in `benchmarks.measure.measure`.

    Raises
    ------
    RuntimeError
        A solve gave no answer; the message says which, and why.
    """
    (ours,) = (peer for peer in select_peers([OURS]) if peer.name == OURS)
    before: list[Measurement] = []
    after: list[Measurement] = []
    with tempfile.TemporaryDirectory() as folder:
        problem_file = Path(folder) / "problem.npz"
        save_problem(case.build(), problem_file)
        for _ in range(rounds):
            before.append(measure_once(ours, problem_file, timeout, enough_seconds, other_python))
            after.append(measure_once(ours, problem_file, timeout, enough_seconds))
            for name, latest in (("before", before[-1]), ("after", after[-1])):
                if latest.outcome is not Outcome.UNCHECKED:
                    msg = f"{case.name}, {name}: {latest.outcome.value}, {latest.detail}"
                    raise RuntimeError(msg)
    seconds = [[m.observation.seconds or 0.0 for m in side] for side in (before, after)]
    found = [side[0].observation.examination for side in (before, after)]
    assert found[0] is not None, "an answer was examined"
    assert found[1] is not None, "an answer was examined"
    return Comparison(
        case.name,
        statistics.median(seconds[0]),
        statistics.median(seconds[1]),
        tuple(y / x for x, y in zip(*seconds, strict=True)),
        (found[0].value, found[1].value),
    )


@app.command()
def main(
    python: Annotated[str, typer.Argument(help="Interpreter whose sparse_ot is compared with.")],
    case: Annotated[
        list[str] | None, typer.Option(help="A family or a case, may hold '*'; several times.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the small cases.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Pairs of processes for each case.")] = 5,
    timeout: Annotated[float, typer.Option(min=0.0, help="Seconds per solve.")] = 600.0,
) -> None:
    """Compare this sparse_ot with another one; exits with 1 where values differ."""
    try:
        cases = select_cases(case or [], quick=quick, heavy=False)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    console = Console()
    table = Table("case", "before", "after", "ratio", "least to most", box=None, pad_edge=False)
    wrong = slower = 0
    for chosen in cases:
        found = compare(chosen, python, rounds=rounds, timeout=timeout, enough_seconds=0.3)
        wrong += not found.values_agree
        slower += found.ratio > MAX_RATIO
        note = "" if found.values_agree else f"VALUES DIFFER: {found.values}"
        row = (
            found.case,
            f"{found.before:.4g} s",
            f"{found.after:.4g} s",
            f"{found.ratio:.3f}",
            f"{min(found.ratios):.2f} to {max(found.ratios):.2f}  {note}",
        )
        table.add_row(*row)
        print("  ".join(row), flush=True)
    console.print(table)
    console.print(f"{slower} of {len(cases)} cases above {MAX_RATIO}; {wrong} with other values")
    if wrong:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
