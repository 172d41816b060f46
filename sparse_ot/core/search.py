"""The compiled search for cheap pairs, its metrics, and the curve that orders points in space.

`Metric` lists the metrics that the core computes (kernels/include/sparse_ot/geometry/metrics.hpp).
They take prepared points: `Metric.half_sqeuclidean` of unit vectors is the cosine cost.
"""

from sparse_ot._core import Metric, NearestIndex, hilbert_order, nearest, pair_costs

__all__ = ["Metric", "NearestIndex", "hilbert_order", "nearest", "pair_costs"]
