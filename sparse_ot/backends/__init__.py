"""Array libraries: one folder each, recognised by the arrays themselves; see `registry`."""

from sparse_ot.backends.registry import get_backend, library_of, load_backend

__all__ = ["get_backend", "library_of", "load_backend"]
