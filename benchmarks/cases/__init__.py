"""Families of instances, one file each.

A family is a module of this package with a function ``cases()`` that yields `Case` objects. It is
found by being here: nothing else needs to be edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Literal

from benchmarks.problems import Problem

__all__ = ["Case", "Size", "all_cases", "select_cases"]

Size = Literal["quick", "normal", "heavy"]


@dataclass(frozen=True)
class Case:
    """One instance of a family.

    Attributes
    ----------
    family : str
        Gets one table and one picture.
    variant : str
        What else distinguishes it, as ``"d2-unit"``; gets one panel of the picture.
    n : int
        Sources; the abscissa of the picture.
    build : callable
        Makes the problem. Only called where the problem is needed.
    size : "quick", "normal" or "heavy"
        Quick ones make up ``--quick``; heavy ones run when asked for with ``--heavy`` or by name.
    peers : "any" or "heavy"
        Heavy: ours is fast enough for a run of this size and the others are not; they are tried
        with ``--heavy``, or where the case is asked for by name.
    known_value : float or None
        The optimum per unit of mass, where independent solvers have established it.
    memory_bound : (bytes per arc, bytes per node) or None
        What our own solve promises not to exceed; the report compares.
    """

    family: str
    variant: str
    n: int
    build: Callable[[], Problem] = field(compare=False)
    size: Size = "normal"
    peers: Literal["any", "heavy"] = "any"
    known_value: float | None = None
    memory_bound: tuple[int, int] | None = None

    @property
    def series(self) -> tuple[str, str]:
        """Family and variant: what cases of different sizes have in common."""
        return self.family, self.variant

    @property
    def name(self) -> str:
        return f"{self.family}/{self.variant}-n{self.n}"


def all_cases() -> list[Case]:
    """Every case of every family, families in alphabetical order."""
    found: list[Case] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        found += importlib.import_module(f"{__name__}.{module.name}").cases()
    return found


def select_cases(patterns: Sequence[str], *, quick: bool, heavy: bool) -> list[Case]:
    """The cases a run consists of.

    `patterns` name cases or families and may hold ``*``; a case named in full runs whatever its
    size. Without patterns: the quick ones, or all but the heavy ones, or all.

    Raises
    ------
    ValueError
        If a pattern fits no case.
    """
    cases = all_cases()
    for pattern in patterns:
        if not any(_fits(case, pattern) for case in cases):
            families = sorted({case.family for case in cases})
            msg = (
                f"no case fits {pattern!r}; families are {', '.join(families)}, and --list shows "
                "every case"
            )
            raise ValueError(msg)
    sizes = {"quick"} if quick else {"quick", "normal"} | ({"heavy"} if heavy else set())
    return [
        case
        for case in cases
        if case.name in patterns
        or (
            case.size in sizes
            and (not patterns or any(_fits(case, pattern) for pattern in patterns))
        )
    ]


def _fits(case: Case, pattern: str) -> bool:
    return pattern == case.family or fnmatch(case.name, pattern)
