"""The compiled parts of the coarse-to-fine start: groups of points, and sweeps over cells."""

from sparse_ot._core import DomainSweeps, group

__all__ = ["DomainSweeps", "group"]
