"""Very large and very small coordinates: the right value, or a refusal that says how to rescale."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import sparse_ot
from sparse_ot.costs.points import PointCloudCost

POWERS = {"sqeuclidean": 2, "euclidean": 1, "cityblock": 1, "chebyshev": 1, "cosine": 0}
UNITS = [f"1e{e}" for e in (-320, -300, -170, -160, -150, -145, -20, 20, 145, 150, 160, 300, 306)]


def solution_or_refusal(X, Y, metric: str) -> sparse_ot.Solution | str:
    try:
        return sparse_ot.solve_sample(X, Y, metric=metric)
    except sparse_ot.InputError as error:
        return str(error)


@pytest.mark.parametrize("metric", POWERS)
@pytest.mark.parametrize("unit", UNITS)
def test_in_any_unit_the_value_is_right_or_refused(unit: str, metric: str, rng) -> None:
    X, Y = rng.random((30, 3)), rng.random((25, 3))
    value = float(sparse_ot.solve_sample(X, Y, metric=metric).value)
    scale = float(unit)
    scaled = solution_or_refusal(X * scale, Y * scale, metric)
    if isinstance(scaled, str):
        assert abs(float(np.log10(scale))) > 145
        assert metric != "cosine"
        assert "Rescale: divide X and Y by" in scaled
        return
    assert scaled.certificate.holds()
    digits = 1e-12 if scale > 1e-300 else 1e-2  # the coordinates themselves have few
    expected = Fraction(value) * Fraction(scale) ** POWERS[metric]
    assert abs(Fraction(float(scaled.value)) / expected - 1) < digits


@pytest.mark.parametrize("scale", [1e-160, 1e-170, 1e160])
def test_what_the_refusal_advises_helps(scale: float, rng) -> None:
    X, Y = scale * rng.random((20, 2)), scale * rng.random((30, 2))
    with pytest.raises(sparse_ot.InputError, match="Rescale") as caught:
        PointCloudCost(X, Y, "euclidean")
    unit = float(str(caught.value).split("divide X and Y by ")[1].split(",")[0])
    assert sparse_ot.solve_sample(X / unit, Y / unit, metric="euclidean").value > 0.01


@pytest.mark.parametrize("metric", POWERS)
def test_a_few_tiny_coordinates_beside_ordinary_ones_are_ordinary(metric: str) -> None:
    X = np.array([[0.0, 1.0], [1e-200, 1.0], [1.0, 1.0]])
    assert sparse_ot.solve_sample(X, X[::-1], metric=metric).value == 0.0


@pytest.mark.parametrize("metric", POWERS)
@pytest.mark.parametrize("place", [0.0, 1e-200, 1.0, 1e200])
def test_all_points_in_one_place_are_at_distance_0(place: float, metric: str) -> None:
    X = np.full((3, 2), place)
    without_direction = metric == "cosine" and place == 0.0
    value = sparse_ot.solve_sample(X, X[:2], metric=metric).value
    assert value == (1.0 if without_direction else 0.0)


def test_only_differences_count() -> None:
    """Far from the origin, near one another: exactly representable, so exactly solved."""
    X = 2.0**600 + 2.0**560 * np.arange(4.0)[:, None]
    with pytest.raises(sparse_ot.InputError, match="squares of distances reach"):
        sparse_ot.solve_sample(X, X + 2.0**560)
    X = 2.0**500 + 2.0**460 * np.arange(4.0)[:, None]
    assert sparse_ot.solve_sample(X, X + 2.0**460).value == 2.0**920


def test_single_precision_holds_fewer_squares(rng) -> None:
    X, Y = rng.random((2, 20, 2)).astype(np.float32)
    for scale in (1e-20, 1e20):
        with pytest.raises(sparse_ot.InputError, match="which float32 holds"):
            sparse_ot.solve_sample(X * np.float32(scale), Y * np.float32(scale))
        near = sparse_ot.solve_sample(
            X * np.float32(scale), Y * np.float32(scale), metric="euclidean"
        )
        assert float(near.value) / scale == pytest.approx(
            float(sparse_ot.solve_sample(X, Y, metric="euclidean").value), rel=1e-5
        )


def test_graphs_refuse_what_clouds_do(rng) -> None:
    X, Y = 1e-170 * rng.random((2, 20, 2))
    with pytest.raises(sparse_ot.InputError, match="Rescale"):
        sparse_ot.knn_cost(X, Y, 3)


def test_the_range_of_coordinates_may_overflow_itself() -> None:
    with pytest.raises(sparse_ot.InputError, match=r"Rescale: divide X and Y by 1\.8e\+308"):
        sparse_ot.solve_sample([[-1.7e308]], [[1.7e308]], metric="cityblock")
