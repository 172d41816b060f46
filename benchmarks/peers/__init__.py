"""The solvers that are compared, one file each.

A peer is a module of this package with an object ``PEER``, a `Peer`. It is found by being here.
Importing the module must not import the solver: that happens in `Peer.load`, inside the process
of the measurement.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import metadata
from typing import Any, ClassVar

from benchmarks.problems import Answer, Problem

__all__ = ["OURS", "Peer", "all_peers", "select_peers"]

OURS = "sparse_ot"


class Peer(ABC):
    """One way to have a transport problem solved.

    A measurement calls `load`, `refuses` and `bytes_needed`, then `prepare`, then `solve` under
    the clock, then `answer`.

    Attributes
    ----------
    name : str
        As in tables and pictures.
    library : str
        What ``--against`` also accepts; peers of one library share it.
    distribution : str
        Its name on the package index, for the version.
    input_format : str
        What the solver is given and what the clock therefore leaves out.
    """

    name: ClassVar[str]
    library: ClassVar[str]
    distribution: ClassVar[str]
    input_format: ClassVar[str]

    @abstractmethod
    def load(self) -> None:
        """Import the solver; `ImportError` where it is missing."""

    def refuses(self, problem: Problem) -> str | None:
        """Why the solver cannot take this problem, or None."""
        return None

    def bytes_needed(self, problem: Problem) -> int:
        """A low estimate of the memory a solve takes; it is not tried where that is not there.

        0 where an attempt does no harm. A machine that runs out of memory ends processes that
        have nothing to do with it, so what is sure to fail must be known beforehand.
        """
        return 0

    @abstractmethod
    def prepare(self, problem: Problem) -> Any:
        """The solver's own input, made outside the clock."""

    @abstractmethod
    def solve(self, prepared: Any) -> Any:
        """The solve, and nothing but it: this is what the clock and the memory meter see."""

    @abstractmethod
    def answer(self, problem: Problem, prepared: Any, result: Any) -> Answer:
        """The plan in common terms."""

    def version(self) -> str | None:
        """Installed version, or None; imports nothing."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


def all_peers() -> list[Peer]:
    """Every peer, ours first, the others in alphabetical order of their files."""
    modules = [
        info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")
    ]
    peers: list[Peer] = [
        importlib.import_module(f"{__name__}.{name}").PEER for name in sorted(modules)
    ]
    return sorted(peers, key=lambda peer: peer.name != OURS)


def select_peers(against: Sequence[str] | None) -> list[Peer]:
    """Ours, and the peers whose name or library is in `against` (None: all of them).

    Raises
    ------
    ValueError
        If a name fits no peer.
    """
    peers = all_peers()
    if against is None:
        return peers
    known = {name for peer in peers for name in (peer.name, peer.library)}
    for name in against:
        if name not in known:
            msg = f"no peer is called {name!r}; there are {', '.join(sorted(known))}"
            raise ValueError(msg)
    return [peer for peer in peers if {peer.name, peer.library} & {OURS, *against}]
