"""The JAX backend; see `backend`."""
