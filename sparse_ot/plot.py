"""Pictures of plans and of cost graphs: all arcs in one line collection.

A plan or a graph between points of the plane is a set of segments. With one artist per segment, as
plotting calls in a loop make them, 40,000 segments take half a minute. As one `LineCollection` they
take about a second, and the legend has one entry instead of 40,000.

matplotlib is imported inside the functions, because `import sparse_ot` must not load it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sparse_ot._typing import Array, Sparse
from sparse_ot.backends.protocol import Backend
from sparse_ot.backends.registry import get_backend
from sparse_ot.errors import MissingDependencyError, ShapeError
from sparse_ot.result.ledger import TransferLedger

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

__all__ = ["new_figure", "plot2D_samples_mat", "plot_arcs"]

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.integer[Any]]


def plot2D_samples_mat(  # noqa: N802 (POT's name)
    xs: Array,
    xt: Array,
    G: Array | Sparse,
    thr: float = 1e-8,
    *,
    ax: Axes | None = None,
    **kwargs: Any,
) -> LineCollection:
    """Draw a plan as one segment per pair, with opacity in proportion to the mass.

    The call is that of `ot.plot.plot2D_samples_mat`, for dense plans and sparse containers alike.

    Parameters
    ----------
    xs : (n, 2) array
        Source positions.
    xt : (m, 2) array
        Target positions.
    G : (n, m) array or sparse container
        The plan.
    thr : float
        A pair is drawn when its mass exceeds `thr` times the largest mass of `G`.
    ax : matplotlib Axes, optional
        Where to draw; the current axes when not given.
    **kwargs
        Passed to `matplotlib.collections.LineCollection`: `color` (or `c`; black when not given),
        `linewidth`, `linestyle`, `zorder`, `label`. `alpha` is the opacity of the heaviest pair;
        the others are in proportion to their mass.

    Returns
    -------
    matplotlib.collections.LineCollection
        The segments, heaviest first, so that a legend shows the full colour. The limits of the
        axes follow them.

    Raises
    ------
    ShapeError
        When the positions are not in the plane, or `G` does not fit them.
    MissingDependencyError
        When matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, matplotlib
    >>> matplotlib.use("Agg")
    >>> X, Y = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    >>> len(plot2D_samples_mat(X, Y, np.eye(2) / 2).get_segments())
    2
    """
    rows, cols, mass, shape = _entries(G, "G")
    sources, targets = _points(xs, "xs"), _points(xt, "xt")
    _check_fit(sources, targets, shape, ("xs", "xt", "G"))
    largest = mass.max(initial=0.0)
    relative = mass / largest if largest > 0 else np.zeros_like(mass)
    drawn = np.flatnonzero((relative > thr) & (relative > 0))
    drawn = drawn[np.argsort(-relative[drawn], kind="stable")]
    color = kwargs.pop("color", kwargs.pop("c", "k"))
    alpha = kwargs.pop("alpha", None)
    opacity = relative[drawn] * (1.0 if alpha is None else alpha) if len(drawn) else None
    return _add_segments(
        sources[rows[drawn]], targets[cols[drawn]], ax, color=color, alpha=opacity, **kwargs
    )


def plot_arcs(
    X: Array, Y: Array, M: Array | Sparse, *, ax: Axes | None = None, **kwargs: Any
) -> LineCollection:
    """Draw the pairs that a cost allows: one segment per arc, all alike.

    Parameters
    ----------
    X : (n, 2) array
        Source positions.
    Y : (m, 2) array
        Target positions.
    M : (n, m) array or sparse container
        The cost. Stored entries of a container and entries of a dense matrix are arcs, also when
        they are 0; an infinite cost is not an arc.
    ax : matplotlib Axes, optional
        Where to draw; the current axes when not given.
    **kwargs
        Passed to `matplotlib.collections.LineCollection`; `c` is understood as `color`.

    Returns
    -------
    matplotlib.collections.LineCollection
        The segments, in the order of `M`. The limits of the axes follow them.

    Raises
    ------
    ShapeError
        When the positions are not in the plane, or `M` does not fit them.
    MissingDependencyError
        When matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, matplotlib
    >>> matplotlib.use("Agg")
    >>> X, Y = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    >>> cost = np.array([[1.0, np.inf], [2.0, 0.0]])
    >>> len(plot_arcs(X, Y, cost, color="tab:blue").get_segments())
    3
    """
    rows, cols, costs, shape = _entries(M, "M")
    sources, targets = _points(X, "X"), _points(Y, "Y")
    _check_fit(sources, targets, shape, ("X", "Y", "M"))
    arcs = np.flatnonzero(np.isfinite(costs))
    color = kwargs.pop("color", kwargs.pop("c", "#0072B2"))
    return _add_segments(sources[rows[arcs]], targets[cols[arcs]], ax, color=color, **kwargs)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sized in inches, that opens no window and does not change pyplot's state.

    Raises
    ------
    MissingDependencyError
        When matplotlib is not installed.
    """
    with _matplotlib_needed():
        from matplotlib.figure import Figure
    return Figure(figsize=(width, height), dpi=100)


