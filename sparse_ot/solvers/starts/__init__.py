"""Near-optimal plans to start from, and the choice among them."""
