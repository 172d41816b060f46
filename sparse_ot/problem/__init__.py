"""The transportation problem, well formed: every check of the input happens here."""
