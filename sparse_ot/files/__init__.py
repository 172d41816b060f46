"""Points, masses, costs and plans in files; every error names the file, and the place in it.

Points and masses are read from arrays and from tables:

- `.npy`; `.npz` with one array, or one of several named as ``points.npz:name``.
- `.csv`, `.tsv` and `.txt`, also with `.gz` after: one point per line, fields parted by commas,
  semicolons, tabs or white space. A header line of names, `#` comments and blank lines are skipped;
  ``cells.csv:x,y`` reads the columns of these names. A missing value is an error. A column at the
  left without a name, the index of a table, is left out with a warning.

Costs are read from these too, and from what `scipy.sparse.save_npz` and `scipy.io.mmwrite` write,
where the stored entries are the arcs.

Plans are written as `.npz`, `.csv` or `.mtx`, whole or not at all. Nothing is pickled or unpickled.
"""

from sparse_ot.files.costs import read_cost
from sparse_ot.files.errors import FileError
from sparse_ot.files.plans import StoredPlan, read_plan, write_plan
from sparse_ot.files.points import read_masses, read_points

__all__ = [
    "FileError",
    "StoredPlan",
    "read_cost",
    "read_masses",
    "read_plan",
    "read_points",
    "write_plan",
]
