"""Two examples: one to check by hand, one to look at.

The first has three sources and three targets, and its whole proof of optimality fits on the screen.
The second moves mass between two noisy concentric circles of 200 points, once along all 40,000
pairs and once along the 1,600 pairs that join each source to the eight targets of its own sector
that are nearest in angle. The sparse optimum costs a tenth of a thousandth more than the dense one;
the pictures show where.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sparse_ot.api.dense_gap import dense_gap
from sparse_ot.api.solve import solve
from sparse_ot.plot import new_figure, plot2D_samples_mat, plot_arcs
from sparse_ot.result.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Circles", "concentric_circles", "draw_edges", "draw_plans", "run"]

Floats = npt.NDArray[np.float64]

# Okabe and Ito's palette: distinct in every kind of colour vision, and in grey
BLUE, VERMILLION, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#222222"


@dataclass(frozen=True)
class Circles:
    """Two noisy concentric circles in sectors, with their dense and their sparse cost.

    Attributes
    ----------
    X, Y : (n, 2) ndarray
        Sources on the inner circle, targets on the outer one.
    masses : (n,) ndarray
        Uniform, total 1.
    dense : (n, n) ndarray
        Euclidean distances of all pairs.
    sparse : (n, n) coo_array
        The same distances on the allowed pairs only.
    """

    X: Floats
    Y: Floats
    masses: Floats
    dense: Floats
    sparse: sp.coo_array


def concentric_circles(
    sectors: int = 8, points_per_sector: int = 25, neighbours: int = 8, seed: int = 0
) -> Circles:
    """Points on circles of radius 1 and 2, and the pairs of each sector nearest in angle.

    Examples
    --------
    >>> circles = concentric_circles()
    >>> circles.dense.size, circles.sparse.nnz
    (40000, 1600)
    """
    n = sectors * points_per_sector
    rng = np.random.default_rng(seed)
    around = np.linspace(0.0, 2.0 * np.pi, n, endpoint=False)
    circle = np.column_stack([np.cos(around), np.sin(around)])
    X = circle + rng.normal(scale=0.06, size=(n, 2))
    Y = 2.0 * circle + rng.normal(scale=0.06, size=(n, 2))
    dense = np.linalg.norm(X[:, None] - Y[None], axis=2)

    # Points are stored sector by sector, so each sector is a block on the diagonal.
    blocks = (sectors, points_per_sector)
    angles_x = np.arctan2(X[:, 1], X[:, 0]).reshape(blocks)
    angles_y = np.arctan2(Y[:, 1], Y[:, 0]).reshape(blocks)
    apart = angles_y[:, None, :] - angles_x[:, :, None]
    apart = np.abs((apart + np.pi) % (2.0 * np.pi) - np.pi)
    nearest = np.argsort(apart, axis=2)[:, :, :neighbours]
    cols = (nearest + points_per_sector * np.arange(sectors)[:, None, None]).ravel()
    rows = np.repeat(np.arange(n), neighbours)
    sparse = sp.coo_array((dense[rows, cols], (rows, cols)), shape=(n, n))
    return Circles(X, Y, np.full(n, 1.0 / n), dense, sparse)


def run(out: str | Path, console: Console) -> list[Path]:
    """Run both examples, print their costs and certificates, and write the pictures.

    Parameters
    ----------
    out : str or Path
        Folder of the pictures; made when missing.
    console : rich.console.Console
        Where to print.

    Returns
    -------
    list of Path
        The pictures: which pairs are allowed, and the two optimal plans.

    Raises
    ------
    MissingDependencyError
        When matplotlib is not installed; the costs are printed before.
    """
    show_minimal_example(console)
    circles = concentric_circles()
    n_pairs = f"{circles.dense.size:,} pairs, or {circles.sparse.nnz:,}"
    console.print(
        f"\n[bold]2. Concentric circles[/bold]: {len(circles.X)} points on each; {n_pairs}\n"
    )
    dense, dense_seconds = _timed_solve(circles.dense, circles.masses)
    sparse, sparse_seconds = _timed_solve(circles.sparse, circles.masses)
    console.print(f"Dense OT cost: {float(dense.value):.6f}", highlight=False)
    console.print(f"Sparse OT cost: {float(sparse.value):.6f}\n", highlight=False)
    console.print(_certificate_table(dense, dense_seconds, sparse, sparse_seconds))
    _show_dense_gap(circles, sparse, console)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [folder / "edges.png", folder / "plans.png"]
    draw_edges(circles, dense, sparse).savefig(pictures[0])
    draw_plans(circles, dense, sparse).savefig(pictures[1])
    console.print()
    for picture, what in zip(pictures, ("Allowed pairs", "Optimal plans"), strict=True):
        console.print(Text(f"{what}: {picture.resolve()}"), soft_wrap=True)
    return pictures


def _show_dense_gap(circles: Circles, sparse: Solution, console: Console) -> None:
    """Print the gap of the sparse graph to all pairs, computed from the points."""
    quick = dense_gap(sparse, circles.X, circles.Y, "euclidean")
    exact = dense_gap(sparse, circles.X, circles.Y, "euclidean", tol=0.0)
    console.print(
        f"\nFrom the points, without the dense matrix: {len(np.unique(quick.rows))} sources miss a "
        f"pair that would help.\nThe sparse answer itself proves that no plan costs less than "
        f"{quick.lower_bound:.6f}. With the\nmissing pairs added until none is left, that becomes "
        f"{exact.lower_bound:.6f}: the graph loses {exact.gap:.6f}.",
        highlight=False,
    )


def show_minimal_example(console: Console) -> Solution:
    """Solve three sources against three targets and print every number of the proof."""
    a, b = np.array([2.0, 1.0, 1.0]), np.array([1.0, 2.0, 1.0])
    rows, cols = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    costs = np.array([1.0, 2.0, 1.0, 3.0, 1.0, 4.0])
    solution = solve(sp.coo_array((costs, (rows, cols)), shape=(3, 3)), a, b)
    plan = sp.coo_array(solution.plan).toarray()
    u, v = (np.asarray(potential) for potential in solution.potentials)

    table = Table(box=None, pad_edge=False)
    for heading in ("from", "to", "cost", "flow", "flow × cost", "u + v", "cost − u − v"):
        table.add_column(heading, justify="right")
    for i, j, cost in zip(rows, cols, costs, strict=True):
        bound = u[i] + v[j]
        numbers = (cost, plan[i, j], plan[i, j] * cost, bound, cost - bound)
        table.add_row(f"source {i}", f"target {j}", *(f"{x + 0.0:g}" for x in numbers))
    console.print(
        "[bold]1. By hand[/bold]: sources hold 2, 1, 1; targets want 1, 2, 1; six pairs allowed\n"
    )
    console.print(table)
    console.print(
        f"\nThe plan costs {float(solution.value):g}. No plan can cost less: u + v exceeds no "
        f"cost,\nso every plan costs at least the sum of mass × potential, {u @ a:g} + {v @ b:g} = "
        f"{u @ a + v @ b:g}.",
        highlight=False,
    )
    return solution


def draw_edges(circles: Circles, dense: Solution, sparse: Solution) -> Figure:
    """Draw the pairs that each cost allows, side by side."""
    figure, (left, right) = _two_panels()
    X, Y = circles.X, circles.Y
    plot_arcs(X, Y, circles.dense, ax=left, color=BLUE, alpha=0.06, linewidth=0.35)
    shown = plot_arcs(X, Y, circles.sparse, ax=right, color=BLUE, alpha=0.6, linewidth=0.5)
    shown.set_label("allowed pair")
    pairs = (circles.dense.size, circles.sparse.nnz)
    names = ("Dense: all", "Sparse: the nearest in angle,")
    for ax, name, count, solution in zip((left, right), names, pairs, (dense, sparse), strict=True):
        _finish(ax, circles, f"{name} {count:,} pairs\noptimal cost {float(solution.value):.6f}")
    _legend(figure, left, right)
    return figure


def draw_plans(circles: Circles, dense: Solution, sparse: Solution) -> Figure:
    """Draw the two optimal plans, and mark the pairs on which they differ."""
    figure, (left, right) = _two_panels()
    X, Y = circles.X, circles.Y
    flows = np.asarray(dense.plan), sp.csr_array(sparse.plan).toarray()
    lost = np.where(flows[1] > 0, 0.0, flows[0])
    found = np.where(flows[0] > 0, 0.0, flows[1])
    plain: dict[str, Any] = {"color": BLUE, "linewidth": 1.0, "alpha": 0.7}
    plot2D_samples_mat(X, Y, flows[0] - lost, ax=left, label="pair of both plans", **plain)
    plot2D_samples_mat(X, Y, flows[1] - found, ax=right, **plain)
    dashed: dict[str, Any] = {"color": VERMILLION, "linewidth": 1.8, "linestyle": (0, (3, 1))}
    plot2D_samples_mat(X, Y, lost, ax=left, label="pair of the dense plan only", **dashed)
    solid: dict[str, Any] = {"color": GREEN, "linewidth": 1.8}
    plot2D_samples_mat(X, Y, found, ax=right, label="pair of the sparse plan only", **solid)
    _finish(left, circles, f"Dense optimal plan\ncost {float(dense.value):.6f}")
    _finish(right, circles, f"Sparse optimal plan\ncost {float(sparse.value):.6f}")
    _legend(figure, left, right)
    return figure


def _timed_solve(cost: Any, masses: Floats) -> tuple[Solution, float]:
    began = time.perf_counter()
    solution = solve(cost, masses, masses)
    return solution, time.perf_counter() - began


def _certificate_table(
    dense: Solution, dense_seconds: float, sparse: Solution, sparse_seconds: float
) -> Table:
    table = Table(title="Certificates", title_justify="left")
    for heading in ("", "dense", "sparse"):
        table.add_column(heading, justify="right" if heading else "left")
    one, two = dense.certificate, sparse.certificate
    table.add_row("lower bound", f"{one.lower_bound:.12f}", f"{two.lower_bound:.12f}")
    table.add_row("gap", f"{one.gap:.1e}", f"{two.gap:.1e}")
    table.add_row(
        "worst reduced cost", f"{one.worst_reduced_cost:.1e}", f"{two.worst_reduced_cost:.1e}"
    )
    table.add_row(
        "worst marginal error", f"{one.worst_marginal_error:.1e}", f"{two.worst_marginal_error:.1e}"
    )
    table.add_row("scope", one.scope, two.scope)
    table.add_row("arcs in the simplex", f"{dense.stats.arcs:,}", f"{sparse.stats.arcs:,}")
    table.add_row("milliseconds", f"{1e3 * dense_seconds:.1f}", f"{1e3 * sparse_seconds:.1f}")
    return table


def _two_panels() -> tuple[Figure, tuple[Axes, Axes]]:
    figure = new_figure(12.0, 6.8)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.07, top=0.91, wspace=0.02)
    return figure, (left, right)


def _finish(ax: Axes, circles: Circles, title: str) -> None:
    (x, y), (p, q) = circles.X.T, circles.Y.T
    ax.scatter(x, y, s=20, color=INK, marker="o", linewidths=0, label="source", zorder=3)
    ax.scatter(p, q, s=24, color=INK, marker="x", linewidths=1.2, label="target", zorder=3)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=13)


def _legend(figure: Figure, *axes: Axes) -> None:
    """One legend for both panels, each label once, its lines as opaque as they are readable."""
    entries = {
        label: handle
        for ax in axes
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    legend = figure.legend(
        list(entries.values()), list(entries), loc="lower center", ncols=len(entries), frameon=False
    )
    for line in legend.get_lines():
        line.set(alpha=1.0, linewidth=max(1.5, line.get_linewidth()))
