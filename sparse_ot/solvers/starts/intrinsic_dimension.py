"""The intrinsic dimension of a cloud, estimated from distances to nearest neighbours.

A coarse-to-fine start pays where groups of neighbours are compact, and they are less compact in
higher dimensions. The dimension of the data counts, not that of the space around it, so it is
estimated. Measured on pairs of uniform clouds, equal masses in equal numbers, CPU seconds for the
whole solve:

| points per side | d | coarse to fine | from a plain start |
| --- | --- | --- | --- |
| 20 000 | 2 | 1.4 | 2.9 |
| 20 000 | 3 | 2.2 | 0.9 |
| 20 000 | 8 | 10.0 | 1.7 |
| 100 000 | 3 | 15.9 | 9.7 |

Reference: Facco, d'Errico, Rodriguez and Laio 2017, Scientific Reports 7, 12140: the ratio of the
distances to the second and to the first neighbour has the distribution 1 − r⁻ᵈ.
"""

from __future__ import annotations

import numpy as np

from sparse_ot._typing import HostArray

__all__ = ["intrinsic_dimension"]


SAMPLE, QUERIES = 3000, 500


def intrinsic_dimension(points: HostArray) -> float:
    """Dimension of a cloud (p, d), from 0 (all in one place) to about d.

    Deterministic: the sample takes points at a regular stride. The error is about 5 %.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.random((4000, 2)) @ rng.normal(size=(2, 50))
    >>> round(intrinsic_dimension(plane))
    2
    """
    from scipy.spatial.distance import cdist  # slow to load, so not with the package

    sample = np.asarray(points[:: max(1, len(points) // SAMPLE)], np.float64)
    queries = sample[:: max(1, len(sample) // QUERIES)]
    if len(sample) < 3:
        return 0.0
    nearest = np.partition(cdist(queries, sample), 2, axis=1)[:, 1:3]
    first, second = nearest[nearest[:, 0] > 0].T  # column 0 is the point itself
    if first.size == 0:
        return 0.0
    spread = float(np.log(second / first).mean())
    return min(1.0 / spread if spread > 0 else np.inf, float(points.shape[1]))
