"""The benchmark suite: documented instances, and a judge that lets nothing wrong pass."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

CLONE = Path(__file__).resolve().parent.parent
if not (CLONE / "benchmarks").is_dir():
    pytest.skip("the benchmark suite is only in a clone", allow_module_level=True)
sys.path.append(str(CLONE))

from benchmarks import machine, report  # noqa: E402
from benchmarks.__main__ import app  # noqa: E402
from benchmarks.cases import Case, all_cases, select_cases  # noqa: E402
from benchmarks.measure import (  # noqa: E402
    CaseResult,
    Measurement,
    Outcome,
    is_failure,
    measure,
    measure_case,
    pass_verdict,
)
from benchmarks.memory_meter import MemoryMeter  # noqa: E402
from benchmarks.peers import OURS, Peer, all_peers, select_peers  # noqa: E402
from benchmarks.peers._integers import integer_arcs  # noqa: E402
from benchmarks.points import knn_problem, matrix_problem, random_masses  # noqa: E402
from benchmarks.problems import (  # noqa: E402
    Answer,
    DenseProblem,
    Problem,
    SparseProblem,
    load_problem,
    save_problem,
)
from benchmarks.verdict import Examination, examine, judge  # noqa: E402
from benchmarks.worker import Observation  # noqa: E402

# --- instances -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "d", "arcs"), [(1_000, 2, 19_502), (5_000, 2, 97_142), (1_000, 8, 21_665)]
)
def test_knn_graphs_have_the_documented_arcs(n: int, d: int, arcs: int) -> None:
    problem = knn_problem(n, d, "unit")
    assert problem.arc_count == arcs
    assert problem.node_count == 2 * n
    keys = problem.rows * n + problem.cols
    assert np.all(np.diff(keys) > 0), "row-major, each pair once"
    assert np.isin(np.arange(n) * (n + 1), keys).all(), "the diagonal is there"


@pytest.mark.slow
@pytest.mark.parametrize(("d", "thousands"), [(2, 386), (8, 419)])
def test_large_knn_graphs_have_the_documented_arcs(d: int, thousands: int) -> None:
    assert round(knn_problem(20_000, d, "unit").arc_count / 1000) == thousands


def test_random_masses_are_integers_1_to_999_with_equal_totals() -> None:
    a, b = random_masses(1_000)
    assert a.sum() == b.sum()
    assert min(a.min(), b.min()) >= 1
    untouched = b if a.max() > 999 else a
    assert untouched.max() <= 999


def test_matrix_is_the_squared_distance_of_the_same_clouds() -> None:
    graph, matrix = knn_problem(50, 2, "masses"), matrix_problem(50, 2, "masses")
    np.testing.assert_allclose(matrix.matrix[graph.rows, graph.cols], graph.costs, rtol=1e-15)
    np.testing.assert_array_equal(matrix.a, graph.a)


def test_known_value_of_the_unit_graph_is_that_of_scipy() -> None:
    case = next(case for case in all_cases() if case.name == "sparse-knn/d2-unit-n1000")
    problem = case.build()
    assert isinstance(problem, SparseProblem)
    costs = csr_array((problem.costs, (problem.rows, problem.cols)), shape=(1_000, 1_000))
    rows, cols = min_weight_full_bipartite_matching(costs)
    value = problem.costs_of(rows.astype(np.int64), cols.astype(np.int64)).mean()
    assert case.known_value == pytest.approx(value, rel=1e-12)


def test_names_of_cases_are_unique_and_select_them() -> None:
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    families = {"clouds", "dense-matrix", "images", "memory", "small", "sparse-knn"}
    assert families == {case.family for case in cases}
    heavy = next(case for case in cases if case.name == "sparse-knn/d2-unit-n100000")
    assert select_cases([heavy.name], quick=True, heavy=False) == [heavy]
    assert {case.size for case in select_cases([], quick=True, heavy=False)} == {"quick"}
    assert heavy not in select_cases(["sparse-knn"], quick=False, heavy=False)
    assert heavy in select_cases(["sparse-knn"], quick=False, heavy=True)
    with pytest.raises(ValueError, match="no case fits 'nosuch'"):
        select_cases(["nosuch"], quick=True, heavy=False)


@pytest.mark.parametrize(
    "problem", [knn_problem(30, 2, "masses"), matrix_problem(7, 2, "unit")], ids=["sparse", "dense"]
)
def test_problems_survive_a_file(problem: Problem, tmp_path: Path) -> None:
    save_problem(problem, tmp_path / "problem.npz")
    again = load_problem(tmp_path / "problem.npz")
    assert type(again) is type(problem)
    for name, part in vars(problem).items():
        np.testing.assert_array_equal(getattr(again, name), part)
        assert getattr(again, name).dtype == part.dtype


# --- the judge -------------------------------------------------------------------------------

SQUARE = DenseProblem(np.array([2, 1]), np.array([1, 2]), np.array([[1.0, 3.0], [2.0, 0.5]]))
BEST = Answer(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 1, 1]))
DEARER = Answer(np.array([0, 1]), np.array([1, 0]), np.array([2, 1]))
BEST_POTENTIALS = (np.array([1.0, -1.5]), np.array([0.0, 2.0]))


def test_value_is_priced_from_the_plan() -> None:
    assert examine(SQUARE, BEST).value == pytest.approx(4.5 / 3)
    assert examine(SQUARE, DEARER).value == pytest.approx(8 / 3)


def test_feasible_potentials_certify() -> None:
    seen = examine(SQUARE, replace(BEST, potentials=BEST_POTENTIALS))
    assert seen.lower_bound == pytest.approx(seen.value)
    assert judge([seen]).certified


@pytest.mark.parametrize("sparse", [False, True])
def test_infeasible_potentials_are_lowered_before_they_prove_anything(sparse: bool) -> None:
    u, v = BEST_POTENTIALS
    rows, cols, costs = SQUARE.arcs()
    problem = SparseProblem(SQUARE.a, SQUARE.b, rows, cols, costs) if sparse else SQUARE
    seen = examine(problem, replace(BEST, potentials=(u + 5.0, v)))
    assert seen.lower_bound == pytest.approx(4.5 / 3)
    polluted = examine(problem, replace(BEST, potentials=(u, np.array([0.0, np.nan]))))
    assert polluted.lower_bound is None


def test_dearer_plan_is_wrong() -> None:
    verdict = judge([examine(SQUARE, BEST), examine(SQUARE, DEARER)])
    assert verdict.complaints[0] is None
    assert "above the optimum" in (verdict.complaints[1] or "")


def test_lone_dearer_plan_is_caught_by_the_known_value() -> None:
    (complaint,) = judge([examine(SQUARE, DEARER)], known_value=1.5).complaints
    assert "above the optimum" in (complaint or "")
    (complaint,) = judge([examine(SQUARE, BEST)], known_value=1.6).complaints
    assert "below the known optimum" in (complaint or "")


@pytest.mark.parametrize(
    "flow", [np.zeros(3), np.array([1, 1, 1.001]), np.array([1, 1, np.nan])], ids=str
)
def test_what_is_no_plan_is_wrong_even_if_cheap(flow: np.ndarray) -> None:
    verdict = judge([examine(SQUARE, replace(BEST, flow=flow)), examine(SQUARE, BEST)])
    assert verdict.complaints[0] is not None
    assert verdict.complaints[1] is None


def test_negative_flow_is_no_plan() -> None:
    rows, cols = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    answer = Answer(rows, cols, np.array([3, -1, -2, 3]))
    assert not examine(SQUARE, answer).is_plan


def test_flow_on_a_forbidden_pair_is_wrong() -> None:
    problem = SparseProblem(
        SQUARE.a, SQUARE.b, np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 3.0, 0.5])
    )
    verdict = judge([examine(problem, DEARER)])
    assert "forbidden pair" in (verdict.complaints[0] or "")


def test_integer_costs_are_excused_by_their_resolution_and_no_more() -> None:
    best = Examination(1.0, 0.0, None, 0.0)
    for excess, right in ((0.9e-6, True), (1.1e-6, False)):
        rounded = Examination(1.0 + excess, 0.0, None, 1e-6)
        assert (judge([best, rounded]).complaints[1] is None) is right
    assert judge([best, replace(best, value=1.0 + 2e-9)]).complaints[1] is not None


def test_integer_costs_are_within_their_resolution() -> None:
    problem = knn_problem(200, 2, "masses")
    arcs = integer_arcs(problem)
    assert np.abs(arcs.costs * arcs.resolution - problem.costs).max() <= arcs.resolution / 2
    assert float(arcs.costs.max()) * problem.node_count < 2.0**61
    coarse = integer_arcs(problem, growth=2.0**50)
    assert coarse.resolution > arcs.resolution


# --- measurements in their own process -------------------------------------------------------

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
    def prepare(self, problem):
        return problem
    def solve(self, problem):
        how = os.environ["GREEDY"]
        large = len(problem.a) > 2
        if how == "fail":
            raise RuntimeError("lost")
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
@pytest.mark.parametrize("kind", ["graph", "matrix"])
def test_every_peer_finds_the_optimum(peer: Peer, kind: str, tmp_path: Path) -> None:
    """Against HiGHS; in a process of its own, as in a benchmark."""
    n = 40
    masses = "unit" if peer.name == "ortools-lsa" else "masses"
    problem = knn_problem(n, 2, masses) if kind == "graph" else matrix_problem(n, 2, masses)
    save_problem(problem, tmp_path / "problem.npz")
    m = measure(peer, tmp_path / "problem.npz", timeout=20, enough_seconds=0.0)
    if m.outcome is Outcome.MISSING:
        pytest.skip(m.detail)
    (judged,), _ = pass_verdict([m], optimum_by_linear_programming(problem))
    assert judged.outcome is Outcome.OK, judged.detail


def optimum_by_linear_programming(problem: Problem) -> float:
    """Value per unit of mass, by HiGHS."""
    rows, cols, costs = problem.arcs()
    arcs, n = np.arange(len(costs)), len(problem.a)
    incidence = coo_array(
        (
            np.ones(2 * len(costs)),
            (np.concatenate([rows, cols + n]), np.concatenate([arcs, arcs])),
        ),
        shape=(problem.node_count, len(costs)),
    ).tocsr()
    masses = np.concatenate([problem.a, problem.b])
    found = linprog(costs, A_eq=incidence, b_eq=masses, method="highs")
    assert found.status == 0
    return float(found.fun) / float(problem.a.sum())


def test_assignment_solver_refuses_masses(tmp_path: Path) -> None:
    (peer,) = (peer for peer in all_peers() if peer.name == "ortools-lsa")
    assert peer.refuses(knn_problem(20, 2, "masses")) == "masses are not all one"
    assert peer.refuses(knn_problem(20, 2, "unit")) is None


def test_peers_are_selected_by_name_or_library_and_ours_is_always_first() -> None:
    assert [peer.name for peer in select_peers(["ortools"])] == [OURS, "ortools-lsa", "ortools-mcf"]
    assert [peer.name for peer in select_peers([])] == [OURS]
    assert select_peers(None)[0].name == OURS
    with pytest.raises(ValueError, match="no peer is called 'gurobi'"):
        select_peers(["gurobi"])


# --- the report ------------------------------------------------------------------------------


def measurement(peer: str, seconds: float, **changes: object) -> Measurement:
    seen = Observation(
        seconds=seconds,
        fastest_seconds=seconds,
        cpu_seconds=seconds,
        calls=1,
        peak_bytes=30_000_000,
        memory_method="VmHWM",
        examination=Examination(0.25, 0.0, 0.25, 0.0),
    )
    return replace(Measurement(peer, Outcome.OK, observation=seen), **changes)  # type: ignore[arg-type]


@pytest.fixture
def results() -> list[CaseResult]:
    nothing = {"observation": Observation()}
    found = []
    for n, factor in ((1_000, 1.0), (10_000, 20.0)):
        case = Case("rings", "d2", n, lambda: SQUARE, memory_bound=(150, 300))
        measurements = (
            measurement(OURS, 0.5 * factor),
            measurement("pot", 2.0 * factor),
            measurement("pylmcf", 1.0, outcome=Outcome.TIMEOUT, detail="over 9 s", **nothing),
            measurement("ortools-mcf", 1.0, outcome=Outcome.WRONG, detail="is above the optimum"),
            measurement("ortools-lsa", 1.0, outcome=Outcome.CANNOT, detail="masses", **nothing),
        )
        verdict = judge([Examination(0.25, 0.0, 0.25, 0.0)])
        found.append(CaseResult(case, 100 * n, 2 * n, measurements, verdict))
    return found


@pytest.fixture
def description() -> dict[str, object]:
    return machine.describe(all_peers(), "python -m benchmarks --case rings")


def test_markdown_has_ratios_to_ours_and_drops_nobody(
    results: list[CaseResult], description: dict[str, object]
) -> None:
    text = report.as_markdown(results, description, all_peers())
    row = next(line for line in text.splitlines() if line.startswith("| d2-n1000 |"))
    assert "500 ms, 30 MB" in row
    assert "2 s, 4×, 30 MB" in row
    assert "timeout: over 9 s" in row
    assert "**WRONG**: is above the optimum" in row
    assert "cannot: masses" in row
    assert "| d2-n1000 | 100,000 | 2,000 | 30 MB | 15.6 MB | **192%, over** |" in text
    assert "| d2-n10000 | 1,000,000 | 20,000 | 30 MB | 156 MB | 19% |" in text
    assert "python -m benchmarks --case rings" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| d2-n1000 | 100")}
    assert widths == {10, 7}


def test_json_can_be_read_by_others(
    results: list[CaseResult], description: dict[str, object]
) -> None:
    broken = Observation(seconds=1.0, examination=Examination(np.inf, np.nan, None, 0.0))
    first = results[0]
    wrong = replace(first.measurements[3], observation=broken)
    text = report.as_json(
        [replace(first, measurements=(*first.measurements[:3], wrong))], description
    )

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    data = json.loads(text, parse_constant=refuse)
    assert data["machine"]["cores"] >= 1
    assert data["versions"]["numpy"] == np.__version__
    (record,) = data["results"]
    assert record["case"] == "rings/d2-n1000"
    assert [m["ratio_to_ours"] for m in record["measurements"]] == [1.0, 4.0, None, None]
    assert record["measurements"][2]["outcome"] == "timeout"


def test_remarks_name_coarse_costs_warnings_and_a_busy_machine(
    results: list[CaseResult], description: dict[str, object]
) -> None:
    pot = results[0].measurements[1]
    seen = replace(
        pot.observation,
        cpu_seconds=1.0,
        warnings=("limit reached",),
        examination=Examination(0.25, 0.0, None, 1e-6),
    )
    changed = replace(results[0], measurements=(replace(pot, observation=seen),))
    text = report.as_markdown([changed], description, all_peers())
    assert "checked to 4e-06 of the value" in text
    assert "warned: limit reached" in text
    assert "only 50% of the time on a processor" in text


def test_pictures_are_drawn(results: list[CaseResult], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks import plots

    (path,) = plots.draw(results, timeout=9.0, folder=tmp_path)
    assert path.name == "rings.png"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.345, "12.3 s"), (0.0123, "12.3 ms"), (9e-6, "9 µs"), (1e-9, "1 ns")]
)
def test_seconds_are_readable(seconds: float, text: str) -> None:
    assert report.format_seconds(seconds) == text


# --- the command -----------------------------------------------------------------------------


def test_command_runs_a_case_and_writes_everything(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    options = ["--quick", "--case", "small/*-n20", "--against", "pot", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "results.json").read_text())
    assert {r["case"] for r in data["results"]} == {"small/graph-n20", "small/matrix-n20"}
    ours = [r["measurements"][0] for r in data["results"]]
    assert [(m["peer"], m["outcome"]) for m in ours] == [(OURS, "ok")] * 2
    assert (tmp_path / "results.md").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--case", "nosuch"], "no case fits 'nosuch'"),
        (["--against", "gurobi"], "no peer is called 'gurobi'"),
        (["--quick", "--case", "sparse-knn/*-n100000"], "no case of this size fits"),
    ],
)
def test_bad_arguments_are_explained(options: list[str], message: str) -> None:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, options)
    assert done.exit_code == 2
    words = re.sub(r"[│\s]+", " ", done.output)
    assert message in words


def test_readme_names_every_family() -> None:
    text = (CLONE / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for family in {case.family for case in all_cases()}:
        assert f"`{family}`" in text
