"""What a solve hands back: the solution, its status, its proof, and what it took."""
