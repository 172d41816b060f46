"""Points behind a matrix: found where there are any, and never believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.certify import certify

import sparse_ot
from sparse_ot.solvers.starts import matrix_plan as matrix_start
from sparse_ot.solvers.starts.points_of_matrix import points_behind


def distances(X: Any, Y: Any, power: float = 1.0) -> Any:
    return ((X[:, None] - Y) ** 2).sum(axis=-1) ** power


def clouds(n: int, m: int, d: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), 2.0 * rng.random((m, d)) + np.arange(d)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
@pytest.mark.parametrize(
    ("n", "m", "d"), [(300, 280, 1), (250, 400, 2), (90, 300, 3), (300, 70, 8)]
)
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_points_with_the_distances_of_the_matrix_are_found(
    metric: str, n: int, m: int, d: int, scale: float
) -> None:
    X, Y = clouds(n, m, d)
    M = distances(X, Y, 1.0 if metric == "sqeuclidean" else 0.5) * scale
    found = points_behind(M)
    assert found is not None
    x, y, name = found
    assert name == metric
    assert x.shape == (n, d)
    again = distances(x, y, 1.0 if metric == "sqeuclidean" else 0.5)
    np.testing.assert_allclose(again, M, rtol=1e-6, atol=1e-6 * M.max())


@pytest.mark.parametrize(
    "M",
    [
        np.random.default_rng(0).random((200, 200)),
        np.zeros((200, 200)),
        np.abs(np.subtract.outer(np.arange(200.0), np.arange(150.0))) ** 0.3,
        -distances(*clouds(200, 200, 2)),
        np.full((200, 200), np.inf),
        distances(*clouds(200, 200, 20)),
        np.ones((1, 500)),
    ],
    ids=["random", "zero", "concave", "negative", "infinite", "many dimensions", "one row"],
)
def test_a_matrix_of_something_else_has_no_points(M: Any) -> None:
    assert points_behind(M) is None


@pytest.fixture
def from_few_points_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_start, "MIN_POINTS", 0)


@pytest.mark.usefixtures("from_few_points_on")
@pytest.mark.parametrize("masses", ["equal", "random", "counts", "some zero"])
@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (300, 170)])
def test_a_solve_that_starts_from_points_is_a_solve_of_the_matrix(
    masses: str, power: float, n: int, m: int
) -> None:
    rng = np.random.default_rng(3)
    M = distances(*clouds(n, m, 2), power)
    a: np.ndarray = rng.random(n)
    b: np.ndarray = rng.random(m)
    if masses == "equal":
        a, b = np.ones(n), np.ones(m)
    if masses == "counts":
        a, b = rng.multinomial(10 * n, a / a.sum()), rng.multinomial(10 * n, b / b.sum())
    if masses == "some zero":
        a[::3], b[1::2] = 0.0, 0.0
    a, b = a / a.sum(), b / b.sum()
    assert matrix_start.start_behind(M, a, b) is not None
    certify(a, b, M, sparse_ot.solve(M, a, b))


@pytest.mark.usefixtures("from_few_points_on")
def test_entries_that_are_no_distances_decide_all_the_same() -> None:
    """Changed where nobody looked: forbidden where the points send mass, and cheaper elsewhere."""
    n = 220
    M = distances(*clouds(n, n, 2))
    rng = np.random.default_rng(5)
    a, b = rng.random(n), rng.random(n)
    a, b = a / a.sum(), b / b.sum()
    plan = np.asarray(sparse_ot.solve(M, a, b).plan)
    for change in (np.inf, 50.0, 0.0, -3.0):
        altered = M.copy()
        used = np.argwhere(plan > 0)[::7]
        altered[used[:, 0], used[:, 1]] = change
        certify(a, b, altered, sparse_ot.solve(altered, a, b))


@pytest.mark.usefixtures("from_few_points_on")
def test_a_time_limit_holds_from_the_start_on() -> None:
    n = 600
    M = distances(*clouds(n, n, 2))
    rng = np.random.default_rng(6)
    a, b = rng.random(n), rng.random(n)
    a, b = a / a.sum(), b / b.sum()
    optimum = sparse_ot.solve(M, a, b).certificate.value
    stopped = sparse_ot.solve(M, a, b, time_limit=1e-4)
    assert stopped.certificate.lower_bound <= optimum * (1 + 1e-12)
    assert stopped.certificate.value >= optimum * (1 - 1e-12)
    assert stopped.certificate.worst_marginal_error < 1e-12
