"""NumPy and scipy.sparse, where the host is the device; see `backend`."""

PACKAGES = ("numpy", "scipy")
REQUIREMENT = "numpy scipy"
ADVICE = (
    "NumPy and the compiled core are what everything rests on. Install the package again: "
    "pip install --force-reinstall sparseot."
)
BACKEND = "backend:NumpyBackend"
DEFAULT = True
SCALARS = ("numpy.generic",)
REFUSED = {
    "numpy.ma": "a masked array. Expected a plain one, as the mask would be lost. Forbid masked "
    "pairs of a cost matrix with `.filled(numpy.inf)`; drop masked points and masses."
}
