"""The compiled search for cheap pairs, its metrics, and the curve that orders points in space.

`Metric` names the metrics that the core computes (kernels/include/sparse_ot/geometry/metrics.hpp);
points are what they see: unit vectors for `Metric.half_sqeuclidean`, which then is the cosine cost.
"""

from sparse_ot._core import Metric, NearestIndex, hilbert_order, nearest, pair_costs

__all__ = ["Metric", "NearestIndex", "hilbert_order", "nearest", "pair_costs"]
