"""What a solve returns: the solution, its status, its certificate, and its statistics."""
