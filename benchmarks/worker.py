"""The inside of a measurement: one process, one solver, one problem.

Started by `benchmarks.measure`, which hands over a `Request` and reads back an `Observation`. A
warm-up on a two-point problem comes first, so that imports the solver postpones are not counted.
A watchdog thread ends the process when the time for solving is over, whatever native code it is
in.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.memory_meter import MemoryMeter, available_bytes
from benchmarks.peers import Peer
from benchmarks.problems import Problem, load_problem
from benchmarks.verdict import Examination, examine

MAX_CALLS = 100_000


@dataclass(frozen=True)
class Request:
    """What to measure.

    Attributes
    ----------
    peer_module : str
        Module that holds ``PEER``.
    problem_file : str
        Written by `benchmarks.problems.save_problem`.
    observation_file : str
        Where the observation goes.
    timeout : float
        Seconds until the watchdog, counted from the first call.
    enough_seconds : float
        The solve is called again until this much time has been measured.
    """

    peer_module: str
    problem_file: str
    observation_file: str
    timeout: float
    enough_seconds: float


@dataclass(frozen=True)
class Observation:
    """What was seen: either `examination`, or what its absence is due to.

    Attributes
    ----------
    seconds : float or None
        Median wall time of a call.
    fastest_seconds : float or None
        The shortest.
    cpu_seconds : float or None
        Processor time of a call, all threads, on average: much less than `seconds` means that the
        machine was busy with something else.
    calls : int
        How many were timed.
    peak_bytes : int or None
        Memory the first call needed above the solver's input.
    memory_method : str or None
        See `benchmarks.memory_meter`.
    warnings : tuple of str
        What the solver warned about.
    examination : Examination or None
        What the answer is worth.
    missing, refusal, shortage, failure : str or None
        Not installed, cannot take this problem, memory would not do or did not, or went wrong:
        in words.
    """

    seconds: float | None = None
    fastest_seconds: float | None = None
    cpu_seconds: float | None = None
    calls: int = 0
    peak_bytes: int | None = None
    memory_method: str | None = None
    warnings: tuple[str, ...] = ()
    examination: Examination | None = None
    missing: str | None = None
    refusal: str | None = None
    shortage: str | None = None
    failure: str | None = None


def observe(peer: Peer, problem: Problem, timeout: float, enough_seconds: float) -> Observation:
    """Measure `peer` on `problem` in this process."""
    try:
        try:
            peer.load()
        except ImportError as error:
            return Observation(missing=str(error))
        if refusal := peer.refuses(problem):
            return Observation(refusal=refusal)
        if shortage := _shortage(peer.bytes_needed(problem)):
            return Observation(shortage=shortage)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            return _timed(peer, problem, timeout, enough_seconds, caught)
    except MemoryError:
        return Observation(shortage="ran out of memory")
    except Exception as error:  # a solver may raise anything, and the report must say what
        return Observation(failure=f"{type(error).__name__}: {error}")


def _timed(
    peer: Peer,
    problem: Problem,
    timeout: float,
    enough_seconds: float,
    caught: list[warnings.WarningMessage],
) -> Observation:
    peer.solve(peer.prepare(problem.tiny()))
    prepared = peer.prepare(problem)
    meter = MemoryMeter()
    seconds: list[float] = []
    spent = 0.0
    peak_bytes: int | None = None
    faulthandler.dump_traceback_later(timeout, exit=True)
    cpu_before = time.process_time()
    while not seconds or (spent < enough_seconds and len(seconds) < MAX_CALLS):
        began = time.perf_counter()
        result = peer.solve(prepared)
        seconds.append(time.perf_counter() - began)
        spent += seconds[-1]
        if len(seconds) == 1:
            peak_bytes = meter.peak_bytes()
    cpu_seconds = (time.process_time() - cpu_before) / len(seconds)
    faulthandler.cancel_dump_traceback_later()
    return Observation(
        seconds=float(np.median(seconds)),
        fastest_seconds=min(seconds),
        cpu_seconds=cpu_seconds,
        calls=len(seconds),
        peak_bytes=peak_bytes,
        memory_method=meter.method,
        warnings=tuple(str(warning.message) for warning in caught),
        examination=examine(problem, peer.answer(problem, prepared, result)),
    )


def _shortage(needed: int) -> str | None:
    """What is wrong with a need of so many bytes, or None."""
    available = available_bytes()
    if available is None or needed <= available:
        return None
    return f"needs about {needed / 1e9:,.0f} GB, {available / 1e9:.0f} GB are free"


def main(request_json: str) -> None:
    """Entry point of the process."""
    request = Request(**json.loads(request_json))
    faulthandler.enable()
    peer: Peer = importlib.import_module(request.peer_module).PEER
    problem = load_problem(Path(request.problem_file))
    observation = observe(peer, problem, request.timeout, request.enough_seconds)
    Path(request.observation_file).write_text(json.dumps(asdict(observation)))


if __name__ == "__main__":
    main(sys.argv[1])
