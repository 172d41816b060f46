"""The NumPy and SciPy backend; see `backend`."""
