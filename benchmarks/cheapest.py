"""The cheapest pair of every source, from coordinates: what checks a lower bound without a matrix.

Potentials prove a lower bound only if no pair violates them, ``u[i] + v[j] <= |x[i] - y[j]|²``. So
for every source the smallest ``|x[i] - y[j]|² - v[j]`` over *all* targets is needed. Nothing here
is shared with a solver; there are two ways, both in memory that does not grow with the pairs:

- Tiles: ``|x|² + |y|² - 2 x·y - v`` by matrix products, block by block. Certain to end after n·m
  pairs, hence the way as long as these are few enough.
- A search tree, for d <= 3 and more pairs than that: with the coordinate ``sqrt(max v - v[j])``
  appended to y[j] and 0 to x[i], the smallest value is at the nearest neighbour. Fast where masses
  travel no further than a few neighbours, slow elsewhere; it stops when its time is over.

Where neither way will do the answer is None: not checked, which is not the same as right.

Floating-point numbers round, so every minimum is lowered by a bound on its rounding error. The
lower bound that comes of it stays proven, and loses some 1e-12 of the value.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Passes over a tile make a pair as dear as 16 multiply-adds, whatever d. This many take about a
# minute; 100,000 points against as many in d = 8 are within it.
MAX_MULTIPLY_ADDS = 3e11
PAIR_OVERHEAD = 16
# Products this small fit into a cache, and BLAS libraries make them without waking their threads,
# which would wait for each other wherever the machine is busy.
TILE_MULTIPLY_ADDS = 2**18
TILE_COLS = 2**11
TREE_DIMENSIONS = 3
TREE_SECONDS = 300.0
TREE_BLOCK = 2**15
ROUNDING = np.finfo(np.float64).eps


def largest_potentials(X: Floats, Y: Floats, v: Floats) -> Floats | None:
    """For each row of `X` the smallest ``|x - y[j]|² - v[j]``, never above it; None if too long.

    Parameters
    ----------
    X, Y : ndarray (n, d), (m, d)
        Coordinates.
    v : ndarray (m,)
        Potentials of the targets, all finite.

    Examples
    --------
    >>> X, Y = np.array([[0.0], [2.0]]), np.array([[0.0], [1.0]])
    >>> largest_potentials(X, Y, np.array([0.0, 3.0])).round(12).tolist()
    [-2.0, -2.0]
    """
    n, d = X.shape
    if n * len(Y) * (d + PAIR_OVERHEAD) <= MAX_MULTIPLY_ADDS:
        return by_tiles(X, Y, v)
    return by_tree(X, Y, v) if d <= TREE_DIMENSIONS else None


def by_tiles(X: Floats, Y: Floats, v: Floats) -> Floats:
    """All pairs, a tile of them at a time."""
    centre = Y.mean(axis=0)  # the expansion rounds relative to |x|² and |y|²: keep them small
    X, Y = X - centre, Y - centre
    x_squares, y_squares = np.einsum("id,id->i", X, X), np.einsum("jd,jd->j", Y, Y)
    shift, minus_two_y = y_squares - v, -2.0 * Y.T
    smallest = np.full(len(X), np.inf)
    cols = min(len(Y), TILE_COLS)
    rows = max(1, TILE_MULTIPLY_ADDS // (cols * X.shape[1]))
    tile = np.empty((rows, cols))
    for first in range(0, len(X), rows):
        block = X[first : first + rows]
        for start in range(0, len(Y), cols):
            part = slice(start, start + cols)
            values = tile[: len(block), : len(shift[part])]
            np.matmul(block, minus_two_y[:, part], out=values)
            values += shift[part]
            np.minimum(
                smallest[first : first + rows],
                values.min(axis=1),
                out=smallest[first : first + rows],
            )
    # Centring, d products and their sum, and the three sums around them, each within one rounding
    # of a number no larger than this; doubled for good measure.
    scale = 2.0 * (x_squares + y_squares.max()) + np.abs(v).max()
    lowered: Floats = smallest + x_squares - 2.0 * (X.shape[1] + 6) * ROUNDING * scale
    return lowered


def by_tree(X: Floats, Y: Floats, v: Floats, seconds: float = TREE_SECONDS) -> Floats | None:
    """A nearest-neighbour search one dimension up; None if it is not over in `seconds`."""
    from scipy.spatial import cKDTree  # every process of a measurement would wait for it

    deadline = time.monotonic() + seconds
    height = v.max() - v
    tree = cKDTree(np.column_stack([Y, np.sqrt(height)]))
    found = np.empty(len(X))
    for first in range(0, len(X), TREE_BLOCK):
        if time.monotonic() > deadline:
            return None
        block = X[first : first + TREE_BLOCK]
        _, j = tree.query(np.column_stack([block, np.zeros(len(block))]), workers=-1)
        # The search rounds like its distances: another target may be nearer by that much.
        costs = ((block - Y[j]) ** 2).sum(axis=1)
        slack = 4.0 * (X.shape[1] + 4) * ROUNDING * (costs + height[j])
        found[first : first + TREE_BLOCK] = costs - v[j] - slack - ROUNDING * np.abs(v).max()
    return found
