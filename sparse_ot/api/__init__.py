"""The functions people call, a file for each family; see `sparse_ot`."""
