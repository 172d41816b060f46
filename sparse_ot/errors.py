"""The errors of the library, and what they carry.

An error says what was found, what was expected, and what to do about it. All derive from
`SparseOTError`. Where a builtin error fits, they also derive from it, so that callers who catch it
need no change (`ValueError` for bad values, `TypeError` for wrong array libraries, and so on).
"""

from __future__ import annotations

import copyreg
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparse_ot._contents import ByContents

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "BackendError",
    "HallViolation",
    "InfeasibleError",
    "InputError",
    "InternalError",
    "MassError",
    "MissingDependencyError",
    "MixedBackendsError",
    "NonFiniteError",
    "ShapeError",
    "SparseOTError",
    "UnsupportedArrayError",
]


class SparseOTError(Exception):
    """Base class of the errors of sparse_ot.

    All of them can be copied and pickled, with whatever attributes they have, and so can classes
    derived from them. So an error that is raised in another process arrives as it is.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """How Python makes an error again, but without calling its constructor.

        A constructor may take more than the message, and need not say what it did with it.
        """
        made: Any = super().__reduce__()  # the class, its arguments, attributes if any
        return copyreg.__newobj__, (type(self), *made[1]), *made[2:]  # type: ignore[attr-defined]


class InputError(SparseOTError, ValueError):
    """The problem as given is not an optimal transport problem."""


class ShapeError(InputError, AssertionError):
    """Two arrays do not fit together.

    Also an `AssertionError`, because that is what POT raises for them.
    """


class NonFiniteError(InputError):
    """A NaN, or an infinity where none is allowed."""


class MassError(InputError, AssertionError):
    """Masses are negative, all zero, or their totals differ.

    Also an `AssertionError`, because that is what POT raises for unequal totals.
    """


class BackendError(SparseOTError, TypeError):
    """The arrays cannot be used together, or not at all."""


class MixedBackendsError(BackendError):
    """Arrays of more than one library in one call."""


class UnsupportedArrayError(BackendError):
    """An array type, or an element type, that no backend understands."""


class MissingDependencyError(SparseOTError, ImportError):
    """An optional package is needed and is not installed."""


@dataclass(frozen=True, eq=False)
class HallViolation(ByContents):
    """Proof that a graph cannot carry the masses (Hall's theorem, weighted form).

    Every arc that leaves `sources` ends in `targets`, but the sources hold more mass (`supply`)
    than the targets can take (`demand`). It can be verified from the arcs alone. Two violations are
    equal if their contents are.

    Attributes
    ----------
    sources, targets : ndarray of int64
        Row and column indices of the two sets.
    supply, demand : float
        Their total masses; ``supply > demand``.
    """

    sources: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    supply: float
    demand: float

    @property
    def deficit(self) -> float:
        """Mass that no target can take: supply minus demand."""
        return self.supply - self.demand


class InfeasibleError(SparseOTError):
    """No plan on these arcs has these marginals; `violation` proves it.

    Attributes
    ----------
    violation : HallViolation
        Sources that hold more mass than the targets they reach can take.

    Examples
    --------
    >>> import numpy as np, sparse_ot
    >>> try:
    ...     sparse_ot.solve([[1.0, np.inf], [1.0, np.inf]])
    ... except sparse_ot.InfeasibleError as error:
    ...     print(error.violation.sources, error.violation.targets, error.violation.deficit)
    [0 1] [0] 0.5
    """

    def __init__(self, message: str, violation: HallViolation) -> None:
        super().__init__(message)
        self.violation = violation


class InternalError(SparseOTError):
    """A bug in sparse_ot. Please report it, with the message."""
