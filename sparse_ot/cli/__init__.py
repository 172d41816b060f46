"""The command line: demo, solve, doctor."""
