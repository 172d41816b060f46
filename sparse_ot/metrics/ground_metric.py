"""What everybody may ask about a metric, in one record.

Who can compute a metric differs: every array library by its formula, the compiled core and the
CUDA kernels if they know it. So each caller asks the record, `metric.core is None`, and goes
through tiles if it must; nobody keeps a list of names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from sparse_ot._typing import Array
from sparse_ot.core import search as core_search
from sparse_ot.metrics.formulas import as_given

__all__ = ["Formula", "GroundMetric", "Swapped"]

Formula: TypeAlias = Callable[[Array, Array, Any], Array]
"""``(x, y, xp) -> costs``, over the last axis; all other axes broadcast."""


@dataclass(frozen=True, repr=False)
class GroundMetric:
    """The cost of moving a unit of mass between two points, and who can compute it.

    Attributes
    ----------
    name : str
    formula : callable
        Costs of *prepared* points, in the array API: ``formula(prepare(x), prepare(y))``.
    prepare : callable
        ``(points, xp) -> points``, row by row: what the formula, the core and the kernels see.
        Means of prepared points are points of the same space, as the start coarse to fine needs.
    core : Metric or None
        What the compiled core calls it; None: it does not know it.
    cuda : str or None
        The class in kernels/cuda/metrics.cuh; None: there is none.
    p : float or None
        The parameter, of a metric that has one.
    of_p : callable or None
        Makes the metric of a parameter; then this record only holds the name.
    p_norm, power, factor : float
        Where p_norm is not None, the cost is ``factor * |x − y|**power`` in the p-norm of
        prepared points.
    forms : {"gaps", "squares"} or None
        What is formed of coordinates as they are given, and so may leave the range of floating
        point: differences, or their squares. None: nothing, or nothing that we know of.
    symmetric : bool
    unit : str
        Of costs, for people.

    Examples
    --------
    >>> from sparse_ot.metrics import as_metric
    >>> as_metric("euclidean").p_norm, as_metric(("minkowski", 3)).p
    (2, 3.0)
    """

    name: str
    formula: Formula
    prepare: Callable[[Array, Any], Array] = as_given
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
        """The same in every process, as the names of compiled programs need."""
        return f"GroundMetric({self})"

    def __str__(self) -> str:
        return self.name if self.p is None else f"{self.name}, p = {self.p:g}"

    @property
    def core_p(self) -> float:
        """The parameter as the core takes it: some number, also where there is none."""
        return 1.0 if self.p is None else self.p

    def swapped(self) -> GroundMetric:
        """The same cost with source and target exchanged: for searches that start at the targets.

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
    """A formula with its arguments exchanged. Equal if the formulas are: it compiles once."""

    formula: Formula

    def __call__(self, y: Array, x: Array, xp: Any) -> Array:
        """Costs of the pairs (x, y)."""
        return self.formula(x, y, xp)
