"""The optimum over all pairs, from a few of them."""
