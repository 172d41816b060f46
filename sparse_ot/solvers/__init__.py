"""Arcs and masses in, plan and potentials out."""
