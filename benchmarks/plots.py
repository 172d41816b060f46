"""Time and memory against n, log-log, one picture a family.

Every variant has two panels, time above memory, and all panels of a kind have the same scale. A
solver has the same colour in every picture and its name at the height where its line ends; ours is
drawn last and thicker. A cross is where a solver gives up, and a word says why: a dashed line leads
to it where it ran out of time; where memory would not do, or it refuses, it stands behind the last
size that went well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.labels import Label, write_labels
from benchmarks.measure import CaseResult, Outcome
from benchmarks.peers import OURS, all_peers
from benchmarks.report import WITH_FIGURES, format_bytes, format_seconds

OURS_COLOUR = "#c1121f"
PEER_COLOURS = ("#1d3557", "#2a9d8f", "#8e6c8a", "#d5861b", "#5c7cfa", "#588157", "#6c757d")
MIN_MEMORY = 1e5
MAX_COLUMNS = 4
WORDS = {
    Outcome.TIMEOUT: "timeout",
    Outcome.MEMORY: "no memory",
    Outcome.CANNOT: "refuses",
    Outcome.FAILED: "fails",
    Outcome.WRONG: "wrong",
}
# Share of a panel's width right of the last size, for the labels, and of that before them.
ROOM, CLEARANCE = 0.38, 0.12


@dataclass(frozen=True)
class Line:
    """One solver in one variant.

    Attributes
    ----------
    seconds, peaks : tuple of (n, figure)
        In the order of n.
    end : (n, Outcome) or None
        The first size without an answer, after the last with one, and why.
    """

    peer: str
    colour: str
    seconds: tuple[tuple[int, float], ...]
    peaks: tuple[tuple[int, int], ...]
    end: tuple[int, Outcome] | None

    @property
    def is_ours(self) -> bool:
        return self.peer == OURS

    @property
    def end_word(self) -> str:
        """The name, and what ended the line."""
        if self.end is None:
            return self.peer
        return f"{self.peer}: {WORDS[self.end[1]]}"


def colours() -> dict[str, str]:
    """A colour for every solver of the suite, present in a run or not."""
    others = [peer.name for peer in all_peers() if peer.name != OURS]
    named = {peer: PEER_COLOURS[i % len(PEER_COLOURS)] for i, peer in enumerate(others)}
    return named | {OURS: OURS_COLOUR}


def line_of(members: Sequence[CaseResult], peer: str, colour: str) -> Line:
    """What `peer` has to show in one variant."""
    found = [(r.case.n, m) for r in members if (m := r.of(peer)) is not None]
    found.sort(key=lambda pair: pair[0])
    answered = [(n, m.observation) for n, m in found if m.outcome in WITH_FIGURES]
    last = max((n for n, _ in answered), default=0)
    given_up = [(n, m.outcome) for n, m in found if n > last and m.outcome in WORDS]
    return Line(
        peer,
        colour,
        tuple((n, o.seconds) for n, o in answered if o.seconds),
        tuple((n, o.peak_bytes) for n, o in answered if (o.peak_bytes or 0) >= MIN_MEMORY),  # type: ignore[misc]
        given_up[0] if given_up else None,
    )


def draw_family(results: Sequence[CaseResult], timeout: float, path: Path) -> Path | None:
    """Draw one family into the PNG at `path`; None if no size occurs with a figure.

    Parameters
    ----------
    results : sequence of CaseResult
        All of one family.
    timeout : float
        Seconds, where the crosses of those who ran out of time go.
    """
    if not any(m.outcome in WITH_FIGURES for result in results for m in result.measurements):
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    variants = list(dict.fromkeys(result.case.variant for result in results))
    columns = min(MAX_COLUMNS, len(variants))
    bands = math.ceil(len(variants) / columns)
    figure, grid = plt.subplots(
        2 * bands,
        columns,
        figsize=(1.0 + 3.5 * columns, 0.6 + 5.2 * bands),
        squeeze=False,
        layout="constrained",
    )
    labels: list[tuple[Any, list[Label | None]]] = []
    times, memories = [], []
    for number in range(bands * columns):
        band, column = divmod(number, columns)
        time_axes, memory_axes = grid[2 * band : 2 * band + 2, column]
        if number >= len(variants):
            time_axes.set_visible(False)
            memory_axes.set_visible(False)
            continue
        members = [r for r in results if r.case.variant == variants[number]]
        lines = _lines(members)
        time_axes.set_title(variants[number], fontsize=10)
        labels.append((time_axes, [_draw_time(time_axes, line, timeout) for line in lines]))
        labels.append((memory_axes, [_draw_memory(memory_axes, line) for line in lines]))
        for axes in (time_axes, memory_axes):
            _set_abscissa(axes, sorted({r.case.n for r in members}))
        time_axes.tick_params(labelbottom=False)
        memory_axes.set_xlabel("n", fontsize=9)
        times.append(time_axes)
        memories.append(memory_axes)
    _share_ordinate(times, "time of one solve", format_seconds)
    _share_ordinate(memories, "peak memory", format_bytes)
    figure.suptitle(results[0].case.family, fontsize=12, fontweight="bold")
    figure.canvas.draw()  # settles the layout, which the labels go by
    figure.set_layout_engine("none")
    for axes, texts in labels:
        write_labels(axes, [label for label in texts if label is not None], _column(axes))
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path


def _lines(members: Sequence[CaseResult]) -> list[Line]:
    """All lines of a variant that have something to show, ours last."""
    palette = colours()
    peers = list(dict.fromkeys(m.peer for result in members for m in result.measurements))
    lines = [line_of(members, peer, palette[peer]) for peer in peers]
    shown = [x for x in lines if x.seconds or (x.end and x.end[1] is Outcome.TIMEOUT)]
    return sorted(shown, key=lambda line: line.is_ours)


def _draw_time(axes: Any, line: Line, timeout: float) -> Label | None:
    """The times of one solver; a label for the end of its line."""
    end = line.seconds[-1] if line.seconds else None
    if line.seconds:
        axes.plot(*zip(*line.seconds, strict=True), **_style(line))
    if line.end is not None:
        n, outcome = line.end
        if outcome is Outcome.TIMEOUT:
            reach = [*([end] if end else []), (n, timeout)]
            axes.plot(*zip(*reach, strict=True), color=line.colour, lw=1.0, ls=(0, (4, 3)))
            end = (n, timeout)
        _cross(axes, end, line.colour, beside=outcome is not Outcome.TIMEOUT)
    return _label(line, end, line.end_word)


def _draw_memory(axes: Any, line: Line) -> Label | None:
    """The same for memory, where running out of time leaves no trace."""
    if not line.peaks:
        return None
    axes.plot(*zip(*line.peaks, strict=True), **_style(line))
    short_of_memory = line.end is not None and line.end[1] is Outcome.MEMORY
    if short_of_memory:
        _cross(axes, line.peaks[-1], line.colour, beside=True)
    return _label(line, line.peaks[-1], line.end_word if short_of_memory else line.peer)


def _style(line: Line) -> dict[str, Any]:
    return {
        "color": line.colour,
        "marker": "o",
        "markersize": 5 if line.is_ours else 3.5,
        "linewidth": 2.6 if line.is_ours else 1.4,
        "zorder": 4 if line.is_ours else 3,
    }


def _cross(axes: Any, end: Any, colour: str, *, beside: bool) -> None:
    """A cross on `end`, or right of the marker that is there."""
    from matplotlib.transforms import ScaledTranslation

    aside = ScaledTranslation(8 / 72 if beside else 0.0, 0.0, axes.figure.dpi_scale_trans)
    axes.plot(
        *([value] for value in end),
        transform=axes.transData + aside,
        marker="x",
        markersize=5.5,
        markeredgewidth=1.6,
        color=colour,
        zorder=5,
    )


def _label(line: Line, end: Any, text: str) -> Label:
    return Label(end[0], end[1], text, line.colour, bold=line.is_ours)


def _set_abscissa(axes: Any, sizes: Sequence[int]) -> None:
    """A tick for every size, and room for labels right of the last one."""
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(sizes, [short(n) for n in sizes], fontsize=8)
    span = math.log10(max(sizes) / min(sizes)) or 0.5
    left = math.log10(min(sizes)) - 0.06 * span
    axes.set_xlim(10**left, 10 ** (left + 1.06 * span / (1.0 - ROOM)))
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _column(axes: Any) -> float:
    """Where the labels begin."""
    left, right = (math.log10(limit) for limit in axes.get_xlim())
    return float(10 ** (right - ROOM * (1.0 - CLEARANCE) * (right - left)))


def _share_ordinate(panels: Sequence[Any], name: str, words: Any) -> None:
    """The same logarithmic scale for all; powers of ten in words, at the left of every band."""
    intervals = [axes.dataLim.intervaly for axes in panels if axes.has_data()]
    limits = [limit for interval in intervals for limit in interval]
    if not limits:  # all figures are too small to mean anything
        for axes in panels:
            axes.set_visible(False)
        return
    low, high = math.log10(min(limits)), math.log10(max(limits))
    for axes in panels:
        axes.set_yscale("log")
        axes.set_ylim(10 ** (low - 0.2), 10 ** (high + 0.35))
        ticks = [10.0**k for k in range(math.ceil(low - 0.2), math.floor(high + 0.35) + 1)]
        axes.set_yticks(ticks, [words(tick) for tick in ticks], fontsize=8)
        axes.minorticks_off()
        first = axes.get_subplotspec().is_first_col()
        axes.tick_params(labelleft=first)
        if first:
            axes.set_ylabel(name, fontsize=9)


def short(n: int) -> str:
    """5k for 5000, 2M for 2,000,000, 64² for the pixels of an image."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if n >= size and n % size == 0:
            return f"{n // size}{unit}"
    side = math.isqrt(n)
    return f"{side}²" if side * side == n and n % 100 else str(n)


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
