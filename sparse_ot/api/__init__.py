"""The public functions, one file per family; see `sparse_ot`."""
