"""The transportation problem, well formed, and the errors for input that forms none."""
