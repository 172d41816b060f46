"""Sparse k-NN graphs: 16 neighbours both ways and the diagonal, unit masses and masses 1..999.

Random masses make the same graph about ten times harder for every network simplex: pivots stop
being degenerate, trees grow deep, and each pivot rewrites thousands of potentials. In eight
dimensions the graph is easier than in two, because neighbours of neighbours are far.

Larger graphs with masses 1..999 are left out: nothing guarantees that they are feasible.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, Size
from benchmarks.points import knn_problem

# Optima per unit of mass on which a float64 network simplex (POT) and integer cost scaling
# (OR-tools) agreed to all digits that integer costs allow.
KNOWN_VALUES: dict[tuple[int, int, str], float] = {
    (1_000, 2, "unit"): 0.0021084008864914,
    (5_000, 2, "unit"): 0.00083902447867891,
    (1_000, 8, "unit"): 0.1809006958600745,
    (5_000, 8, "unit"): 0.1114642297742805,
    (1_000, 2, "masses"): 0.0041419550551785,
    (5_000, 2, "masses"): 0.0012124887581831,
    (1_000, 8, "masses"): 0.1997130425345248,
    (5_000, 8, "masses"): 0.1231665194558917,
}

SIZES: dict[str, dict[int, Size]] = {
    "unit": {1_000: "quick", 5_000: "quick", 20_000: "normal", 50_000: "normal", 100_000: "heavy"},
    "masses": {1_000: "quick", 5_000: "quick", 10_000: "normal", 20_000: "normal"},
}


def cases() -> Iterator[Case]:
    """The family ``sparse-knn``."""
    for masses, sizes in SIZES.items():
        for d in (2, 8):
            for n, size in sizes.items():
                yield Case(
                    family="sparse-knn",
                    variant=f"d{d}-{masses}",
                    n=n,
                    build=partial(knn_problem, n, d, masses),
                    size=size,
                    known_value=KNOWN_VALUES.get((n, d, masses)),
                    memory_bound=(150, 300),
                )
