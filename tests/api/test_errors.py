"""Bad input: the right error, naming the place and the remedy; never a zero plan."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.certify import certify_infeasible

import sparse_ot
from sparse_ot import errors

A, B = np.array([0.5, 0.25, 0.25]), np.array([0.5, 0.5])
M = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

CALLS = {
    "emd": lambda a, b, M: sparse_ot.emd(a, b, M),
    "emd2": lambda a, b, M: sparse_ot.emd2(a, b, M),
    "solve": lambda a, b, M: sparse_ot.solve(M, a, b),
}


def put(array: Any, index: Any, value: Any) -> Any:
    """A copy with one entry replaced."""
    copy = np.array(array)
    copy[index] = value
    return copy


def sparse(cost: Any) -> sp.coo_array:
    """Every entry of a dense cost as an arc, so that the place survives."""
    rows, cols = (index.ravel() for index in np.indices(np.shape(cost)))
    return sp.coo_array((np.ravel(cost), (rows, cols)), shape=np.shape(cost))


# what: (a, b, M, error, words that the message must hold)
BAD: dict[str, tuple[Any, Any, Any, type[Exception], list[str]]] = {
    "a too short": (A[:2], B, M, errors.ShapeError, ["a", "2", "3"]),
    "b too long": (A, np.ones(5) / 5, M, errors.ShapeError, ["b", "5", "2"]),
    "a transposed": (A[:, None], B, M, errors.ShapeError, ["a", "(3, 1)"]),
    "M a vector": (A, B, M[0], errors.ShapeError, ["M", "(2,)"]),
    "M a cube": (A, B, M[None], errors.ShapeError, ["M", "(1, 3, 2)"]),
    "M without rows": (None, None, np.ones((0, 2)), errors.ShapeError, ["(0, 2)"]),
    "M without columns": (None, None, np.ones((2, 0)), errors.ShapeError, ["(2, 0)"]),
    "M transposed": (A, B, M.T, errors.ShapeError, ["a", "3", "2"]),
    "NaN cost": (A, B, put(M, (1, 0), np.nan), errors.NonFiniteError, ["(1, 0)", "nan"]),
    "-inf cost": (A, B, put(M, (2, 1), -np.inf), errors.NonFiniteError, ["(2, 1)", "-inf"]),
    "NaN arc": (A, B, sparse(put(M, (1, 0), np.nan)), errors.NonFiniteError, ["(1, 0)", "nan"]),
    "-inf arc": (A, B, sparse(put(M, (2, 1), -np.inf)), errors.NonFiniteError, ["(2, 1)", "-inf"]),
    "NaN arc in CSC": (
        A,
        B,
        sparse(put(M, (0, 1), np.nan)).tocsc(),
        errors.NonFiniteError,
        ["(0, 1)", "nan"],
    ),
    "NaN mass": (put(A, 1, np.nan), B, M, errors.NonFiniteError, ["a[1]", "nan"]),
    "NaN demand": (A, put(B, 0, np.nan), M, errors.NonFiniteError, ["b[0]", "nan"]),
    "infinite mass": (put(A, 2, np.inf), B, M, errors.NonFiniteError, ["a[2]", "inf"]),
    "infinite demand": (A, put(B, 1, np.inf), M, errors.NonFiniteError, ["b[1]", "inf"]),
    "negative mass": (np.array([0.75, 0.5, -0.25]), B, M, errors.MassError, ["a[2]", "-0.25"]),
    "negative demand": (A, np.array([-0.5, 1.5]), M, errors.MassError, ["b[0]", "-0.5"]),
    "unequal totals": (A, B * 3, M, errors.MassError, ["1", "3", "check_marginals"]),
    "slightly unequal totals": (A, B * 1.001, M, errors.MassError, ["1.001"]),
    "no mass at all": (A * 0, B * 0, M, errors.MassError, ["0"]),
    "no mass on one side": (A, B * 0, M, errors.MassError, ["0"]),
    "complex costs": (A, B, M + 1j, errors.UnsupportedArrayError, ["M", "complex"]),
    "complex arcs": (A, B, sparse(M + 1j), errors.UnsupportedArrayError, ["M", "complex"]),
    "complex masses": (A + 0j, B, M, errors.UnsupportedArrayError, ["a", "complex"]),
    "strings": (A, B, np.array([["x", "y"]] * 3), errors.UnsupportedArrayError, ["M"]),
    "string masses": (A, ["p", "q"], M, errors.UnsupportedArrayError, ["b"]),
    "objects": (A, B, M.astype(object), errors.UnsupportedArrayError, ["M", "object"]),
    "a dictionary": (A, B, {"cost": 1}, errors.UnsupportedArrayError, ["M", "dict"]),
    "ragged lists": (A, B, [[1.0, 2.0], [3.0], [4.0, 5.0]], errors.SparseOTError, ["M"]),
    "dates": (A, B, M.astype("datetime64[s]"), errors.UnsupportedArrayError, ["M", "datetime64"]),
    "no arcs": (A, B, sp.coo_array((3, 2)), errors.InfeasibleError, ["source"]),
    "everything forbidden": (A, B, M * np.inf, errors.InfeasibleError, ["source"]),
    "a row without arcs": (
        A,
        B,
        put(M, 1, np.inf),
        errors.InfeasibleError,
        ["1", "0.25"],
    ),
    "a sparse row without arcs": (
        A,
        B,
        sp.csr_array([[1.0, 2.0], [0.0, 0.0], [5.0, 6.0]]),
        errors.InfeasibleError,
        ["1", "0.25"],
    ),
    "a column without arcs": (
        A,
        B,
        sp.csr_array([[0.0, 2.0], [0.0, 4.0], [0.0, 6.0]]),
        errors.InfeasibleError,
        ["0.5"],
    ),
    "a bottleneck": (
        A,
        B,
        sp.csr_array([[1.0, 0.0], [3.0, 0.0], [5.0, 6.0]]),
        errors.InfeasibleError,
        ["0.75", "0.5"],
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_named(what: str, call: str) -> None:
    a, b, cost, error, words = BAD[what]
    with pytest.raises(error) as caught:
        CALLS[call](a, b, cost)
    message = str(caught.value)
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    assert len(message) > 40, f"found, expected, remedy? {message!r}"
    assert message[0].isupper() or message.startswith(("a", "b", "M")), message
    assert message.rstrip().endswith((".", ")", "]")), message
    if error is errors.InfeasibleError:
        assert isinstance(caught.value, errors.InfeasibleError)
        certify_infeasible(a, b, cost, caught.value.violation)


def test_infeasible_errors_say_what_to_change() -> None:
    cost = sp.csr_array([[1.0, 0.0], [3.0, 0.0], [5.0, 6.0]])
    with pytest.raises(errors.InfeasibleError, match=r"feasible_for|arcs") as caught:
        sparse_ot.solve(cost, A, B)
    violation = caught.value.violation
    assert sorted(violation.sources) == [0, 1]
    assert list(violation.targets) == [0]
    assert violation.deficit == pytest.approx(0.25)


def test_long_violations_are_not_printed_in_full() -> None:
    n = 5000
    rows = np.arange(n)
    cost = sp.coo_array((np.ones(n), (rows, rows // 2)), shape=(n, n))
    with pytest.raises(errors.InfeasibleError) as caught:
        sparse_ot.solve(cost)
    assert len(str(caught.value)) < 1000
    certify_infeasible(None, None, cost, caught.value.violation)


@pytest.mark.parametrize(
    ("start", "error"),
    [
        ((np.zeros(2), np.zeros(2)), errors.ShapeError),
        ((np.zeros(3), np.zeros((2, 1))), errors.ShapeError),
        ((np.full(3, np.nan), np.zeros(2)), errors.NonFiniteError),
        ((np.zeros(3), np.full(2, np.inf)), errors.NonFiniteError),
        (np.zeros(3), errors.SparseOTError),
        ((np.zeros(3), None), errors.SparseOTError),
        (("u", "v"), errors.SparseOTError),
    ],
    ids=["short", "transposed", "nan", "inf", "one array", "one missing", "strings"],
)
def test_bad_potentials_are_named(start: Any, error: type[Exception]) -> None:
    for call in (
        lambda: sparse_ot.solve(M, A, B, potentials_init=start),
        lambda: sparse_ot.solve(sp.csr_array(M), A, B, potentials_init=start),
        lambda: sparse_ot.emd(A, B, M, potentials_init=start),
        lambda: sparse_ot.emd2(A, B, M, potentials_init=start),
    ):
        with pytest.raises(error, match="potentials_init"):
            call()


CLOUDS = np.random.default_rng(0).random((3, 2)), np.random.default_rng(1).random((2, 2))


# what: (change of X, Y and options, error, words that the message must hold)
BAD_CLOUDS: dict[str, tuple[dict[str, Any], type[Exception], list[str]]] = {
    "no points": ({"X": None}, errors.UnsupportedArrayError, ["X is None", "coordinates"]),
    "sparse points": (
        {"Y": sp.csr_array(CLOUDS[1])},
        errors.UnsupportedArrayError,
        ["Y is a sparse container (csr_array)", ".toarray()"],
    ),
    "points as objects": ({"X": CLOUDS[0].astype(object)}, errors.UnsupportedArrayError, ["X: "]),
    "complex points": ({"Y": CLOUDS[1] + 1j}, errors.UnsupportedArrayError, ["Y: ", "complex"]),
    "ragged points": ({"X": [[1.0, 2.0], [3.0]]}, errors.ShapeError, ["X: ", "equal length"]),
    "one mass for all": ({"a": 1.0}, errors.ShapeError, ["a has shape ()", "(3,)"]),
    "masses of the other cloud": ({"a": B}, errors.ShapeError, ["a has shape (2,)", "(3,)"]),
    "sparse masses": (
        {"b": sp.csr_array(B[None])},
        errors.UnsupportedArrayError,
        ["b is a sparse container", "(2,)"],
    ),
    "unequal totals": ({"a": A, "b": 2 * B}, errors.MassError, ["1.0", "2.0", "by its sum."]),
    "NaN in start": (
        {"start": (np.full(3, np.nan), np.zeros(2))},
        errors.NonFiniteError,
        ["start: u[0] is nan"],
    ),
    "short start": ({"start": (np.zeros(2), np.zeros(2))}, errors.ShapeError, ["start[0]", "(3,)"]),
    "NaN cost": (
        {"metric": lambda x, y: np.full(len(x), np.nan)},
        errors.NonFiniteError,
        ["from X[0] to Y[0] is nan", "metric"],
    ),
}


@pytest.mark.parametrize("what", BAD_CLOUDS)
def test_errors_about_clouds_speak_of_clouds(what: str) -> None:
    change, error, words = BAD_CLOUDS[what]
    with pytest.raises(error) as caught:
        sparse_ot.solve_sample(**({"X": CLOUDS[0], "Y": CLOUDS[1]} | change))
    message = str(caught.value)
    assert isinstance(caught.value, errors.SparseOTError)
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    for foreign in ("check_marginals", "potentials_init", "costs M", "knn_cost", "M "):
        assert foreign not in message, f"solve_sample has no {foreign!r}: {message!r}"


def test_the_remedy_of_a_matrix_without_a_plan_is_in_the_matrix() -> None:
    with pytest.raises(errors.InfeasibleError, match=r"an entry of \+inf in M forbids") as caught:
        sparse_ot.solve(put(M, 1, np.inf), A, B)
    assert "knn_cost" not in str(caught.value)


def test_half_a_cost_model_is_told_what_it_lacks() -> None:
    class Half:
        candidate_arcs = arc_costs = price = None
        shape = (2, 2)

    with pytest.raises(errors.UnsupportedArrayError, match="Half that lacks backend, scope, like"):
        sparse_ot.solve(Half())


@pytest.mark.parametrize("call", CALLS)
def test_one_mass_for_all_points_is_not_a_vector(call: str) -> None:
    with pytest.raises(errors.ShapeError, match=r"a has shape \(\)\. Expected \(3,\)"):
        CALLS[call](1.0, B, M)


@pytest.mark.parametrize("start", [1.0, object(), (np.zeros(3),)])
def test_what_is_no_pair_of_potentials_is_named(start: Any) -> None:
    with pytest.raises(errors.SparseOTError, match="potentials_init must be a pair"):
        sparse_ot.solve(M, A, B, potentials_init=start)


def test_infeasible_problems_warn_where_emd_was_called() -> None:
    with pytest.warns(UserWarning, match="an entry of") as caught:
        plan = sparse_ot.emd(A, B, put(M, 1, np.inf), on_infeasible="warn")
    assert np.isnan(plan).all()
    assert caught[0].filename == __file__


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", np.nan])
def test_bad_limits_are_named(value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="numItermax"):
        sparse_ot.emd(A, B, M, numItermax=value)
    with pytest.raises((ValueError, TypeError), match="max_pivots"):
        sparse_ot.solve(M, A, B, max_pivots=value)


@pytest.mark.parametrize("value", [-1.0, np.nan, "soon"])
def test_bad_time_limits_are_named(value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="time_limit"):
        sparse_ot.solve(M, A, B, time_limit=value)


@pytest.mark.parametrize("value", [0, -3, 1.5, "few"])
def test_bad_thread_counts_are_named(value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="numThreads"):
        sparse_ot.emd(A, B, M, numThreads=value)
    with pytest.raises((ValueError, TypeError), match="processes"):
        sparse_ot.emd2(A, B, M, processes=value)


def test_faults_are_found_in_every_column_of_b() -> None:
    columns = np.stack([B, put(B, 1, np.nan)], axis=1)
    with pytest.raises(errors.NonFiniteError, match="nan"):
        sparse_ot.emd2(A, columns, M)
    with pytest.raises(errors.ShapeError, match="b"):
        sparse_ot.emd2(A, np.ones((5, 2)) / 5, M)
    with pytest.raises(errors.ShapeError, match="b"):
        sparse_ot.emd(A, np.stack([B, B], axis=1), M)


def test_every_error_is_public_and_of_our_family() -> None:
    for name in errors.__all__:
        assert getattr(sparse_ot, name) is getattr(errors, name)
    raised = [x for _, x in inspect.getmembers(errors, inspect.isclass) if issubclass(x, Exception)]
    assert len(raised) >= 10
    for error in raised:
        assert issubclass(error, errors.SparseOTError)
    assert issubclass(errors.MassError, AssertionError)
    assert issubclass(errors.NonFiniteError, ValueError)
    assert issubclass(errors.MixedBackendsError, TypeError)
