"""Cost models: what moving mass costs, and which arcs exist. `model` lists the questions asked.

- `SparseCost` (`sparse`): explicit arcs; the graph is given by the user.
- `DenseCost` (`dense`): a matrix of all pairs, which stays on its device.
- `PointCloudCost` (`points`): points and a metric; all pairs, without a matrix.
- `CustomCost` (`custom`): a user's own object with the required answers.

`graphs` builds sparse costs for users.
"""

from sparse_ot.costs.arc_lists import Arcs
from sparse_ot.costs.model import CostModel

__all__ = ["Arcs", "CostModel"]
