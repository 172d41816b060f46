"""What the tests share: problems, oracles, certificates of their own, and stand-ins."""
