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
    "torch": "a PyTorch tensor, for which there is no backend. Expected an array of a library that "
    "has one. Pass `x.detach().cpu().numpy()`; derivatives do not pass through it.",
    "tensorflow": "a TensorFlow tensor, for which there is no backend. Expected an array of a "
    "library that has one. Pass `x.numpy()`; derivatives do not pass through it.",
    "dask": "a lazy dask collection. Expected an array in memory. Pass `x.compute()`.",
    "h5py": "an HDF5 dataset, stored on disk. Expected an array in memory. Pass `x[...]`.",
    "zarr": "a zarr array, stored on disk. Expected an array in memory. Pass `x[...]`.",
    "anndata._core.sparse_dataset": "a sparse matrix stored on disk. Expected one in memory. Pass "
    "`x.to_memory()`.",
    "anndata._core.anndata": "an AnnData, which holds several arrays. Expected one of them. Pass "
    '`adata.X`, `adata.obsm["X_pca"]` or `adata.obs["weight"]`.',
    "xarray.core.dataset": "an xarray Dataset, which holds several arrays. Expected one of them. "
    'Pass `dataset["name"]`.',
    "astropy.units": "a quantity with a unit, which would be lost. Expected plain numbers. Pass "
    "`x.to_value(unit)`.",
    "pint": "a quantity with a unit, which would be lost. Expected plain numbers. Pass "
    "`x.m_as(unit)`.",
    "unyt": "a quantity with a unit, which would be lost. Expected plain numbers. Pass "
    "`x.to_value(unit)`.",
}
