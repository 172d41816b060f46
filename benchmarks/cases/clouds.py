"""Point clouds, every pair allowed, never a matrix: the optimum over all n·m pairs.

Uniform clouds match nearly everywhere: masses travel no further than a few neighbours. Normal
clouds of different widths make every mass travel. Clusters do so too, and mix densities. Dimension
decides how much neighbours mean: 2 and 3, 8, 32. Not every combination is here; each kind of cloud
and each dimension is, with equal masses and with masses 1..999.

Up to 5,000 points a matrix does no harm. At 20,000 it takes its solvers gigabytes and minutes:
there the normal run has only ours, and the others come with ``--heavy``, which goes on to a
million points.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, Size
from benchmarks.points import point_problem

# Optima per unit of mass, found by a prototype of column generation with bounds that met. The one
# of 20,000 points in the plane with equal masses was found by a dense network simplex (POT) too.
KNOWN_VALUES: dict[tuple[str, int], float] = {
    ("uniform-d2-unit", 20_000): 0.00012475303585,
    ("uniform-d2-masses", 20_000): 0.000150073370860,
    ("uniform-d3-unit", 20_000): 0.001007575365667,
    ("uniform-d8-unit", 20_000): 0.0755838784686,
    ("uniform-d2-unit", 100_000): 2.69154116376e-05,
    ("uniform-d2-masses", 100_000): 3.093457660969578e-05,
    ("uniform-d3-unit", 100_000): 0.000337926986657,
    ("uniform-d2-unit", 1_000_000): 2.52403442165e-06,
}

SIZES: dict[tuple[str, int, str], tuple[int, ...]] = {
    ("uniform", 2, "unit"): (1_000, 2_000, 5_000, 20_000, 100_000, 1_000_000),
    ("uniform", 2, "masses"): (1_000, 2_000, 5_000, 20_000, 100_000, 1_000_000),
    ("uniform", 3, "unit"): (2_000, 5_000, 20_000, 100_000),
    ("uniform", 3, "masses"): (2_000, 5_000, 20_000, 100_000),
    ("uniform", 8, "unit"): (1_000, 5_000, 20_000),
    ("uniform", 32, "masses"): (2_000, 5_000, 20_000),
    ("gaussian", 2, "unit"): (2_000, 5_000, 20_000, 100_000),
    ("gaussian", 8, "masses"): (2_000, 5_000, 20_000),
    ("gaussian", 32, "unit"): (5_000, 20_000),
    ("clustered", 2, "masses"): (1_000, 2_000, 5_000, 20_000, 100_000),
    ("clustered", 3, "unit"): (2_000, 5_000, 20_000),
    ("clustered", 8, "masses"): (5_000, 20_000),
}
QUICK = 1_000
MAX_WITH_PEERS = 5_000
MAX_NORMAL = 20_000


def cases() -> Iterator[Case]:
    """The family ``clouds``."""
    for (cloud, d, masses), sizes in SIZES.items():
        variant = f"{cloud}-d{d}-{masses}"
        for n in sizes:
            size: Size = "quick" if n <= QUICK else "normal" if n <= MAX_NORMAL else "heavy"
            yield Case(
                family="clouds",
                variant=variant,
                n=n,
                build=partial(point_problem, cloud, n, d, masses),
                size=size,
                peers="any" if n <= MAX_WITH_PEERS else "heavy",
                known_value=KNOWN_VALUES.get((variant, n)),
            )
