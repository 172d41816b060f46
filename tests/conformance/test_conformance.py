"""One standard for every library: values, plans, potentials, types, devices, containers, errors.

What a test expects is computed from NumPy arrays, and mostly by `certify`, which knows nothing of
sparse_ot. A library whose package is absent is skipped, and pytest says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import LIBRARIES, Library
from support.certify import certify
from support.problems import FAMILIES

import sparse_ot
from sparse_ot import Status
from sparse_ot.backends.protocol import ArraySpec
from sparse_ot.backends.registry import get_backend, libraries
from sparse_ot.result.ledger import TransferLedger


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Any:
    """Each library in turn, dense arrays."""
    with LIBRARIES[request.param].open() as found:
        yield found


@pytest.fixture(
    params=[(name, kind) for name, setting in LIBRARIES.items() for kind in setting.containers],
    ids=lambda pair: "-".join(pair),
)
def sparse_library(request: pytest.FixtureRequest) -> Any:
    """Each library in turn, with each of its sparse containers."""
    name, kind = request.param
    with LIBRARIES[name].open() as found:
        yield found, found.containers[kind]


def test_every_backend_is_held_to_this_standard() -> None:
    assert {setting.library for setting in LIBRARIES.values()} == {
        library.name for library in libraries()
    }


def solve(library: Library, M: Any, a: Any = None, b: Any = None, **options: Any) -> Any:
    """`sparse_ot.solve`, compiled if that is the library's way."""
    return library.run(lambda M, a, b: sparse_ot.solve(M, a, b, **options), M, a, b)


def floats(library: Library, x: Any, dtype: Any = np.float64) -> Any:
    """`x` in the library and in a float type it keeps; None stays None."""
    if x is None:
        return None
    return library.put(np.asarray(x, dtype if library.doubles else np.float32))


def check(library: Library, M: Any, a: Any, b: Any, solution: Any) -> None:
    """The answer is optimal for the numbers the library was given."""
    status = solution.status
    assert status is Status.OPTIMAL or int(status) == Status.OPTIMAL.code
    u, v = (library.get(x) for x in solution.potentials)
    plan, costs = library.on_host(solution.plan), library.on_host(M)
    host_a, host_b = (None if x is None else library.get(x).astype(float) for x in (a, b))
    bounds = certify(host_a, host_b, costs, (plan, u, v))
    expected = float(sparse_ot.solve(_doubles(costs), host_a, host_b).value)
    rough = 1e-9 if plan.dtype == np.float64 else 1e-4
    assert abs(bounds.upper - expected) <= rough * max(1.0, abs(expected))
    assert abs(float(library.get(solution.value)) - expected) <= rough * max(1.0, abs(expected))
    assert solution.certificate.holds(1e-6 if rough > 1e-9 else 1e-9)


def _doubles(M: Any) -> Any:
    """`M` in float64; SciPy's own conversion would add duplicates up."""
    if isinstance(M, np.ndarray):
        return M.astype(float)
    return sp.coo_array((M.data.astype(float), (M.row, M.col)), shape=M.shape)


def same_place(library: Library, like: Any, *arrays: Any) -> None:
    for x in arrays:
        assert isinstance(x, library.number_types)
        assert library.device_of(x) == library.device_of(like)


DENSE = [name for name in FAMILIES if name.startswith("dense") and "wide" not in name]
SPARSE = [name for name in FAMILIES if name.startswith("sparse") and "wide" not in name]


@pytest.mark.parametrize("family", DENSE)
def test_dense_problems_are_solved_and_proved(
    library: Library, rng: np.random.Generator, family: str
) -> None:
    case = FAMILIES[family](rng)
    M, a, b = (floats(library, x) for x in (case.M, case.a, case.b))
    solution = solve(library, M, a, b)
    check(library, M, a, b, solution)
    same_place(library, M, solution.plan, solution.value, *solution.potentials)
    assert solution.plan.dtype == solution.value.dtype == M.dtype
    assert solution.certificate.scope == "dense"


