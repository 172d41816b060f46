"""Array libraries, one folder each.

What a folder must hold is in `registry`, which finds it; what a backend must do is in `protocol`;
`generic` has what any library of the array-API standard can do, for backends to derive from.
"""

from sparse_ot.backends.registry import get_backend, library_of, load_backend

__all__ = ["get_backend", "library_of", "load_backend"]