@contextmanager
def _matplotlib_needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        msg = "Drawing needs matplotlib, which is not installed: pip install 'sparseot[plot]'"
        raise MissingDependencyError(msg) from error


def _add_segments(
    tails: Floats, heads: Floats, ax: Axes | None, *, color: Any, **kwargs: Any
) -> LineCollection:
    with _matplotlib_needed():
        from matplotlib import pyplot
        from matplotlib.collections import LineCollection
    ax = pyplot.gca() if ax is None else ax
    segments = LineCollection(list(np.stack([tails, heads], axis=1)), colors=color, **kwargs)
    ax.add_collection(segments)
    ax.autoscale_view()  # adding a collection changes the data limits, not the view
    return segments


def _entries(M: Array | Sparse, name: str) -> tuple[Indices, Indices, Floats, tuple[int, int]]:
    """Rows, columns and values of all entries of any library's matrix, on the host."""
    backend = get_backend(M, names=(name,))
    if backend.is_sparse(M):
        parts = backend.coo_parts(M)
        rows, cols, values = _on_host(backend, parts.rows, parts.cols, parts.values)
        inside = (rows < parts.shape[0]) & (cols < parts.shape[1])  # padding lies outside
        return rows[inside], cols[inside], values[inside].astype(float), parts.shape
    (dense,) = _on_host(backend, backend.asarray(M))
    if dense.ndim != 2:
        msg = f"{name} has shape {dense.shape}; expected a matrix."
        raise ShapeError(msg)
    rows, cols = (index.ravel() for index in np.indices(dense.shape, sparse=False))
    return rows, cols, dense.ravel().astype(float), dense.shape


def _points(x: Array, name: str) -> Floats:
    backend = get_backend(x, names=(name,))
    (points,) = _on_host(backend, backend.asarray(x))
    if points.ndim != 2 or points.shape[1] != 2:
        msg = (
            f"{name} has shape {points.shape}; pictures are of points in the plane, shape (n, 2). "
            f"Pass two columns, such as {name}[:, :2]."
        )
        raise ShapeError(msg)
    return points.astype(float)


def _on_host(backend: Backend, *arrays: Array) -> list[npt.NDArray[Any]]:
    """Copy arrays to the host through the backend's door."""
    seen: list[npt.NDArray[Any]] = []

    def look(*on_host: npt.NDArray[Any]) -> tuple[()]:
        seen.extend(on_host)
        return ()

    backend.host_call(look, *arrays, out=(), ledger=TransferLedger())
    return [np.asarray(array) for array in seen]


def _check_fit(
    sources: Floats, targets: Floats, shape: tuple[int, int], names: tuple[str, str, str]
) -> None:
    if shape != (len(sources), len(targets)):
        msg = (
            f"{names[2]} has shape {shape}, but {names[0]} holds {len(sources)} points and "
            f"{names[1]} {len(targets)}; expected shape {(len(sources), len(targets))}."
        )
        raise ShapeError(msg)