@pytest.mark.parametrize("family", SPARSE)
def test_sparse_problems_are_solved_and_proved(
    sparse_library: Any, rng: np.random.Generator, family: str
) -> None:
    library, make = sparse_library
    if library.compiled and make is library.containers.get("CooParts"):
        pytest.skip("a shape cannot be compiled")
    case = FAMILIES[family](rng)
    coo = case.M.tocoo()
    values = coo.data.astype(np.float64 if library.doubles else np.float32)
    M = make((coo.row, coo.col, values), coo.shape)
    a, b = (floats(library, x) for x in (case.a, case.b))
    solution = solve(library, M, a, b)
    check(library, M, a, b, solution)
    assert type(solution.plan) is type(M)
    assert getattr(solution.plan, "format", None) == getattr(M, "format", None)
    same_place(library, library.put(values), solution.value, *solution.potentials)
    assert solution.value.dtype == library.put(values).dtype
    assert solution.certificate.scope == "arcs"


def test_single_precision_stays_single(library: Library, rng: np.random.Generator) -> None:
    M = library.put(rng.random((4, 5)).astype(np.float32))
    solution = solve(library, M)
    for x in (solution.plan, solution.value, *solution.potentials):
        assert x.dtype == M.dtype


def test_integers_become_the_default_float(library: Library) -> None:
    solution = solve(library, library.put(np.array([[1, 3], [2, 1]])))
    assert float(library.get(solution.value)) == 1.0
    kept = np.float64 if library.doubles else np.float32
    assert library.get(solution.plan).dtype == kept


def test_a_stored_zero_is_an_arc_and_infinity_is_none(sparse_library: Any) -> None:
    library, make = sparse_library
    if library.compiled and make is library.containers.get("CooParts"):
        pytest.skip("a shape cannot be compiled")
    dtype = np.float64 if library.doubles else np.float32
    rows, cols = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    M = make((rows, cols, np.array([0.0, 1.0, 1.0, np.inf], dtype)), (2, 2))
    solution = solve(library, M)
    assert float(library.get(solution.value)) == 1.0
    M = make((rows, cols, np.array([0.0, 1.0, 1.0, 0.0], dtype)), (2, 2))
    assert float(library.get(solve(library, M).value)) == 0.0


def test_potentials_are_centred_unless_told_otherwise(
    library: Library, rng: np.random.Generator
) -> None:
    a, b = rng.random(4), rng.random(5)
    a, b = a / a.sum(), b / b.sum()
    arguments = [floats(library, x) for x in (rng.random((4, 5)), a, b)]
    u, v = (library.get(x) for x in solve(library, *arguments).potentials)
    assert np.dot(u, a) == pytest.approx(np.dot(v, b), abs=1e-6)
    solve(library, *arguments, center_dual=False)


def test_a_limit_gives_a_feasible_plan(library: Library, rng: np.random.Generator) -> None:
    M = floats(library, rng.random((60, 60)))
    solution = solve(library, M, max_pivots=1)
    known = solution.status if not library.compiled else Status.from_code(int(solution.status))
    assert known is Status.PIVOT_LIMIT
    assert not bool(solution.converged)
    np.testing.assert_allclose(library.get(solution.plan).sum(1), np.full(60, 1 / 60), rtol=1e-5)


def test_a_warm_start_from_the_answer_has_nothing_left_to_do(
    library: Library, rng: np.random.Generator
) -> None:
    costs = rng.integers(0, 9, (30, 30))  # exact in single precision, as are the potentials
    M = floats(library, costs)
    first = solve(library, M, center_dual=False)
    again = solve(library, M, potentials_init=first.potentials)
    assert int(again.stats.pivots) <= int(first.stats.pivots)
    assert float(library.get(again.value)) == pytest.approx(float(library.get(first.value)))


