"""Searches by looking at every pair, with costs from SciPy: what ours are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist


def cost_matrix(x: Any, y: Any, metric: Any) -> Any:
    """Costs of all pairs in float64; coordinate differences, never the expanded square."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if callable(metric):
        n, m = len(x), len(y)
        return metric(np.repeat(x, m, axis=0), np.tile(y, (n, 1))).reshape(n, m)
    if isinstance(metric, tuple):
        return cdist(x, y, metric[0], p=metric[1])
    return cdist(x, y, metric)


def costs_on_numpy(x: Any, y: Any, metric: Any) -> Any:
    """What all pairs cost on NumPy, to the last bit: by the formula, or by the core's powers."""
    from sparse_ot.backends.numpy.search import pair_costs
    from sparse_ot.metrics import as_metric, evaluate

    if as_metric(metric).p is None:
        return evaluate(x[:, None], y[None], metric, np)
    rows, cols = np.indices((len(x), len(y))).reshape(2, -1)
    return pair_costs(x, y, rows, cols, metric).reshape(len(x), len(y))


def nearest(costs: Any, k: int, offset: Any = None) -> Any:
    """Indices (n, k) of the smallest entries of each row plus offset, ties by smaller index."""
    ranked = costs if offset is None else costs + offset
    columns = np.broadcast_to(np.arange(costs.shape[1]), costs.shape)
    return np.lexsort((columns, ranked), axis=-1)[:, :k]


def cubed_cityblock(x: Any, y: Any) -> Any:
    """A cost that no table has; array API only."""
    return abs(x - y).sum(axis=-1) ** 3


def one_sided(x: Any, y: Any) -> Any:
    """A cost that is not symmetric: uphill is expensive."""
    gap = (y - x).sum(axis=-1)
    return gap * (gap > 0) + 0.25 * abs(gap)
