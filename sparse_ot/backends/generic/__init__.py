"""A backend for any array-API library, on which every backend builds."""
