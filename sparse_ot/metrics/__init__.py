"""The metric table: which costs between points exist, by what name.

| name          | cost of moving a unit of mass from x to y      | units             |
| ------------- | ---------------------------------------------- | ----------------- |
| `sqeuclidean` | ``Σ (x_i − y_i)²``; Wasserstein-2, squared     | length²           |
| `euclidean`   | ``√Σ (x_i − y_i)²``; Wasserstein-1             | length            |
| `cityblock`   | ``Σ \\|x_i − y_i\\|``                            | length            |
| `chebyshev`   | ``max \\|x_i − y_i\\|``                          | length            |
| `cosine`      | ``1 − cos(x, y)`` = half the squared chord     | none, from 0 to 2 |
| a function    | whatever it returns for rows of pairs          |                   |

A function takes two (p, d) arrays of the caller's library and returns (p,) costs. It is called
with rows of *pairs*, so it must not mix rows, and it need not be symmetric.

The names are SciPy's. The formulas are in `sparse_ot.metrics.formulas`, since a backend may
replace them by kernels of its own.
"""

from __future__ import annotations

from difflib import get_close_matches

from sparse_ot._typing import Array, Metric
from sparse_ot.errors import InputError
from sparse_ot.metrics.formulas import FORMULAS

__all__ = ["METRICS", "check_metric", "swapped"]

METRICS: tuple[str, ...] = tuple(FORMULAS)
"""Names of the metrics."""


def check_metric(metric: Metric) -> Metric:
    """`metric`, if it is a known name or a function.

    Raises
    ------
    InputError
        Otherwise; the message has the name that was probably meant.

    Examples
    --------
    >>> check_metric("euclidean")
    'euclidean'
    """
    if callable(metric) or (isinstance(metric, str) and metric in METRICS):
        return metric
    nearest = get_close_matches(str(metric).lower(), METRICS, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    msg = (
        f"Unknown metric {metric!r}. Expected one of {', '.join(METRICS)}, or a function of two "
        f"(p, d) arrays that returns (p,) costs.{hint}"
    )
    raise InputError(msg)


def swapped(metric: Metric) -> Metric:
    """The same cost with source and target exchanged: for searches that start at the targets."""
    if not callable(metric):
        return metric

    def exchanged(y: Array, x: Array) -> Array:
        return metric(x, y)

    return exchanged
