r"""The metrics: the costs between points that exist, their names, and where they are computed.

| metric             | cost of moving a unit of mass from x to y       | unit              |
| ------------------ | ----------------------------------------------- | ----------------- |
| `sqeuclidean`      | ``Σ (x_i − y_i)²``; Wasserstein-2, squared      | length²           |
| `euclidean`        | ``√Σ (x_i − y_i)²``; Wasserstein-1              | length            |
| `cityblock`        | ``Σ \|x_i − y_i\|``                             | length            |
| `chebyshev`        | ``max \|x_i − y_i\|``                           | length            |
| `cosine`           | ``1 − cos(x, y)`` = half the squared chord      | none, from 0 to 2 |
| `correlation`      | ``1 − corr(x, y)``: cosine of centred vectors   | none, from 0 to 2 |
| `("minkowski", p)` | ``(Σ \|x_i − y_i\|^p)^(1/p)``, p from 1 on      | length            |
| a function         | whatever it returns for rows of pairs           | its own           |

A function takes two (p, d) arrays of the caller's library and returns (p,) costs. It is called
with rows of *pairs*, so it must not mix rows, and it need not be symmetric.

The names are SciPy's. A vector without a direction (zero under cosine, of equal coordinates under
correlation) has cost 1 to every vector, also to others without one: their cosine counts as 0, as in
scikit-learn, where SciPy has NaN. The derivative in such a vector is 0.
Minkowski's metric with p = 1 and 2 is `cityblock` and `euclidean`, and is computed as these.

*One cost per pair.* On NumPy all costs come from the compiled core, if it has the metric. They
equal those of the formulas to the last bit, except for Minkowski's, whose powers are the C
library's. Other libraries evaluate the formulas, or have kernels of their own (CUDA).

To add a metric, add a record here. Nothing more is required: a metric that neither the core nor the
kernels have is evaluated tile by tile.
"""

from __future__ import annotations

import math
from difflib import get_close_matches
from numbers import Real
from typing import Any

from sparse_ot._messages import kind_of
from sparse_ot._typing import Array, Metric
from sparse_ot.core import search as core_search
from sparse_ot.errors import InputError
from sparse_ot.metrics import directions, formulas
from sparse_ot.metrics.ground_metric import GroundMetric

__all__ = ["METRICS", "GroundMetric", "as_metric", "evaluate"]


def _minkowski(p: Any) -> GroundMetric:
    """Minkowski's metric; exponents 1 and 2 give the named metrics, which need no powers."""
    number = isinstance(p, Real) and not isinstance(p, bool)
    exponent = float(p) if number else math.nan
    if not 1 <= exponent < math.inf:
        hint = " The limit for large p is 'chebyshev'." if exponent == math.inf else ""
        msg = (
            f"The exponent of the metric 'minkowski' is {p!r}. Expected a finite number of at "
            f"least 1, as in metric=('minkowski', 3.0).{hint}"
        )
        raise InputError(msg)
    known = {1.0: "cityblock", 2.0: "euclidean"}.get(exponent)
    if known is not None:
        return METRICS[known]
    return GroundMetric(
        name="minkowski",
        formula=formulas.Minkowski(exponent),
        core=core_search.Metric.minkowski,
        cuda="Minkowski",
        p=exponent,
        p_norm=exponent,
        forms="gaps",
        unit="length",
    )


