"""Solutions as pytrees, so that compiled functions can take and return them.

Numbers and arrays are leaves. A known status is part of the structure. Under a trace the status is
an integer, a leaf like the others, and stays an integer when the function returns: compare it with
`Status.OPTIMAL.code`, or name it with `Status.from_code(int(status))`.
"""

from __future__ import annotations

from dataclasses import astuple, fields
from functools import cache
from typing import Any

from jax.tree_util import register_pytree_node

from sparse_ot.result.certificate import Certificate
from sparse_ot.result.ledger import TransferLedger
from sparse_ot.result.solution import Solution, SolveStats
from sparse_ot.result.status import Status

__all__ = ["register_pytrees"]


@cache
def register_pytrees() -> None:
    """Register `Solution`, `Certificate` and `SolveStats` with JAX, once."""
    register_pytree_node(Solution, _flatten_solution, _unflatten_solution)
    register_pytree_node(Certificate, _flatten_certificate, _unflatten_certificate)
    register_pytree_node(SolveStats, _flatten_stats, _unflatten_stats)


def _flatten_solution(s: Solution) -> tuple[Any, Any]:
    known = s.status if isinstance(s.status, Status) else None
    leaves = _fields(s, except_for=("status", "_backend"))
    return (leaves, s.status if known is None else None), (known, s._backend)


def _unflatten_solution(structure: Any, children: Any) -> Solution:
    (known, backend), (leaves, traced) = structure, children
    return Solution(**leaves, status=traced if known is None else known, _backend=backend)


def _flatten_certificate(c: Certificate) -> tuple[Any, Any]:
    return (_fields(c, except_for=("scope",)),), c.scope


def _unflatten_certificate(scope: Any, children: Any) -> Certificate:
    return Certificate(**children[0], scope=scope)


def _flatten_stats(s: SolveStats) -> tuple[Any, Any]:
    return (_fields(s, except_for=("crossings",)),), astuple(s.crossings)


def _unflatten_stats(crossings: Any, children: Any) -> SolveStats:
    return SolveStats(**children[0], crossings=TransferLedger(*crossings))


def _fields(x: Any, except_for: tuple[str, ...]) -> dict[str, Any]:
    return {f.name: getattr(x, f.name) for f in fields(x) if f.name not in except_for}
