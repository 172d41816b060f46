"""Measurements in their own process, and the solvers that are measured."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases import Case
from benchmarks.measure import (
    CaseResult,
    Measurement,
    Outcome,
    excuses,
    is_failure,
    measure,
    measure_case,
    pass_verdict,
)
from benchmarks.memory_meter import MemoryMeter
from benchmarks.peers import OURS, Peer, all_peers, select_peers
from benchmarks.points import knn_problem, matrix_problem, point_problem
from benchmarks.problems import DenseProblem, save_problem
from benchmarks.tests.examples import BEST, SQUARE, optimum_by_linear_programming
from benchmarks.verdict import Examination, examine, judge
from benchmarks.worker import Observation

GREEDY_PEER = '''
import os, time, warnings
import numpy as np
from benchmarks.peers import Peer
from benchmarks.problems import Answer

class Greedy(Peer):
    """North-west corner, and worse where the environment says so."""
    name = library = distribution = "greedy"
    input_format = "anything"
    def load(self):
        if os.environ["GREEDY"] == "missing":
            raise ImportError("No module named 'greedy'")
    def refuses(self, problem):
        return "does not feel like it" if os.environ["GREEDY"] == "refuse" else None
    def bytes_needed(self, problem):
        return 10**18 if os.environ["GREEDY"] == "huge" else 0
    def prepare(self, problem):
        return problem
    def solve(self, problem):
        how = os.environ["GREEDY"]
        large = len(problem.a) > 2
        if how == "fail":
            raise RuntimeError("lost")
        if how == "exhaust":
            raise MemoryError
        if how == "die" and large:
            os._exit(3)
        if how == "sleep" and large:
            time.sleep(60)
        if how == "warn":
            warnings.warn("not so sure", stacklevel=2)
        if how == "fill" and large:
            self.block = np.ones(4_000_000)
        a, b = problem.a.copy(), problem.b.copy()
        i = j = 0
        arcs = []
        while i < len(a) and j < len(b):
            flow = min(a[i], b[j])
            arcs.append((i, j, flow))
            a[i] -= flow
            b[j] -= flow
            i, j = (i + 1, j) if a[i] == 0 else (i, j + 1)
        return np.array(arcs)
    def answer(self, problem, prepared, result):
        return Answer(*result.T)

PEER = Greedy()
'''


@pytest.fixture
def greedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """A solver whose behaviour the environment decides, found by the measuring process too."""
    (tmp_path / "greedy_peer.py").write_text(GREEDY_PEER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("GREEDY", "")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "greedy_peer", raising=False)
    import greedy_peer  # type: ignore[import-not-found]

    return greedy_peer.PEER  # type: ignore[no-any-return]


def on_a_line(n: int = 6) -> DenseProblem:
    """Points 0..n-1 to themselves: the north-west plan is optimal and costs nothing but 1s."""
    x = np.arange(n, dtype=np.float64)
    return DenseProblem(np.ones(n, np.int64), np.ones(n, np.int64), 1 + np.abs(x[:, None] - x))


@pytest.fixture
def line_file(tmp_path: Path) -> Path:
    path = tmp_path / "line.npz"
    save_problem(on_a_line(), path)
    return path


def test_measurement_holds_time_memory_and_value(greedy: Peer, line_file: Path) -> None:
    m = measure(greedy, line_file, timeout=20, enough_seconds=0.01, repeat=2)
    assert m.outcome is Outcome.UNCHECKED, m.detail
    seen = m.observation
    assert seen.calls > 1
    assert seen.seconds is not None
    assert seen.fastest_seconds is not None
    assert 0 < seen.fastest_seconds <= seen.seconds < 1
    assert seen.peak_bytes is not None or sys.platform == "win32"
    assert seen.examination == Examination(1.0, 0.0, None, 0.0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the figure is a lower estimate")
def test_peak_memory_is_what_the_solve_takes(
    greedy: Peer, line_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREEDY", "fill")
    seen = measure(greedy, line_file, timeout=20, enough_seconds=0.0).observation
    assert seen.peak_bytes is not None
    if seen.memory_method == "VmHWM":
        assert 32e6 <= seen.peak_bytes < 40e6


def test_memory_meter_forgets_earlier_peaks() -> None:
    earlier = np.ones(8_000_000)
    del earlier
    meter = MemoryMeter()
    later = np.ones(4_000_000)
    if meter.method == "VmHWM":
        # A page or two may be reused from what was freed.
        assert 0.99 * later.nbytes <= (meter.peak_bytes() or 0) < 1.5 * later.nbytes


@pytest.mark.parametrize(
    ("how", "outcome", "detail"),
    [
        ("missing", Outcome.MISSING, "No module named 'greedy'"),
        ("huge", Outcome.MEMORY, "needs about 1,000,000,000 GB"),
        ("exhaust", Outcome.MEMORY, "ran out of memory"),
        ("refuse", Outcome.CANNOT, "does not feel like it"),
        ("fail", Outcome.FAILED, "RuntimeError: lost"),
        ("die", Outcome.FAILED, "ended with 3"),
        ("sleep", Outcome.TIMEOUT, "over 0.2 s"),
    ],
)
def test_solver_without_an_answer_is_reported(
    how: str,
    outcome: Outcome,
    detail: str,
    greedy: Peer,
    line_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREEDY", how)
    m = measure(greedy, line_file, timeout=0.2, enough_seconds=0.0)
    assert m.outcome is outcome
    assert detail in m.detail


def test_warnings_of_a_solver_are_kept(
    greedy: Peer, line_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREEDY", "warn")
    seen = measure(greedy, line_file, timeout=20, enough_seconds=0.0).observation
    assert "not so sure" in seen.warnings


def test_wrong_value_is_detected_end_to_end(greedy: Peer) -> None:
    """North-west is optimal on a line, and not where the targets run backwards."""
    problem = on_a_line()
    backwards = replace(problem, matrix=problem.matrix[:, ::-1].copy())
    settings = {"timeout": 20.0, "enough_seconds": 0.0}
    right = Case("test", "line", 6, lambda: problem, known_value=1.0)
    wrong = Case("test", "backwards", 6, lambda: backwards, known_value=1.0)
    results = [measure_case(case, [greedy], **settings) for case in (right, wrong)]  # type: ignore[arg-type]
    assert [r.measurements[0].outcome for r in results] == [Outcome.OK, Outcome.WRONG]
    assert not is_failure(results[:1], OURS)
    assert is_failure(results, OURS)


def test_lone_answer_without_a_second_opinion_stays_unchecked() -> None:
    seen = Observation(seconds=1.0, examination=examine(SQUARE, BEST))
    (m,), _ = pass_verdict([Measurement("pot", Outcome.UNCHECKED, observation=seen)], None)
    assert m.outcome is Outcome.UNCHECKED
    assert m.detail == "no second opinion"


@pytest.mark.parametrize("peer", all_peers(), ids=lambda peer: peer.name)
@pytest.mark.parametrize("kind", ["graph", "matrix", "points"])
def test_every_peer_finds_the_optimum(peer: Peer, kind: str, tmp_path: Path) -> None:
    """Against HiGHS; in a process of its own, as in a benchmark."""
    n = 40
    masses = "unit" if peer.name.endswith("-lsa") else "masses"
    problem = {
        "graph": lambda: knn_problem(n, 2, masses),
        "matrix": lambda: matrix_problem(n, 2, masses),
        "points": lambda: point_problem("clustered", n, 3, masses),
    }[kind]()
    if refusal := peer.refuses(problem):
        assert (peer.name, kind, refusal) in {
            ("pot-lazy", "graph", "takes points only"),
            ("pot-lazy", "matrix", "takes points only"),
            ("scipy-lsa", "graph", "takes all pairs, not a graph"),
        }
        return
    save_problem(problem, tmp_path / "problem.npz")
    m = measure(peer, tmp_path / "problem.npz", timeout=20, enough_seconds=0.0)
    if m.outcome is Outcome.MISSING:
        pytest.skip(m.detail)
    (judged,), _ = pass_verdict([m], optimum_by_linear_programming(problem))
    assert judged.outcome is Outcome.OK, judged.detail


def peer_named(name: str) -> Peer:
    return next(peer for peer in all_peers() if peer.name == name)


def test_assignment_solvers_refuse_masses() -> None:
    assert peer_named("ortools-lsa").refuses(knn_problem(20, 2, "masses")) == (
        "masses are not all one"
    )
    assert peer_named("ortools-lsa").refuses(knn_problem(20, 2, "unit")) is None
    assert peer_named("scipy-lsa").refuses(matrix_problem(20, 2, "masses")) == (
        "masses are not all equal"
    )
    fewer = replace(on_a_line(), b=np.full(5, 1), matrix=np.ones((6, 5)))
    assert peer_named("scipy-lsa").refuses(fewer) == "masses are not all equal"


def test_solvers_that_list_arcs_refuse_points_with_too_many_pairs() -> None:
    for name in ("ortools-lsa", "ortools-mcf", "pylmcf"):
        assert peer_named(name).refuses(point_problem("uniform", 2_000, 2, "unit")) is None
        refusal = peer_named(name).refuses(point_problem("uniform", 2_001, 2, "unit"))
        assert refusal == "lists every pair: more than 4,000,000"


def test_solvers_that_make_a_matrix_of_points_say_what_it_takes() -> None:
    points, matrix = point_problem("uniform", 100, 2, "unit"), matrix_problem(100, 2, "unit")
    for name, bytes_per_pair in (("pot", 40), ("scipy-lsa", 8), ("pot-lazy", 0), (OURS, 0)):
        assert peer_named(name).bytes_needed(points) == bytes_per_pair * 100**2
        assert peer_named(name).bytes_needed(matrix) == 0, "the matrix is there already"


def test_refusal_needs_no_process(greedy: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREEDY", "refuse")
    monkeypatch.setattr("benchmarks.measure.measure", None)
    case = Case("test", "line", 6, on_a_line)
    (m,) = measure_case(case, [greedy], timeout=20.0, enough_seconds=0.0).measurements
    assert (m.outcome, m.detail) == (Outcome.CANNOT, "does not feel like it")


# --- who need not be tried -------------------------------------------------------------------


def outcomes(case: Case, **words: Outcome) -> CaseResult:
    measurements = tuple(
        Measurement(OURS if name == OURS else name.replace("_", "-"), outcome, "over 9 s")
        for name, outcome in words.items()
    )
    return CaseResult(case, 1, 1, measurements, judge([]))


def test_who_ran_out_of_time_is_not_tried_on_more_points() -> None:
    small, large = (Case("clouds", "d2", n, on_a_line) for n in (1_000, 5_000))
    other = Case("clouds", "d3", 5_000, on_a_line)
    results = [outcomes(small, pot=Outcome.MEMORY, pot_lazy=Outcome.TIMEOUT, pylmcf=Outcome.CANNOT)]
    found = excuses(large, all_peers(), results, thorough=True)
    assert {name: m.outcome for name, m in found.items()} == {
        "pot": Outcome.MEMORY,
        "pot-lazy": Outcome.TIMEOUT,
    }
    assert found["pot-lazy"].detail == "over 9 s (at n = 1,000)"
    assert not excuses(other, all_peers(), results, thorough=True), "another variant"
    assert not excuses(small, all_peers(), results, thorough=True), "not a larger one"


def test_reason_is_that_of_the_smallest_size() -> None:
    cases = [Case("clouds", "d2", n, on_a_line) for n in (1_000, 5_000, 20_000)]
    results = [outcomes(cases[0], pot=Outcome.TIMEOUT)]
    excuse = excuses(cases[1], all_peers(), results, thorough=True)["pot"]
    results.append(CaseResult(cases[1], 1, 1, (excuse,), judge([])))
    assert excuses(cases[2], all_peers(), results, thorough=True)["pot"] == excuse


def test_ours_is_always_tried() -> None:
    small, large = (Case("clouds", "d2", n, on_a_line, peers="heavy") for n in (1_000, 5_000))
    results = [outcomes(small, sparse_ot=Outcome.TIMEOUT)]
    assert OURS not in excuses(large, all_peers(), results, thorough=False)


def test_peers_of_a_heavy_case_wait_for_a_thorough_run() -> None:
    case = Case("clouds", "d2", 20_000, on_a_line, peers="heavy")
    found = excuses(case, all_peers(), [], thorough=False)
    assert set(found) == {peer.name for peer in all_peers()} - {OURS}
    assert {m.outcome for m in found.values()} == {Outcome.LEFT_OUT}
    assert not excuses(case, all_peers(), [], thorough=True)


def test_ours_out_of_memory_fails_a_run_and_a_peer_does_not() -> None:
    case = Case("clouds", "d2", 20_000, on_a_line)
    assert is_failure([outcomes(case, sparse_ot=Outcome.MEMORY)], OURS)
    assert not is_failure([outcomes(case, pot=Outcome.MEMORY)], OURS)


def test_peers_are_selected_by_name_or_library_and_ours_is_always_first() -> None:
    assert [peer.name for peer in select_peers(["ortools"])] == [OURS, "ortools-lsa", "ortools-mcf"]
    assert [peer.name for peer in select_peers([])] == [OURS]
    assert select_peers(None)[0].name == OURS
    with pytest.raises(ValueError, match="no peer is called 'gurobi'"):
        select_peers(["gurobi"])
