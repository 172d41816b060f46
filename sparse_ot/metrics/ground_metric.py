"""All properties of a metric, in one record.

Every array library can compute a metric by its formula; the compiled core and the CUDA kernels can
compute those that they have. So each caller asks the record (`metric.core is None`) and evaluates
the formula tile by tile if it must. No caller keeps a list of names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from sparse_ot._typing import Array
from sparse_ot.core import search as core_search
from sparse_ot.metrics.directions import as_given

__all__ = ["Formula", "GroundMetric", "Preparation", "Swapped"]

Formula: TypeAlias = Callable[[Array, Array, Any], Array]
"""``(x, y, xp) -> costs``, over the last axis; all other axes broadcast."""

Preparation: TypeAlias = Callable[[Array, Array, Any], tuple[Array, Array]]
"""``(x, y, xp) -> (x, y)``."""


@dataclass(frozen=True, repr=False)
class GroundMetric:
    """The cost of moving a unit of mass between two points, and where it can be computed.

    Attributes
    ----------
    name : str
    formula : callable
        Costs of *prepared* points, in the array API: ``formula(*prepare(x, y, xp), xp)``.
    prepare : callable
        ``(x, y, xp) -> (x, y)``, row by row: makes the points that the formula, the core and the
        kernels take, with as many coordinates on both sides. Means of prepared points must be
        points of the same space, as the coarse-to-fine start needs them.
    core : Metric or None
        Its name in the compiled core; None if the core does not have it.
    cuda : str or None
        Its class in kernels/cuda/metrics.cuh; None if there is none.
    p : float or None
        The parameter, if the metric has one.
    of_p : callable or None
        Makes the metric for a parameter; then this record only holds the name.
    p_norm, power, factor : float
        If p_norm is not None, the cost is ``factor * |x − y|**power`` in the p-norm of prepared
        points.
    forms : {"gaps", "squares"} or None
        The quantities formed from the coordinates as given, which may leave the range of floating
        point: differences, or their squares. None if there are none, or none known.
    symmetric : bool
    unit : str
        Unit of the costs, for display.

    Examples
    --------
    >>> from sparse_ot.metrics import as_metric
    >>> as_metric("euclidean").p_norm, as_metric(("minkowski", 3)).p
    (2, 3.0)
    """

    name: str
    formula: Formula
    prepare: Preparation = as_given
    core: core_search.Metric | None = None
    cuda: str | None = None
    p: float | None = None
    of_p: Callable[[Any], GroundMetric] | None = None
    p_norm: float | None = None
    power: int = 1
    factor: float = 1.0
    forms: Literal["gaps", "squares"] | None = None
    symmetric: bool = True
    unit: str = ""

    def __repr__(self) -> str:
        """The same in every process, as required for the names of compiled programs."""
        return f"GroundMetric({self})"

    def __str__(self) -> str:
        return self.name if self.p is None else f"{self.name}, p = {self.p:g}"

    @property
    def core_p(self) -> float:
        """The parameter as the core takes it: 1.0 where there is none."""
        return 1.0 if self.p is None else self.p

    def swapped(self) -> GroundMetric:
        """The same cost with source and target exchanged, for searches from the targets.

        Examples
        --------
        >>> from sparse_ot.metrics import as_metric
        >>> as_metric(max).swapped().swapped() == as_metric(max)
        True
        """
        if self.symmetric:
            return self
        formula = self.formula
        back = formula.formula if isinstance(formula, Swapped) else Swapped(formula)
        return replace(self, formula=back)


@dataclass(frozen=True)
class Swapped:
    """A formula with its arguments exchanged; equal if the formulas are, so it compiles once."""

    formula: Formula

    def __call__(self, y: Array, x: Array, xp: Any) -> Array:
        """Costs of the pairs (x, y)."""
        return self.formula(x, y, xp)
