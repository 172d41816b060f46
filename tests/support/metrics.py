"""The metrics that tests run over: every record, those with a parameter at several values."""

from __future__ import annotations

from typing import Any

from sparse_ot.metrics import METRICS, as_metric

EXPONENTS = (1, 1.5, 2.0, 3.0, 24.5)

EVERY_METRIC: list[Any] = [
    given
    for name, metric in METRICS.items()
    for given in ([name] if metric.of_p is None else [(name, p) for p in EXPONENTS])
]
"""As a caller writes them: a name, or a name with its parameter."""

EXACT: list[Any] = [metric for metric in EVERY_METRIC if as_metric(metric).p is None]
"""Those whose formulas consist of operations that round correctly: the core has the same bits."""
