"""The problem in the user's files, and a line about each file that was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any

from sparse_ot.costs.graphs import knn_cost
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.errors import InputError
from sparse_ot.files.costs import cost_of
from sparse_ot.files.points import masses_of, points_of

if TYPE_CHECKING:
    from sparse_ot.cli.request import Request
    from sparse_ot.files.reading import Reading, Values

__all__ = ["Inputs", "read_inputs"]


@dataclass(frozen=True)
class Inputs:
    """What the files hold, with shapes that fit.

    Attributes
    ----------
    points : tuple of ndarrays (n, d), (m, d), or None
    cost : sparse container or ndarray, (n, m), or None
        One of `points` and `cost` is given.
    masses : tuple of ndarrays (n,), (m,)
        None for uniform masses.
    lines : list of str
        What was read, for the user to see.
    """

    points: tuple[Values, Values] | None
    cost: Any
    masses: tuple[Values | None, Values | None]
    lines: list[str]

    def costs(self, request: Request) -> Any:
        """The costs to solve with."""
        if self.points is None:
            return self.cost
        if request.k is None:
            return PointCloudCost(*self.points, request.ground)
        wanted = None if request.feasible is False else self.masses
        return knn_cost(*self.points, request.k, request.ground, feasible_for=wanted)


def read_inputs(request: Request) -> Inputs:
    """Read all files of a request that was checked.

    Raises
    ------
    FileError
        A file cannot be read; see `sparse_ot.files`.
    InputError
        The files do not fit together.
    """
    if request.cost is not None:
        cost, notes = cost_of(request.cost)
        shape, points = tuple(cost.shape), None
        of = (f"rows of {request.cost}", f"columns of {request.cost}")
        lines = _with_notes(f"{request.cost}: {_about_cost(cost)}", notes)
    else:
        assert request.x is not None, "the request was checked"
        assert request.y is not None, "the request was checked"
        x, y = points_of(request.x), points_of(request.y)
        _check_dimensions(request, x, y)
        cost, points = None, (x.values, y.values)
        shape = (len(x.values), len(y.values))
        of = (f"points of {x.name}", f"points of {y.name}")
        lines = [
            line for cloud in (x, y) for line in _with_notes(_about_points(cloud), cloud.notes)
        ]
    a, about_a = _masses("--a", request.a, shape[0], of[0])
    b, about_b = _masses("--b", request.b, shape[1], of[1])
    return Inputs(points, cost, (a, b), [*lines, *about_a, *about_b])


def _masses(
    option: str, name: str | None, count: int, whose: str
) -> tuple[Values | None, list[str]]:
    """The masses of an option, one for each of `count` points, and what to say of them."""
    if name is None:
        return None, [f"no {option}: a mass of {1 / count:.6g} for each of the {count} {whose}"]
    found = masses_of(name)
    if len(found.values) != count:
        msg = (
            f"{option} {name}: found shape ({len(found.values)},), expected ({count},): one mass "
            f"for each of the {whose}."
        )
        raise InputError(msg)
    total = fsum(found.values)
    return found.values, _with_notes(f"{name}: {count} masses, total {total:.12g}", found.notes)


def _check_dimensions(request: Request, x: Reading, y: Reading) -> None:
    d, other = x.values.shape[1], y.values.shape[1]
    if d != other:
        msg = (
            f"{x.name} holds points of {_coordinates(d, x)} and {y.name} of "
            f"{_coordinates(other, y)}; expected the same number."
        )
        raise InputError(msg)
    if request.plot is not None and d != 2:
        msg = (
            f"--plot draws points of the plane; those of {x.name} have {_coordinates(d, x)}. Leave "
            f"--plot out."
        )
        raise InputError(msg)


def _coordinates(d: int, cloud: Reading) -> str:
    names = f" ({_some(cloud.columns)})" if cloud.columns else ""
    return f"{d} coordinate{'s' * (d != 1)}{names}"


def _about_points(cloud: Reading) -> str:
    n, d = cloud.values.shape
    names = f" ({_some(cloud.columns)})" if cloud.columns else ""
    return f"{cloud.name}: {n} point{'s' * (n != 1)} in {d} dimension{'s' * (d != 1)}{names}"


def _about_cost(cost: Any) -> str:
    n, m = cost.shape
    stored = f", {cost.nnz:,} of them stored: the arcs" if hasattr(cost, "nnz") else ""
    return f"costs of {n} x {m} pairs{stored}"


def _with_notes(line: str, notes: Sequence[str]) -> list[str]:
    return [line, *(f"  {note}" for note in notes)]


def _some(names: tuple[str, ...], most: int = 6) -> str:
    return ", ".join(names[:most]) + ", ..." * (len(names) > most)
