"""Memory at two million arcs, where a bound per arc and per node is promised.

The bound, 150 bytes per arc and 300 per node above the caller's own arrays, is a promise of
sparse_ot; the peers' figures stand beside it. The graph has many neighbours (in three dimensions)
so that arcs outweigh nodes and the solve takes seconds, not minutes. The cases of ``sparse-knn``
are held to the same bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.cases import Case, Size
from benchmarks.points import knn_problem

BYTES_PER_ARC, BYTES_PER_NODE = 150, 300
NEIGHBOURS = 90
# With so many neighbours the larger graph holds the optimum of all pairs, which is known.
KNOWN_VALUES = {20_000: 0.001007575365667}
SIZES: dict[int, Size] = {2_000: "quick", 20_000: "normal"}


def cases() -> Iterator[Case]:
    """The family ``memory``: about 0.2 and 2 million arcs."""
    for n, size in SIZES.items():
        yield Case(
            family="memory",
            variant=f"d3-k{NEIGHBOURS}",
            n=n,
            build=partial(knn_problem, n, 3, "unit", NEIGHBOURS),
            size=size,
            known_value=KNOWN_VALUES.get(n),
            memory_bound=(BYTES_PER_ARC, BYTES_PER_NODE),
        )
