"""Settings of the whole suite: the same examples on every run, on every machine.

Doctests of optional backends are collected only where their library is installed.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from sparse_ot.backends.registry import libraries

collect_ignore_glob = [
    f"sparse_ot/backends/{library.name}/*.py"
    for library in libraries()
    if find_spec(library.name) is None
]

settings.register_profile(
    "deterministic",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("deterministic")


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, fresh for every test."""
    return np.random.default_rng(20240229)
