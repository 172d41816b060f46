"""The compiled module, typed: the only importer of `sparse_ot._core`."""
