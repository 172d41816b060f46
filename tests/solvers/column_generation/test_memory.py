"""The estimate that a memory limit is judged by is above what a solve really takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import numpy as np, sparse_ot
from sparse_ot.solvers.column_generation.memory_estimate import ARC_BYTES, GROWTH, estimate

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

n, d, metric, masses = {n}, {d}, {metric!r}, {masses}
rng = np.random.default_rng(0)
X, Y = rng.random((n, d)), rng.random((n, d))
a = b = None
if masses:
    a, b = rng.random(n), rng.random(n)
    a, b = a / a.sum(), b / b.sum()
before = peak()
base, arcs = estimate(sparse_ot.PointCloudCost(X, Y))
limit = base + GROWTH * arcs * ARC_BYTES
solution = sparse_ot.solve_sample(X, Y, a, b, metric, memory_limit=limit)
print(solution.status.name, peak() - before, limit)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own accounts")
@pytest.mark.parametrize(
    ("n", "d", "metric", "masses"),
    [
        (200, 2, "sqeuclidean", True),
        (5_000, 2, "euclidean", True),
        (5_000, 3, "cosine", False),
        (5_000, 32, "cityblock", False),
        pytest.param(20_000, 2, "sqeuclidean", True, marks=pytest.mark.slow),
        pytest.param(20_000, 8, "sqeuclidean", False, marks=pytest.mark.slow),
        pytest.param(20_000, 64, "euclidean", False, marks=pytest.mark.slow),
    ],
)
def test_the_peak_stays_below_the_estimate(
    n: int, d: int, metric: str, masses: bool, tmp_path: Path
) -> None:
    code = SCRIPT.format(n=n, d=d, metric=metric, masses=masses)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    status, taken, limit = done.stdout.split()
    assert status == "OPTIMAL"
    assert float(taken) < float(limit)
