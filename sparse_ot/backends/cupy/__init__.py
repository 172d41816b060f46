"""CuPy arrays and cupyx.scipy.sparse, on CUDA devices; see `backend`."""

PACKAGES = ("cupy", "cupyx", "cupy_backends")
REQUIREMENT = "'sparseot[cupy-cuda12]'"
ADVICE = (
    "CuPy needs an NVIDIA GPU, its driver (does nvidia-smi answer?), and a CuPy made for its CUDA, "
    "with the toolkit's run-time compiler: pip install 'sparseot[cupy-cuda12]', or "
    "'sparseot[cupy-cuda13]' if nvidia-smi says CUDA 13. Without a GPU use NumPy or JAX."
)
BACKEND = "backend:CupyBackend"
