"""The points behind a cost matrix, where it holds squared or plain Euclidean distances.

Problem. Most matrices handed to an optimal transport solver were computed from points in few
dimensions. With the points a solve can start coarse to fine (`multiscale`), which the matrix alone
does not allow. So find points whose distances the entries are: *metric unfolding*, solved here from
a few rows and columns, in O((n + m) d) time, without looking at the rest of the matrix.

Method (Schönemann 1970, On metric multidimensional unfolding, Psychometrika 35, 349-366). From
``M[i, c] = |x_i|² − 2 x_i·y_c + |y_c|²`` subtract row means and column means. The remainder,
``−2 (x_i − x̄)·(y_c − ȳ)``, has rank d, and its singular vectors V give the points up to a linear
map G: ``x_i − x̄ = Gᵀ z_i`` with ``z_i`` the coordinates along V. The row means are quadratic in z,

    mean_c M[i, c] = z_i·Q z_i + w·z_i + constant,   Q = G Gᵀ,   w = 2 G (x̄ − ȳ),

so a least squares fit gives Q and w, and a Cholesky factor of Q serves as G (any other differs from
it by a rotation). Each y_j then follows from its distances to the sampled x.

*Trust.* The points only make a start. Random entries of the matrix are compared with the distances
found, and if they differ nothing is returned. If the matrix is different in entries that were not
compared, the start is worse; the answer stays right.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from sparse_ot._typing import HostArray

__all__ = ["points_behind"]

Clouds: TypeAlias = tuple[HostArray, HostArray]

MAX_DIMENSIONS = 8
SAMPLED, RUN = 64, 8
"""Number of rows, and of columns, that are read; in runs of neighbours, which share cache lines."""

COMPARED = 2000
"""Entries compared at the end."""

NEGLIGIBLE = 1e-7
"""Share of the largest singular value below which one counts as zero: squared distances in doubles
leave noise near 1e-15 of it, points rounded to single precision 1e-8."""

FIT = 1e-6
"""Largest misfit of a compared entry, as a share of the largest one. A start may be off by that
much, because the matrix itself prices its plan."""


def points_behind(matrix: HostArray) -> tuple[HostArray, HostArray, str] | None:
    """Points x (n, d), y (m, d), and the metric under which their costs are `matrix`; or None.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.random((300, 2)), rng.random((200, 2))
    >>> M = ((X[:, None] - Y) ** 2).sum(-1)
    >>> x, y, metric = points_behind(M)
    >>> x.shape, metric, np.allclose(((x[:, None] - y) ** 2).sum(-1), M)
    ((300, 2), 'sqeuclidean', True)
    >>> points_behind(np.sqrt(M))[2], points_behind(rng.random((300, 200)))
    ('euclidean', None)
    """
    for metric, power in (("sqeuclidean", 1), ("euclidean", 2)):
        found = _unfold(matrix, power)
        if found is not None:
            return *found, metric
    return None


def _unfold(matrix: HostArray, power: int) -> Clouds | None:
    """Points whose squared distances are ``matrix ** power``."""
    if min(matrix.shape) < SAMPLED:
        return None
    rows, cols = (_spread(count) for count in matrix.shape)
    basis = _basis(matrix[np.ix_(rows, cols)] ** power)  # a small block shows whether it pays
    if basis is None:
        return None
    of_cols, of_rows = matrix[:, cols] ** power, matrix[rows] ** power
    if not (np.isfinite(of_cols).all() and np.isfinite(of_rows).all()):
        return None
    z = (_centred(of_cols) - _centred(of_cols[rows]).mean(axis=0)) @ basis
    x = _in_space(z, of_cols.mean(axis=1), rows)
    if x is None:
        return None
    y = _from_distances(of_rows, x[rows])
    return (x, y) if y is not None and _fits(matrix, power, x, y) else None


def _spread(count: int) -> HostArray:
    """Places in 0 .. count-1, in runs at random positions, so that no period can match them."""
    runs = np.random.default_rng(0).permutation(count // RUN)[: SAMPLED // RUN]
    places: HostArray = (RUN * runs[:, None] + np.arange(RUN)).reshape(-1)
    return places


def _centred(distances: HostArray) -> HostArray:
    """Distances minus the mean of their row."""
    out: HostArray = distances - distances.mean(axis=1, keepdims=True)
    return out


def _basis(block: HostArray) -> HostArray | None:
    """Directions (p, d) in which the rows differ, column means removed; None unless d is small."""
    if not np.isfinite(block).all():
        return None
    centred = _centred(block)
    _, scale, basis = np.linalg.svd(centred - centred.mean(axis=0), full_matrices=False)
    d = int(np.count_nonzero(scale > NEGLIGIBLE * scale[0]))
    return basis[:d].T if 0 < d <= MAX_DIMENSIONS else None


def _in_space(z: HostArray, means: HostArray, rows: HostArray) -> HostArray | None:
    """The points, from z by the linear map and the shift fitted to `means`; None if none fits."""
    d = z.shape[1]
    scale = np.abs(z[rows]).max(axis=0)
    z = z / np.where(scale > 0, scale, 1.0)
    first, second = np.triu_indices(d)
    squares = z[rows][:, first] * z[rows][:, second] * np.where(first == second, 1.0, 2.0)
    terms = np.column_stack([squares, z[rows], np.ones(rows.size)])
    fit = np.linalg.lstsq(terms, means[rows], rcond=None)[0]
    Q = np.empty((d, d))
    Q[first, second] = Q[second, first] = fit[: first.size]
    try:
        G = np.linalg.cholesky(Q)
    except np.linalg.LinAlgError:
        return None
    shift = np.linalg.solve(G, fit[first.size : -1]) / 2.0
    x: HostArray = z @ G + shift
    return x


def _from_distances(distances: HostArray, x: HostArray) -> HostArray | None:
    """The points y (m, d) at these squared distances (p, m) from x (p, d), by least squares."""
    centred = x - x.mean(axis=0)
    try:
        weights = np.linalg.solve(centred.T @ centred, centred.T)
    except np.linalg.LinAlgError:
        return None
    # The weights of a row add up to 0, so the term that depends on y alone drops out.
    y: HostArray = 0.5 * (weights @ ((x**2).sum(axis=1)[:, None] - distances)).T
    return y


def _fits(matrix: HostArray, power: int, x: HostArray, y: HostArray) -> bool:
    rng = np.random.default_rng(1)
    i, j = (rng.integers(0, count, COMPARED) for count in matrix.shape)
    expected = matrix[i, j] ** power
    found = ((x[i] - y[j]) ** 2).sum(axis=1)
    return bool(np.abs(found - expected).max() <= FIT * np.abs(expected).max())
