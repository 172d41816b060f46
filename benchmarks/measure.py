"""Measurements, each in a process of its own.

`measure` runs one solver on one problem and says what came of it, whatever that is; `measure_case`
does so for all solvers and then lets `benchmarks.verdict.judge` compare them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers import OURS, Peer
from benchmarks.problems import save_problem
from benchmarks.verdict import Examination, Verdict, judge
from benchmarks.worker import Observation, Request

CLONE = Path(__file__).resolve().parent.parent

# The clone goes to the end of the path, not to its front: an installed sparse_ot, with its
# compiled module, must win over the source folder of the clone, which has none.
BOOTSTRAP = (
    "import sys; sys.path[:1] = []; sys.path.append(sys.argv[1]); "
    "from benchmarks.worker import main; main(sys.argv[2])"
)

# Reading the problem, importing the solver and examining the answer have this long on top of the
# time for solving; it only matters if something hangs there.
ALLOWANCE_SECONDS = 600.0


class Outcome(str, Enum):
    """What became of a measurement; the value is the word for it in tables."""

    OK = "ok"
    UNCHECKED = "unchecked"
    WRONG = "WRONG"
    TIMEOUT = "timeout"
    MISSING = "not installed"
    CANNOT = "cannot"
    MEMORY = "memory"
    LEFT_OUT = "left out"
    FAILED = "failed"


@dataclass(frozen=True)
class Measurement:
    """One solver on one problem.

    Attributes
    ----------
    peer : str
        Name of the solver.
    outcome : Outcome
        `UNCHECKED` until a verdict is passed.
    detail : str
        Why, where the outcome is not `OK`.
    observation : Observation
        The figures; empty where there are none.
    """

    peer: str
    outcome: Outcome
    detail: str = ""
    observation: Observation = field(default_factory=Observation)


@dataclass(frozen=True)
class CaseResult:
    """All solvers on one problem."""

    case: Case
    arcs: int
    nodes: int
    measurements: tuple[Measurement, ...]
    verdict: Verdict

    def of(self, peer: str) -> Measurement | None:
        """The measurement of one solver."""
        return next((m for m in self.measurements if m.peer == peer), None)


def measure(
    peer: Peer, problem_file: Path, *, timeout: float, enough_seconds: float, repeat: int = 1
) -> Measurement:
    """Run `peer` in `repeat` processes and keep the least disturbed.

    That is the one with the smallest median; solving takes no less than it takes, and other load
    only adds. Memory is the largest of all. Repeating ends with the first process that gives no
    answer.

    Parameters
    ----------
    problem_file : Path
        Written by `benchmarks.problems.save_problem`.
    timeout : float
        Seconds for the solve, in each process.
    enough_seconds : float
        A process calls the solver again until this much time has been measured.
    """
    best: Measurement | None = None
    for _ in range(repeat):
        latest = measure_once(peer, problem_file, timeout, enough_seconds)
        if latest.outcome is not Outcome.UNCHECKED:
            return latest
        best = latest if best is None else _least_disturbed(best, latest)
    assert best is not None, "repeat is at least 1"
    return best


def _least_disturbed(first: Measurement, second: Measurement) -> Measurement:
    seconds = [m.observation.seconds or 0.0 for m in (first, second)]
    chosen = first if seconds[0] <= seconds[1] else second
    peaks = [m.observation.peak_bytes for m in (first, second)]
    known = [peak for peak in peaks if peak is not None]
    observation = replace(chosen.observation, peak_bytes=max(known, default=None))
    return replace(chosen, observation=observation)


def measure_once(
    peer: Peer,
    problem_file: Path,
    timeout: float,
    enough_seconds: float,
    python: str = sys.executable,
) -> Measurement:
    """Run `peer` in one process of the interpreter `python`; see `measure`."""
    with tempfile.TemporaryDirectory() as folder:
        observation_file = Path(folder) / "observation.json"
        errors_file = Path(folder) / "stderr.txt"
        request = Request(
            peer_module=type(peer).__module__,
            problem_file=str(problem_file),
            observation_file=str(observation_file),
            timeout=timeout,
            enough_seconds=enough_seconds,
        )
        command = [python, "-c", BOOTSTRAP, str(CLONE), json.dumps(asdict(request))]
        with errors_file.open("wb") as errors:
            try:
                code = subprocess.run(
                    command,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=timeout + enough_seconds + ALLOWANCE_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                return Measurement(peer.name, Outcome.TIMEOUT, f"over {timeout:g} s, and hung")
        if observation_file.exists():
            return _from_observation(peer, json.loads(observation_file.read_text()))
        complaint = errors_file.read_text(errors="replace")
    if "Timeout (" in complaint:
        return Measurement(peer.name, Outcome.TIMEOUT, f"over {timeout:g} s")
    if code == -9:
        return Measurement(peer.name, Outcome.MEMORY, "killed, most likely for want of memory")
    return Measurement(peer.name, Outcome.FAILED, _cause_of_death(code, complaint))


def _from_observation(peer: Peer, stored: dict[str, Any]) -> Measurement:
    examination = stored.pop("examination")
    observation = Observation(
        **{**stored, "warnings": tuple(stored["warnings"])},
        examination=Examination(**examination) if examination else None,
    )
    if observation.missing is not None:
        return Measurement(peer.name, Outcome.MISSING, observation.missing, observation)
    if observation.refusal is not None:
        return Measurement(peer.name, Outcome.CANNOT, observation.refusal, observation)
    if observation.shortage is not None:
        return Measurement(peer.name, Outcome.MEMORY, observation.shortage, observation)
    if observation.failure is not None:
        return Measurement(peer.name, Outcome.FAILED, observation.failure, observation)
    return Measurement(peer.name, Outcome.UNCHECKED, observation=observation)


def _cause_of_death(code: int, complaint: str) -> str:
    last_line = complaint.strip().rpartition("\n")[2]
    return f"the process ended with {code}: {last_line or 'no message'}"


def measure_case(
    case: Case,
    peers: Sequence[Peer],
    *,
    timeout: float,
    enough_seconds: float,
    repeat: int = 1,
    excused: Mapping[str, Measurement] | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> CaseResult:
    """Measure all `peers` on one case and judge them.

    Parameters
    ----------
    excused : mapping, optional
        By name, the peers that need not be tried, and what stands in their place.
    tell : callable
        Hears the index of who is next.
    """
    problem = case.build()
    refusals = {peer.name: peer.refuses(problem) for peer in peers}
    excused = {
        name: Measurement(name, Outcome.CANNOT, refusal)
        for name, refusal in refusals.items()
        if refusal is not None
    } | dict(excused or {})
    arcs, nodes = problem.arc_count, problem.node_count
    with tempfile.TemporaryDirectory() as folder:
        problem_file = Path(folder) / "problem.npz"
        save_problem(problem, problem_file)
        del problem
        measurements = []
        for index, peer in enumerate(peers):
            tell(index)
            measurements.append(
                excused[peer.name]
                if peer.name in excused
                else measure(
                    peer,
                    problem_file,
                    timeout=timeout,
                    enough_seconds=enough_seconds,
                    repeat=repeat,
                )
            )
    judged, verdict = pass_verdict(measurements, case.known_value)
    return CaseResult(case, arcs, nodes, judged, verdict)


def excuses(
    case: Case, peers: Iterable[Peer], results: Iterable[CaseResult], *, thorough: bool
) -> dict[str, Measurement]:
    """Who need not be tried on `case`, after `results`: for `measure_case`.

    Who ran out of time or memory on a smaller problem of the same family and variant would do so
    again, hours later. And where a case is there for ours alone (`Case.peers`), the others wait
    for a `thorough` run.
    """
    found: dict[str, Measurement] = {}
    others = {peer.name for peer in peers} - {OURS}
    if case.peers == "heavy" and not thorough:
        for name in others:
            found[name] = Measurement(name, Outcome.LEFT_OUT, "only with --heavy")
    smaller = [r for r in results if r.case.series == case.series and r.case.n < case.n]
    for result in sorted(smaller, key=lambda result: -result.case.n):  # the smallest has the word
        for m in result.measurements:
            if m.peer in others and m.outcome in (Outcome.TIMEOUT, Outcome.MEMORY):
                detail = f"{m.detail} (at n = {result.case.n:,})"
                found[m.peer] = Measurement(m.peer, m.outcome, detail)
    return found


def pass_verdict(
    measurements: Iterable[Measurement], known_value: float | None
) -> tuple[tuple[Measurement, ...], Verdict]:
    """Turn `UNCHECKED` into `OK` or `WRONG`.

    A lone plan that nothing confirms, neither another solver nor potentials nor a known value,
    stays `UNCHECKED`.
    """
    measurements = tuple(measurements)
    answered = [m for m in measurements if m.observation.examination is not None]
    verdict = judge(
        [m.observation.examination for m in answered if m.observation.examination], known_value
    )
    plans = sum(complaint is None for complaint in verdict.complaints)
    confirmed = plans > 1 or known_value is not None or verdict.certified
    complaints = {
        m.peer: complaint for m, complaint in zip(answered, verdict.complaints, strict=True)
    }

    def settle(measurement: Measurement) -> Measurement:
        if measurement.peer not in complaints:
            return measurement
        complaint = complaints[measurement.peer]
        if complaint is not None:
            return replace(measurement, outcome=Outcome.WRONG, detail=complaint)
        if confirmed:
            return replace(measurement, outcome=Outcome.OK)
        return replace(measurement, detail="no second opinion")

    return tuple(settle(measurement) for measurement in measurements), verdict


def is_failure(results: Iterable[CaseResult], ours: str) -> bool:
    """Whether a run must not pass: a wrong value, or ours giving none.

    Slowness, time-outs among them, and missing or failing peers never fail a run.
    """
    return any(
        m.outcome is Outcome.WRONG
        or (m.peer == ours and m.outcome in (Outcome.FAILED, Outcome.MISSING, Outcome.MEMORY))
        for result in results
        for m in result.measurements
    )
