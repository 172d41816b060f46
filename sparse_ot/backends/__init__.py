"""Array libraries, one folder each.

`registry` finds the folders and says what a folder must hold; `protocol` says what a backend must
do; `generic` implements it for any library of the array-API standard, for backends to derive from.
"""

from sparse_ot.backends.registry import get_backend, library_of, load_backend

__all__ = ["get_backend", "library_of", "load_backend"]
