"""Small problems, where the time of one call is mostly what surrounds the algorithm.

Every case of the suite is called again inside its process until half a second has passed, and
the median call counts; here that means hundreds to thousands of calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, Size
from benchmarks.points import knn_problem, matrix_problem

SIZES: dict[int, Size] = {
    20: "quick",
    50: "normal",
    100: "quick",
    200: "normal",
    500: "normal",
}


def cases() -> Iterator[Case]:
    """The family ``small``: matrices, and graphs of 16 neighbours, all with masses 1..999."""
    for n, size in SIZES.items():
        yield Case("small", "matrix", n, partial(matrix_problem, n, 2, "masses"), size)
        yield Case("small", "graph", n, partial(knn_problem, n, 2, "masses"), size)
