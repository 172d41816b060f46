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
_ON_DISK = "stored on disk. Expected an array in memory. Read it first, for example with `x[...]`."
_WITH_UNIT = (
    "an array with a unit, which would be lost. Expected plain numbers. Convert it to the unit "
    "that you want, and pass its values."
)
REFUSED = {
    "torch": "a PyTorch tensor, for which there is no backend. Expected an array of a library that "
    "has one. Pass `x.detach().cpu().numpy()`; derivatives do not pass through it.",
    "tensorflow": "a TensorFlow tensor, for which there is no backend. Expected an array of a "
    "library that has one. Pass `x.numpy()`; derivatives do not pass through it.",
    "dask": "a lazy dask collection. Expected an array in memory. Pass `x.compute()`.",
    "h5py": _ON_DISK,
    "zarr": _ON_DISK,
    "anndata._core.sparse_dataset": "a sparse matrix stored on disk. Expected one in memory. Read "
    "it first, with `.to_memory()`.",
    "anndata._core.anndata": "an AnnData, which holds several arrays. Expected one of them. Pass "
    '`adata.X`, `adata.obsm["X_pca"]` or `adata.obs["weight"]`.',
    "xarray.core.dataset": "an xarray Dataset, which holds several arrays. Expected one of them. "
    'Pass `dataset["name"]`.',
    "astropy.units": _WITH_UNIT,
    "pint": _WITH_UNIT,
    "unyt": _WITH_UNIT,
}
