"""JAX arrays and tracers, BCOO and BCSR; see `backend`."""

PACKAGES = ("jax", "jaxlib")
REQUIREMENT = "'sparseot[jax]'"
ADVICE = (
    "sparse_ot runs on JAX's default device. For a GPU install the jax of your CUDA, as JAX's own "
    "pages say: sparse_ot does not choose one."
)
BACKEND = "backend:JaxBackend"
