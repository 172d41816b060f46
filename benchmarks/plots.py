"""Time and memory against n, log-log, one picture a family.

One column of panels for each variant, time above memory. A solver has the same colour in every
picture; ours is drawn last and thicker. A hollow triangle marks a solve that ran out of time, at
the time it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import CaseResult, Outcome
from benchmarks.peers import OURS, all_peers
from benchmarks.report import WITH_FIGURES

OURS_COLOUR = "#c1121f"
PEER_COLOURS = ("#1d3557", "#2a9d8f", "#8e6c8a", "#e09f3e", "#6c757d", "#588157", "#457b9d")
SMALLEST_MEMORY = 1e5


def colours() -> dict[str, str]:
    """A colour for every solver of the suite, present in a run or not."""
    others = [peer.name for peer in all_peers() if peer.name != OURS]
    named = {peer: PEER_COLOURS[i % len(PEER_COLOURS)] for i, peer in enumerate(others)}
    return named | {OURS: OURS_COLOUR}


def draw_family(results: Sequence[CaseResult], timeout: float, path: Path) -> Path | None:
    """Draw one family into the PNG at `path`; None if no size occurs with a figure.

    Parameters
    ----------
    results : sequence of CaseResult
        All of one family.
    timeout : float
        Seconds, where the triangles go.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    variants = sorted({result.case.variant for result in results})
    peers = list(dict.fromkeys(m.peer for result in results for m in result.measurements))
    palette = colours()
    if not any(m.outcome in WITH_FIGURES for result in results for m in result.measurements):
        return None
    figure, grid = plt.subplots(
        2,
        len(variants),
        figsize=(1.0 + 3.4 * max(2, len(variants)), 6.4),
        squeeze=False,
        sharex="col",
        sharey="row",
        layout="constrained",
    )
    for column, variant in enumerate(variants):
        members = [result for result in results if result.case.variant == variant]
        for peer in sorted(peers, key=lambda name: name == OURS):
            _draw_peer(grid[0, column], grid[1, column], members, peer, palette[peer], timeout)
        grid[0, column].set_title(variant)
        grid[1, column].set_xlabel("n")
        sizes = sorted({result.case.n for result in members})
        for axes in grid[:, column]:
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.minorticks_off()
            axes.set_xticks(sizes, [_short(n) for n in sizes])
            axes.grid(alpha=0.25, linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].set_ylabel("time of one solve, s")
    grid[1, 0].set_ylabel("peak memory, bytes")
    handles = {
        label: handle
        for axes in grid.ravel()
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    order = [peer for peer in peers if peer in handles]
    figure.legend(
        [handles[peer] for peer in order], order, loc="outside lower center", ncols=6, frameon=False
    )
    figure.suptitle(results[0].case.family)
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path


def _short(n: int) -> str:
    """5k for 5000."""
    return f"{n // 1000}k" if n >= 1000 and n % 1000 == 0 else str(n)


def _draw_peer(
    time_axes: Any,
    memory_axes: Any,
    members: Sequence[CaseResult],
    peer: str,
    colour: str,
    timeout: float,
) -> None:
    """One solver's line in both panels of a variant."""
    points = sorted(
        (result.case.n, m)
        for result in members
        if (m := result.of(peer)) is not None
        and (m.outcome in WITH_FIGURES or m.outcome is Outcome.TIMEOUT)
    )
    style = {
        "color": colour,
        "marker": "o",
        "markersize": 5 if peer == OURS else 3.5,
        "linewidth": 2.6 if peer == OURS else 1.4,
        "zorder": 4 if peer == OURS else 3,
    }
    timed = [(n, m.observation.seconds) for n, m in points if m.observation.seconds]
    if timed:
        time_axes.plot(*zip(*timed, strict=True), label=peer, **style)
    measured = [
        (n, m.observation.peak_bytes)
        for n, m in points
        if m.observation.peak_bytes and m.observation.peak_bytes >= SMALLEST_MEMORY
    ]
    if measured:
        memory_axes.plot(*zip(*measured, strict=True), **style)
    late = [n for n, m in points if m.outcome is Outcome.TIMEOUT]
    if late:
        hollow = {"facecolors": "none", "edgecolors": colour, "marker": "^", "s": 42, "zorder": 5}
        time_axes.scatter(late, [timeout] * len(late), **hollow)


def draw(results: Sequence[CaseResult], timeout: float, folder: Path) -> list[Path]:
    """A picture for every family that has figures."""
    folder.mkdir(parents=True, exist_ok=True)
    families = sorted({result.case.family for result in results})
    drawn = (
        draw_family(
            [result for result in results if result.case.family == family],
            timeout,
            folder / f"{family}.png",
        )
        for family in families
    )
    return [path for path in drawn if path is not None]