METRICS: dict[str, GroundMetric] = {
    metric.name: metric
    for metric in (
        GroundMetric(
            name="sqeuclidean",
            formula=formulas.sqeuclidean,
            core=core_search.Metric.sqeuclidean,
            cuda="SqEuclidean",
            p_norm=2,
            power=2,
            forms="squares",
            unit="length²",
        ),
        GroundMetric(
            name="euclidean",
            formula=formulas.euclidean,
            core=core_search.Metric.euclidean,
            cuda="Euclidean",
            p_norm=2,
            forms="squares",
            unit="length",
        ),
        GroundMetric(
            name="cityblock",
            formula=formulas.cityblock,
            core=core_search.Metric.cityblock,
            cuda="Cityblock",
            p_norm=1,
            forms="gaps",
            unit="length",
        ),
        GroundMetric(
            name="chebyshev",
            formula=formulas.chebyshev,
            core=core_search.Metric.chebyshev,
            cuda="Chebyshev",
            p_norm=math.inf,
            forms="gaps",
            unit="length",
        ),
        GroundMetric(
            name="cosine",
            formula=formulas.half_sqeuclidean,
            prepare=directions.unit_vectors,
            core=core_search.Metric.half_sqeuclidean,
            cuda="HalfSqEuclidean",
            p_norm=2,
            power=2,
            factor=0.5,
            unit="none, from 0 to 2",
        ),
        GroundMetric(
            name="correlation",
            formula=formulas.half_sqeuclidean,
            prepare=directions.centred_unit_vectors,
            core=core_search.Metric.half_sqeuclidean,
            cuda="HalfSqEuclidean",
            p_norm=2,
            power=2,
            factor=0.5,
            unit="none, from 0 to 2",
        ),
        GroundMetric(
            name="minkowski",
            formula=formulas.Minkowski(math.nan),
            of_p=_minkowski,
            unit="length",
        ),
    )
}
"""The metrics by name; `as_metric` fills in the parameter of one that takes it."""


def as_metric(metric: Metric) -> GroundMetric:
    """The record of a name, of a name with a parameter, or of a function; a record is returned.

    Raises
    ------
    InputError
        None of these; the message suggests a similar name if there is one. Or a parameter that is
        missing, not expected, or out of range.

    Examples
    --------
    >>> as_metric("euclidean").unit
    'length'
    >>> as_metric(("minkowski", 3)).p
    3.0
    """
    if isinstance(metric, GroundMetric):
        return metric
    if isinstance(metric, str) and metric in METRICS:
        return _without_parameter(METRICS[metric])
    if isinstance(metric, (tuple, list)) and len(metric) == 2:
        name, parameter = metric
        if isinstance(name, str) and name in METRICS:
            return _with_parameter(METRICS[name], parameter)
        metric = name  # for the message
    elif callable(metric):
        name = getattr(metric, "__qualname__", type(metric).__qualname__)
        return GroundMetric(name=name, formula=formulas.OfPairs(metric), symmetric=False)
    found, hint = f"metric is {kind_of(metric)}", ""
    if isinstance(metric, str):
        close = get_close_matches(metric.lower(), METRICS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        found = f"Unknown metric {metric!r}"
    msg = (
        f"{found}. Expected one of {', '.join(METRICS)}, or a function of two "
        f"(p, d) arrays that returns (p,) costs.{hint}"
    )
    raise InputError(msg)


def _without_parameter(metric: GroundMetric) -> GroundMetric:
    if metric.of_p is not None:
        msg = (
            f"The metric {metric.name!r} needs a parameter. Expected a pair, as in "
            f"metric=({metric.name!r}, 3.0)."
        )
        raise InputError(msg)
    return metric


def _with_parameter(metric: GroundMetric, parameter: Any) -> GroundMetric:
    if metric.of_p is None:
        msg = (
            f"The metric {metric.name!r} takes no parameter, and {parameter!r} was given. Expected "
            f"metric={metric.name!r}."
        )
        raise InputError(msg)
    return metric.of_p(parameter)


def evaluate(x: Array, y: Array, metric: Metric, xp: Any) -> Array:
    """Costs between `x` and `y` by the formula, broadcast over all axes but the last.

    Parameters
    ----------
    x, y : array, (..., d)
        Coordinates; the leading axes broadcast against each other.
    metric : str, (str, float) or callable
        Anything that `as_metric` takes.
    xp : namespace
        The array-API namespace of both.

    Raises
    ------
    InputError
        Unknown metric.
    ShapeError, UnsupportedArrayError
        A function returned something other than one real cost per pair.

    Examples
    --------
    >>> import numpy as np
    >>> evaluate(np.asarray([[0.0, 0.0]]), np.asarray([[3.0, 4.0]]), "euclidean", np)
    array([5.])
    """
    metric = as_metric(metric)
    return metric.formula(*metric.prepare(x, y, xp), xp)
