"""The bar that a long solve shows on a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["progress_bar"]

QUIET_SECONDS = 0.5  # a solve shorter than this shows no progress bar


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
    total = time_limit if time_limit is not None and math.isfinite(time_limit) else None
    task = bar.add_task("solve", total=total, pivots=0, value=float("nan"))

    def report(pivots: int, seconds: float, value: float) -> None:
        bar.update(task, completed=seconds, pivots=pivots, value=value)
        if seconds > QUIET_SECONDS and bar.console.is_terminal:
            bar.start()

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()
