"""Plans and graphs are drawn as one artist each, wherever their numbers lie."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from sparse_ot.errors import MissingDependencyError, ShapeError
from sparse_ot.plot import plot2D_samples_mat, plot_arcs

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

X = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, -1.0]])
Y = np.array([[0.0, 3.0], [5.0, 1.0]])
PLAN = np.array([[0.4, 0.0], [0.1, 0.2], [0.0, 0.3]])
FORMATS = ["coo", "csr", "csc", "lil", "dok", "bsr"]


@pytest.fixture
def ax() -> Iterator[Any]:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    yield axes
    pyplot.close(figure)


def containers(dense: np.ndarray) -> list[Any]:
    arrays: list[Any] = [getattr(sp.coo_array(dense), f"to{kind}")() for kind in FORMATS]
    return [dense, dense.tolist(), sp.coo_matrix(dense), *arrays]


@pytest.mark.parametrize("plan", containers(PLAN), ids=lambda p: type(p).__name__)
def test_every_container_gives_the_same_picture(ax: Any, plan: Any) -> None:
    drawn = plot2D_samples_mat(X, Y, plan)
    pairs = {tuple(segment.ravel()) for segment in drawn.get_segments()}
    assert pairs == {(*X[i], *Y[j]) for i, j in np.argwhere(PLAN > 0)}
    assert list(ax.collections) == [drawn]


def test_opacity_is_mass_relative_to_the_largest_times_alpha(ax: Any) -> None:
    drawn: Any = plot2D_samples_mat(X, Y, PLAN, alpha=0.5, c=[0.5, 0.5, 1.0])
    colours = drawn.get_edgecolors()
    np.testing.assert_allclose(colours[:, 3], [0.5, 0.375, 0.25, 0.125])  # heaviest first
    np.testing.assert_allclose(colours[:, :3], np.tile([0.5, 0.5, 1.0], (4, 1)))


def test_the_threshold_is_relative_to_the_largest_mass(ax: Any) -> None:
    assert len(plot2D_samples_mat(X, Y, 1e-12 * PLAN, thr=0.6).get_segments()) == 2


def test_black_unless_told_otherwise(ax: Any) -> None:
    drawn: Any = plot2D_samples_mat(X, Y, PLAN)
    assert np.all(drawn.get_edgecolors()[:, :3] == 0.0)


def test_a_label_makes_one_legend_entry(ax: Any) -> None:
    plot2D_samples_mat(X, Y, PLAN, label="plan")
    assert ax.get_legend_handles_labels()[1] == ["plan"]


def test_the_view_follows_the_segments(ax: Any) -> None:
    plot2D_samples_mat(X, Y, PLAN)
    assert ax.get_xlim()[0] <= 0.0 < 5.0 <= ax.get_xlim()[1] < 6.0
    assert ax.get_ylim()[0] <= -1.0 < 3.0 <= ax.get_ylim()[1] < 4.0


def test_an_empty_plan_draws_nothing_and_warns_of_nothing(ax: Any) -> None:
    assert plot2D_samples_mat(X, Y, np.zeros((3, 2))).get_segments() == []
    assert plot2D_samples_mat(X, Y, sp.coo_array((3, 2))).get_segments() == []


def test_arcs_are_stored_entries_and_never_infinite_ones(ax: Any) -> None:
    stored = sp.coo_array(([0.0, 1.0, np.inf], ([0, 1, 2], [0, 1, 0])), shape=(3, 2))
    assert len(plot_arcs(X, Y, stored).get_segments()) == 2
    assert len(plot_arcs(X, Y, np.where(PLAN > 0, 0.0, np.inf)).get_segments()) == 4


def test_given_axes_are_used(ax: Any) -> None:
    from matplotlib.figure import Figure

    other = Figure().subplots()
    drawn = plot_arcs(X, Y, PLAN, ax=other, color="tab:red", linewidth=2.0)
    assert drawn in other.collections
    assert not ax.collections


@pytest.mark.parametrize(
    ("x", "plan", "says"),
    [
        (np.zeros((3, 3)), PLAN, r"X\[:, :2\]|xs\[:, :2\]"),
        (np.zeros(3), PLAN, r"\(n, 2\)"),
        (X, PLAN.T, r"\(2, 3\).*\(3, 2\)"),
        (X, np.zeros(3), "matrix"),
    ],
)
@pytest.mark.parametrize("draw", [plot2D_samples_mat, plot_arcs])
def test_what_does_not_fit_is_named(ax: Any, draw: Any, x: Any, plan: Any, says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        draw(x, Y, plan)


def test_without_matplotlib_the_message_has_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.collections", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sparseot\[plot\]'"):
        plot_arcs(X, Y, PLAN)


def test_importing_the_module_does_not_import_matplotlib() -> None:
    code = "import sys, sparse_ot.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_forty_thousand_arcs_take_about_a_second(ax: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((200, 2)), rng.random((200, 2))
    began = time.process_time()
    plot_arcs(x, y, rng.random((200, 200)), linewidth=0.05, alpha=0.2)
    ax.figure.canvas.draw()
    assert time.process_time() - began < 5.0  # a loop of plot calls takes ten times as long
