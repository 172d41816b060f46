"""Arguments that several public functions take, each checked in one place."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from sparse_ot._messages import kind_of
from sparse_ot._typing import Array
from sparse_ot.backends.protocol import Backend
from sparse_ot.backends.registry import get_backend
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.masses import as_vector
from sparse_ot.problem.problem import Problem

__all__ = ["OnInfeasible", "on_infeasible", "warm_start"]

OnInfeasible: TypeAlias = Literal["raise", "warn"]


def on_infeasible(value: Any) -> OnInfeasible:
    """Whether to raise or to warn where there is no plan."""
    if not isinstance(value, str) or value not in ("raise", "warn"):
        msg = f'on_infeasible must be "raise" or "warn", found {value!r}.'
        raise InputError(msg)
    return "warn" if value == "warn" else "raise"


def warm_start(problem: Problem, potentials: Any) -> tuple[Array, Array] | None:
    """Potentials (u, v) to start from as arrays of the problem's library, or None.

    Raises
    ------
    ShapeError
        Not a pair, or not one number per point.
    MixedBackendsError, UnsupportedArrayError
        Not arrays of the problem's library.
    """
    if potentials is None:
        return None
    words = problem.words
    if not _is_pair(potentials, problem.backend):
        msg = f"{words.start} must be {words.start_is}; found {kind_of(potentials)}."
        raise ShapeError(msg)
    u, v = potentials
    names = (f"{words.start}[0]", f"{words.start}[1]")
    get_backend(problem.cost.like, u, v, names=(words.costs, *names))
    u, v = (
        as_vector(problem.backend, x, count, name, problem.cost.like)
        for x, count, name in zip((u, v), problem.shape, names, strict=True)
    )
    return u, v


def _is_pair(x: Any, backend: Backend) -> bool:
    """Whether `x` is two things in a list or tuple, or an array of two rows."""
    if isinstance(x, (list, tuple)):
        return len(x) == 2 and all(one is not None for one in x)
    return backend.owns(x) and not backend.is_sparse(x) and x.shape[:1] == (2,)
