"""The compiled parts of the start from coarse to fine: groups of points, and sweeps over cells."""

from sparse_ot._core import DomainSweeps, group

__all__ = ["DomainSweeps", "group"]