def test_emd_and_its_log(library: Library, rng: np.random.Generator) -> None:
    M, a, b = (floats(library, x) for x in (rng.random((3, 3)), np.ones(3), np.ones(3)))
    plan, log = library.run(lambda a, b, M: sparse_ot.emd(a, b, M, log=True), a, b, M)
    same_place(library, M, plan, log["cost"], log["u"], log["v"])
    assert log["warning"] is None
    assert int(log["result_code"]) == 1
    value = library.run(lambda a, b, M: sparse_ot.emd2(a, b, M), a, b, M)
    assert float(library.get(value)) == pytest.approx(float(library.get(log["cost"])))


def test_emd2_with_several_histograms(library: Library, rng: np.random.Generator) -> None:
    histograms = rng.random((4, 3))
    histograms /= histograms.sum(0)
    M, b = floats(library, rng.random((4, 4))), floats(library, histograms)
    values = library.run(lambda b, M: sparse_ot.emd2(None, b, M, numThreads=2), b, M)
    assert len(values) == 3
    for k, value in enumerate(values):
        one = sparse_ot.emd2(None, floats(library, histograms[:, k]), M)
        assert float(library.get(value)) == pytest.approx(float(library.get(one)), rel=1e-6)


def test_the_solution_applies_its_plan(sparse_library: Any, rng: np.random.Generator) -> None:
    library, make = sparse_library
    if make is library.containers.get("CooParts"):
        pytest.skip("CooParts cannot multiply")
    rows, cols = (x.ravel() for x in np.indices((3, 4)))
    values = rng.random(12).astype(np.float64 if library.doubles else np.float32)
    solution = solve(library, make((rows, cols, values), (3, 4)))
    for found, size in zip(solution.marginals, (3, 4), strict=True):
        np.testing.assert_allclose(library.get(found), np.full(size, 1 / size), rtol=1e-5)


# -- graphs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock", "chebyshev", "cosine"])
def test_neighbour_graphs_are_those_of_numpy(
    library: Library, rng: np.random.Generator, metric: str
) -> None:
    dtype = np.float64 if library.doubles else np.float32
    x, y = rng.standard_normal((40, 3)).astype(dtype), rng.standard_normal((50, 3)).astype(dtype)
    masses = (None, None)
    expected = sparse_ot.knn_cost(x, y, 4, metric, feasible_for=masses).tocoo()
    graph = library.run(
        lambda x, y: _without_shape(sparse_ot.knn_cost(x, y, 4, metric, feasible_for=masses)),
        library.put(x),
        library.put(y),
    )
    found = _by_pair(library, graph, (40, 50))
    wanted = dict(zip(zip(expected.row, expected.col, strict=True), expected.data, strict=True))
    assert found.keys() == wanted.keys()
    rtol = 1e-12 if library.doubles else 1e-5
    np.testing.assert_allclose([found[pair] for pair in wanted], list(wanted.values()), rtol=rtol)


def test_clouds_are_solved_without_a_matrix_of_the_user(
    library: Library, rng: np.random.Generator
) -> None:
    x, y = rng.random((8, 2)), rng.random((8, 2))
    expected = float(sparse_ot.solve(sparse_ot.PointCloudCost(x, y)).value)
    value = library.run(
        lambda x, y: sparse_ot.solve(sparse_ot.PointCloudCost(x, y)).value,
        floats(library, x),
        floats(library, y),
    )
    assert float(library.get(value)) == pytest.approx(expected, rel=1e-5)


def test_radius_graphs_and_unions(library: Library, rng: np.random.Generator) -> None:
    if library.compiled:
        pytest.skip("how many pairs are near depends on values")
    x = rng.random((20, 2)).astype(np.float32)
    near = sparse_ot.radius_cost(library.put(x), library.put(x), 0.2)
    wider = sparse_ot.radius_cost(library.put(x), library.put(x), 0.4)
    both = sparse_ot.union(near, wider)
    expected = sparse_ot.radius_cost(x, x, 0.4).tocoo()
    found = _by_pair(library, both, (20, 20))
    assert found.keys() == set(zip(expected.row, expected.col, strict=True))


