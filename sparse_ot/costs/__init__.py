"""What does moving mass cost, and which arcs exist? See `model` for the questions asked.

- `SparseCost`: explicit arcs; the graph is what the user says it is.
- `DenseCost`: a matrix of all pairs, which stays on its device.
- `PointCloudCost`: points and a metric; all pairs, and never a matrix.

`graphs` assembles sparse costs for users.
"""

from sparse_ot.costs.arc_lists import Arcs
from sparse_ot.costs.model import CostModel

__all__ = ["Arcs", "CostModel"]
