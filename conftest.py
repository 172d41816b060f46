"""Doctests of optional backends are collected only where their library is installed."""

from importlib.util import find_spec

collect_ignore_glob = [
    f"sparse_ot/backends/{library}_*.py"
    for library in ("cupy", "jax")
    if find_spec(library) is None
]