def _without_shape(M: Any) -> Any:
    """A graph as the compiler lets it through: `CooParts` without the shape."""
    return tuple(M[:3]) if isinstance(M, tuple) else M


def _by_pair(library: Library, graph: Any, shape: tuple[int, int]) -> dict[Any, float]:
    """Costs of the arcs that exist: stored, in range, finite."""
    if isinstance(graph, tuple):
        rows, cols, values = (library.get(x) for x in graph[:3])
    else:
        rows, cols, values = library.entries(graph)
    there = (rows < shape[0]) & (cols < shape[1]) & np.isfinite(values)
    pairs = zip(rows[there].tolist(), cols[there].tolist(), strict=True)
    return dict(zip(pairs, values[there].tolist(), strict=True))


# -- faults -----------------------------------------------------------------------------------

FAULTS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "NaN cost": ({"M": [[1.0, np.nan], [1.0, 1.0]]}, sparse_ot.NonFiniteError, r"\(0, 1\)"),
    "-inf cost": ({"M": [[1.0, 1.0], [-np.inf, 1.0]]}, sparse_ot.NonFiniteError, r"\(1, 0\)"),
    "NaN mass": ({"a": [np.nan, 1.0]}, sparse_ot.NonFiniteError, r"a\[0\]"),
    "infinite mass": ({"b": [1.0, np.inf]}, sparse_ot.NonFiniteError, r"b\[1\]"),
    "negative mass": ({"b": [1.5, -0.5]}, sparse_ot.MassError, r"b\[1\]"),
    "unequal totals": ({"a": [0.5, 0.6]}, sparse_ot.MassError, "totals"),
    "no mass": ({"a": [0.0, 0.0], "b": [0.0, 0.0]}, sparse_ot.MassError, "positive"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_numbers(library: Library, fault: str) -> None:
    changes, error, message = FAULTS[fault]
    given = {"M": [[0.0, 1.0], [1.0, 0.0]], "a": [0.5, 0.5], "b": [0.5, 0.5]} | changes
    M, a, b = (floats(library, given[name]) for name in "Mab")
    if not library.compiled:
        with pytest.raises(error, match=message):
            solve(library, M, a, b)
        return
    solution = solve(library, M, a, b)
    assert int(solution.status) == Status.INVALID.code
    assert_nothing(library, solution)


def test_an_infeasible_graph(library: Library) -> None:
    M = floats(library, [[1.0, np.inf, np.inf], [1.0, np.inf, np.inf], [1.0, 2.0, 3.0]])
    if not library.compiled:
        with pytest.raises(sparse_ot.InfeasibleError) as refusal:
            solve(library, M)
        violation = refusal.value.violation
        assert violation.sources.tolist() == [0, 1]
        assert violation.targets.tolist() == [0]
        assert violation.supply > violation.demand
        return
    solution = solve(library, M)
    assert int(solution.status) == Status.INFEASIBLE.code
    assert not bool(solution.converged)
    assert_nothing(library, solution)
    _, log = library.run(lambda M: sparse_ot.emd(None, None, M, log=True), M)
    assert int(log["result_code"]) == 0


def assert_nothing(library: Library, solution: Any) -> None:
    """No plausible number leaks out of a failure."""
    for x in (solution.value, solution.plan, solution.certificate.value):
        assert np.isnan(library.get(x)).all()


def test_shapes_are_checked_at_once(library: Library) -> None:
    M = floats(library, np.ones((2, 3)))
    with pytest.raises(sparse_ot.ShapeError, match="a has shape"):
        solve(library, M, floats(library, np.ones(3)))
    with pytest.raises(sparse_ot.ShapeError):
        solve(library, floats(library, np.ones(3)))
    with pytest.raises(sparse_ot.ShapeError, match="nothing to transport"):
        solve(library, floats(library, np.ones((0, 3))))


def test_complex_numbers_are_refused(library: Library) -> None:
    with pytest.raises(sparse_ot.UnsupportedArrayError):
        solve(library, library.put(np.ones((2, 2), np.complex64)))


def test_two_libraries_in_one_call_are_named_with_their_arguments(library: Library) -> None:
    M = floats(library, np.ones((2, 2)))
    if library.name == "numpy":
        strict = pytest.importorskip("array_api_strict")
        stranger, other = strict.asarray([0.5, 0.5]), "array_api_strict"
    else:
        stranger, other = np.array([0.5, 0.5]), "numpy"
    with pytest.raises(sparse_ot.MixedBackendsError) as error:
        solve_mixed(library, M, stranger)
    message = str(error.value)
    assert f"{library.name}: M" in message
    assert f"{other}: b" in message


def solve_mixed(library: Library, M: Any, b: Any) -> Any:
    """Not an argument of the compiled function, which would convert it."""
    return library.run(lambda M: sparse_ot.solve(M, None, b), M)


# -- crossings ---------------------------------------------------------------------------------


def test_a_sparse_solve_crosses_once_each_way_with_its_arcs(
    sparse_library: Any, rng: np.random.Generator
) -> None:
    library, make = sparse_library
    if library.compiled and make is library.containers.get("CooParts"):
        pytest.skip("a shape cannot be compiled")
    n, k = 200, 3
    rows, cols = np.repeat(np.arange(n), k), (np.arange(n)[:, None] + np.arange(k)) % n
    values = rng.random(n * k).astype(np.float32)
    crossings = solve(library, make((rows, cols.ravel(), values), (n, n))).stats.crossings
    if not library.crosses:
        assert (crossings.to_host, crossings.to_device) == (0, 0)
        return
    assert (crossings.to_host, crossings.to_device) == (1, 1)
    assert crossings.bytes_to_host + crossings.bytes_to_device < 64 * (n * k + 2 * n)


def test_a_matrix_of_few_entries_is_made_on_its_device(library: Library) -> None:
    rng = np.random.default_rng(3)
    M = floats(library, rng.random((7, 5)))
    places = rng.choice(35, 9, replace=False)
    rows, cols = (library.put(x.astype(np.int32)) for x in np.divmod(places, 5))
    flow = rng.random(9)
    cost = sparse_ot.DenseCost(M)
    plan = cost.plan_on(rows, cols, floats(library, flow))
    assert isinstance(plan, library.array_type)
    assert library.device_of(plan) == library.device_of(M)
    expected = np.zeros(35)
    expected[places] = flow
    np.testing.assert_allclose(library.get(plan).reshape(-1), expected, rtol=1e-6)
    assert not library.get(cost.plan_on(rows[:0], cols[:0], floats(library, flow[:0]))).any()
    assert np.isnan(library.get(cost.no_plan())).all()


def test_an_array_names_the_device_of_results_and_stays_where_it_is(library: Library) -> None:
    like, ledger = floats(library, np.zeros(1000)), TransferLedger()
    backend = get_backend(like)
    out = (ArraySpec((2,), "float32"), ArraySpec((1,), "int64", on_host=True))
    results = (np.ones(2, np.float32), np.ones(1, np.int64))
    there, here = backend.host_call(lambda: results, out=out, ledger=ledger, like=like)
    assert isinstance(there, library.array_type)
    assert library.device_of(there) == library.device_of(like)
    assert type(here) is np.ndarray
    assert (ledger.to_host, ledger.bytes_to_host) == (0, 0)
    assert ledger.to_device == int(library.crosses)
    assert ledger.bytes_to_device <= 256, "two numbers, in a block of the least size"
    assert backend.host_call(lambda: (), out=(), ledger=ledger, like=like) == ()
    assert ledger.to_device == int(library.crosses)
