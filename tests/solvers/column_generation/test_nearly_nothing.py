"""Where next to nothing is to be paid, certificates hold; where nothing may be, errors say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sparse_ot


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("n", [50, 1000])
@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_a_cloud_and_nearly_itself_are_certified(n: int, d: int, metric: str, noise: float) -> None:
    rng = np.random.default_rng(n + d)
    Y = rng.random((n, d))
    X = Y[rng.permutation(n)] + noise * rng.standard_normal((n, d))
    solution = sparse_ot.solve_sample(X, Y, metric=metric)
    assert solution.status is sparse_ot.Status.OPTIMAL
    assert solution.certificate.holds()
    assert noise > 0 or solution.value == 0.0


def test_rounding_is_nothing_beside_an_ordinary_value() -> None:
    rng = np.random.default_rng(1)
    proof = sparse_ot.solve_sample(rng.random((1000, 2)), rng.random((1000, 2)) ** 2).certificate
    assert 0.0 < proof.rounding < 1e-12 * proof.value


@pytest.mark.parametrize("mass", [5e-324, 1e-321, 1e-318, 1e-310])
def test_masses_too_small_to_have_all_their_digits_are_judged_by_those_they_have(
    mass: float,
) -> None:
    rng = np.random.default_rng(2)
    X, Y, masses = rng.random((100, 2)), rng.random((100, 2)), np.full(100, mass)
    assert sparse_ot.solve_sample(X, Y, masses, masses).certificate.holds()


@pytest.mark.parametrize("n", [30, 1000])
@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cosine"])
def test_in_single_precision_a_gap_of_its_rounding_is_none(n: int, metric: str) -> None:
    jnp: Any = pytest.importorskip("jax.numpy")
    rng = np.random.default_rng(n)
    X, Y = (jnp.asarray(rng.random((n, 2)), "float32") for _ in range(2))
    for targets in (Y, X[::-1]):
        proof = sparse_ot.solve_sample(X, targets, metric=metric).certificate
        assert proof.holds()
        assert proof.value == 0.0 or proof.rounding < 1e-4 * max(proof.value, 1e-3)


@pytest.mark.parametrize("n", [30, 300])
def test_a_metric_that_forbids_everything_is_not_told_of_graphs(n: int) -> None:
    X = np.random.default_rng(3).random((n, 2))
    with pytest.raises(sparse_ot.InfeasibleError, match=r"a cost of \+inf forbids") as caught:
        sparse_ot.solve_sample(X, X, metric=lambda x, y: np.full(len(x), np.inf))
    assert "knn_cost" not in str(caught.value)
