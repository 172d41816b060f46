"""Cost matrices given in full: squared Euclidean between uniform clouds in the plane.

Every pair is an arc, so memory grows with n². Integer solvers see all n² arcs too: that is what a
user without a dense solver would do.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, Size
from benchmarks.points import matrix_problem

SIZES: dict[int, Size] = {
    500: "quick",
    1_000: "quick",
    2_000: "normal",
    5_000: "normal",
}


def cases() -> Iterator[Case]:
    """The family ``dense-matrix``."""
    for masses in ("unit", "masses"):
        for n, size in SIZES.items():
            yield Case(
                family="dense-matrix",
                variant=f"d2-{masses}",
                n=n,
                build=partial(matrix_problem, n, 2, masses),
                size=size,
            )
