"""Names beside lines, moved apart until each can be read.

A reader should not have to match colours with a legend. Labels stand in a column right of the
last size, each at the height of the end of its line and joined to it by a hairline; those that
would overlap are moved up or down, together by as little as possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FONT_POINTS = 7.5
LINE_POINTS = 9.5
HAIRLINE = {"linewidth": 0.6, "alpha": 0.45}


@dataclass(frozen=True)
class Label:
    """A text for the point (x, y) of the data."""

    x: float
    y: float
    text: str
    colour: str
    bold: bool = False


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart, in the order of `wanted`, near them, within the limits.

    Neighbours that are too close form a group, centred on the mean of what its members want; a
    group that meets another joins it. What has no room between the limits goes beyond `high`.

    Examples
    --------
    >>> spread([5.0, 0.0, 5.0], 2.0, 0.0, 10.0)
    [4.0, 0.0, 6.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    groups: list[list[int]] = []
    starts: list[float] = []
    for i in order:
        groups.append([i])
        starts.append(wanted[i])
        while True:
            size = gap * (len(groups[-1]) - 1)
            middle = sum(wanted[j] for j in groups[-1]) / len(groups[-1])
            starts[-1] = max(low, min(middle - size / 2, high - size))
            if len(groups) == 1 or starts[-2] + gap * len(groups[-2]) <= starts[-1]:
                break
            last = groups.pop()
            starts.pop()
            groups[-1] += last
    placed = [0.0] * len(wanted)
    for group, start in zip(groups, starts, strict=True):
        for k, i in enumerate(group):
            placed[i] = start + k * gap
    return placed


def write_labels(axes: Any, labels: Sequence[Label], x: float) -> None:
    """Write `labels` into `axes`, from `x` on; place and limits of the axes must be final."""
    points = 72.0 / axes.figure.dpi
    frame = axes.get_window_extent()
    ends = [axes.transData.transform((label.x, label.y)) * points for label in labels]
    low, high = frame.y0 * points + LINE_POINTS / 2, frame.y1 * points - LINE_POINTS / 2
    heights = spread([float(end[1]) for end in ends], LINE_POINTS, low, high)
    for label, end, height in zip(labels, ends, heights, strict=True):
        axes.annotate(
            label.text,
            (label.x, label.y),
            xytext=(axes.transData.transform((x, label.y))[0] * points - end[0], height - end[1]),
            textcoords="offset points",
            color=label.colour,
            fontsize=FONT_POINTS,
            fontweight="bold" if label.bold else "normal",
            va="center",
            arrowprops={"arrowstyle": "-", "color": label.colour, "shrinkB": 3.0, **HAIRLINE},
            annotation_clip=False,
            zorder=2,
        )
