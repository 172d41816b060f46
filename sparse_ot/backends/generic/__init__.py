"""What any array-API library can do, and what every backend builds on."""
