"""Results as JSON, as Markdown and on the screen.

The Markdown has one table a family: a row for every case, a column for every solver, in each cell
the time, its ratio to ours, and the memory. A cell without an answer says why.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.measure import CaseResult, Measurement, Outcome
from benchmarks.peers import OURS, Peer
from benchmarks.verdict import RELATIVE_TOLERANCE, Proof

WITH_FIGURES = (Outcome.OK, Outcome.UNCHECKED)


def as_json(results: Sequence[CaseResult], description: dict[str, Any]) -> str:
    """All figures, and the description of the run; infinities and NaN become null."""
    return json.dumps(
        {**description, "results": [_finite(_record(result)) for result in results]}, indent=1
    )


def _record(result: CaseResult) -> dict[str, Any]:
    case = result.case
    return {
        "case": case.name,
        "family": case.family,
        "variant": case.variant,
        "n": case.n,
        "arcs": result.arcs,
        "nodes": result.nodes,
        "value": result.verdict.value,
        "lower_bound": result.verdict.lower_bound,
        "certified": result.verdict.certified,
        "proof": result.verdict.proof.value,
        "known_value": case.known_value,
        "memory_bound_bytes": memory_bound_bytes(result),
        "measurements": [
            {**asdict(m), "outcome": m.outcome.value, "ratio_to_ours": ratio_to_ours(result, m)}
            for m in result.measurements
        ],
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_markdown(
    results: Sequence[CaseResult], description: dict[str, Any], peers: Sequence[Peer]
) -> str:
    """The whole report."""
    lines = ["# Benchmark results", "", machine.summary(description)]
    for family in sorted({result.case.family for result in results}):
        members = [result for result in results if result.case.family == family]
        lines += [f"## {family}", "", *_table(members, peers), ""]
        lines += _memory_table(members)
        lines += _remarks(members)
    lines += ["## How to read this", "", *_legend(peers)]
    return "\n".join(lines) + "\n"


def _table(results: Sequence[CaseResult], peers: Sequence[Peer]) -> list[str]:
    names = [peer.name for peer in peers]
    header = ["case", "arcs", "value per unit of mass", "certified", *names]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for result in results:
        verdict = result.verdict
        cells = [
            result.case.name.partition("/")[2],
            f"{result.arcs:,}",
            "none" if verdict.value is None else f"{verdict.value:.13g}",
            verdict.proof.value,
            *(cell(result, result.of(name)) for name in names),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def cell(result: CaseResult, measurement: Measurement | None) -> str:
    """Time, ratio to ours, memory; or why they are not there."""
    if measurement is None:
        return ""
    observation = measurement.observation
    if measurement.outcome not in WITH_FIGURES or observation.seconds is None:
        return _without_figures(measurement)
    parts = [format_seconds(observation.seconds)]
    ratio = ratio_to_ours(result, measurement)
    if ratio is not None and measurement.peer != OURS:
        parts.append(f"{ratio:.2g}×" if ratio < 10 else f"{ratio:.0f}×")
    if observation.peak_bytes is not None:
        parts.append(format_bytes(observation.peak_bytes))
    if measurement.outcome is Outcome.UNCHECKED:
        parts.append("unchecked")
    return ", ".join(parts)


def _without_figures(measurement: Measurement) -> str:
    if measurement.outcome is Outcome.WRONG:
        return f"**WRONG**: {measurement.detail}"
    detail = measurement.detail
    return f"{measurement.outcome.value}: {detail}" if detail else measurement.outcome.value


def ratio_to_ours(result: CaseResult, measurement: Measurement) -> float | None:
    """How many times longer than ours; None unless both have right answers."""
    ours = result.of(OURS)
    if ours is None or not {ours.outcome, measurement.outcome} <= set(WITH_FIGURES):
        return None
    if not ours.observation.seconds or measurement.observation.seconds is None:
        return None
    return measurement.observation.seconds / ours.observation.seconds


def memory_bound_bytes(result: CaseResult) -> int | None:
    """What our solve may need on this case, by the case's own bound."""
    if result.case.memory_bound is None:
        return None
    per_arc, per_node = result.case.memory_bound
    return per_arc * result.arcs + per_node * result.nodes


def _memory_table(results: Sequence[CaseResult]) -> list[str]:
    """Our peak against the bound, where a case has one and we have a figure."""
    lines: list[str] = []
    for result in results:
        bound, ours = memory_bound_bytes(result), result.of(OURS)
        if bound is None or ours is None or ours.observation.peak_bytes is None:
            continue
        peak = ours.observation.peak_bytes
        cells = [
            result.case.name.partition("/")[2],
            f"{result.arcs:,}",
            f"{result.nodes:,}",
            format_bytes(peak),
            format_bytes(bound),
            f"{peak / bound:.0%}" if peak <= bound else f"**{peak / bound:.0%}, over**",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    if not lines:
        return []
    return [
        "Our memory against the bound:",
        "",
        "| case | arcs | nodes | peak | bound | share |",
        "|" + " --- |" * 6,
        *lines,
        "",
    ]


def _remarks(results: Sequence[CaseResult]) -> list[str]:
    """What the cells leave out: coarse integer costs, warnings, a busy machine."""
    remarks = []
    for result in results:
        for m in result.measurements:
            where = f"- {result.case.name}, {m.peer}: "
            observation, examination = m.observation, m.observation.examination
            if examination is not None and m.outcome in WITH_FIGURES:
                share = examination.cost_resolution / max(abs(examination.value), 1e-300)
                if share > 1.5 * RELATIVE_TOLERANCE:
                    remarks.append(f"{where}integer costs, checked to {share:.0e} of the value")
            seconds, cpu_seconds = observation.seconds, observation.cpu_seconds
            if seconds and cpu_seconds and seconds > 0.1 and cpu_seconds < 0.8 * seconds:
                remarks.append(
                    f"{where}only {cpu_seconds / seconds:.0%} of the time on a processor"
                )
            remarks += [f"{where}warned: {text}" for text in observation.warnings]
    return [*remarks, ""] if remarks else []


def _legend(peers: Sequence[Peer]) -> list[str]:
    return [
        "A cell holds the wall time of one solve (median of the calls in the best process), how "
        f"many times longer than {OURS} that is, and the peak memory above the solver's own "
        "input. The value is the cheapest plan found, priced here with the true costs; it is "
        "certified where potentials, checked here too, prove a lower bound within "
        f"{RELATIVE_TOLERANCE:g} of it. Where the pairs are too many to check potentials here, the "
        f"table says so: *{Proof.BY_THE_SOLVER.value}* if the solver claims such a bound, "
        f"*{Proof.UNEXAMINED.value}* if not. *Unchecked* is an answer that nothing confirms.",
        "",
        "| solver | is given |",
        "| --- | --- |",
        *(f"| {peer.name} | {peer.input_format} |" for peer in peers),
    ]


def format_seconds(seconds: float) -> str:
    """Three significant digits in the unit that suits; whole seconds from a thousand on."""
    if seconds >= 999.5:
        return f"{seconds:.0f} s"
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def format_bytes(count: float) -> str:
    """Three significant digits in decimal units."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count:.0f} B"


def write(
    folder: Path,
    results: Sequence[CaseResult],
    description: dict[str, Any],
    peers: Sequence[Peer],
) -> list[Path]:
    """Write results.json and results.md; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, table = folder / "results.json", folder / "results.md"
    data.write_text(as_json(results, description) + "\n", encoding="utf-8")
    table.write_text(as_markdown(results, description, peers), encoding="utf-8")
    return [data, table]
