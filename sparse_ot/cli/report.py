"""What `sparse-ot solve` shows of a solution: a table, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sparse_ot.plot import plot2D_samples_mat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sparse_ot.files.reading import Values
    from sparse_ot.result.solution import Solution

__all__ = ["draw", "say", "show"]


def say(line: str, console: Console) -> None:
    """Print a line as it is, however long."""
    console.print(Text(line), soft_wrap=True)


def show(solution: Solution, seconds: float, console: Console) -> None:
    """Print the value and its certificate."""
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
    console.print(table)


def draw(figure: Figure, x: Values, y: Values, solution: Solution) -> None:
    """Draw the plan between its points."""
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
