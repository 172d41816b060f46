"""A make-believe CuPy, for machines without a GPU; see `fakecupy`."""
