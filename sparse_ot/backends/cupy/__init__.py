"""The CuPy backend; see `backend`."""
