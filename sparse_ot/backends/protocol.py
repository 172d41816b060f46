"""The waist of the library: what array libraries really differ in, and nothing else.

Arithmetic goes through `Backend.xp`, an array-API namespace. A backend adds the five things
the array API has no word for: sparse containers, the crossing between device and host, and
the three searches that deserve a library's own kernels (nearest neighbours, costs of listed
pairs, most negative reduced costs).

Invariant: `host_call` is the only place where an array changes sides. Everything above it
holds arrays of the caller's library; everything inside the callable it is given holds NumPy
arrays. The ledger counts what crosses, so that a test can assert it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias

from sparse_ot._typing import Array, Metric, Sparse
from sparse_ot.result.ledger import TransferLedger

__all__ = [
    "ArraySpec",
    "Backend",
    "CooParts",
    "HostFunction",
    "Neighbours",
    "Pricing",
    "Search",
]


class CooParts(NamedTuple):
    """A sparse matrix as three parallel arrays on its own device, in the container's order."""

    rows: Array
    cols: Array
    values: Array
    shape: tuple[int, int]


class Neighbours(NamedTuple):
    """Nearest neighbours of each query: `indices` and `costs`, both (n, k), nearest first."""

    indices: Array
    costs: Array


class Pricing(NamedTuple):
    """Arcs whose reduced cost is most negative, and the exact row minima of the reduced cost.

    `rows`, `cols`, `costs` list candidate arcs; `row_minima` (n,) is
    ``min_j cost(i, j) - v[j]``, from which a feasible dual and a lower bound follow.
    """

    rows: Array
    cols: Array
    costs: Array
    row_minima: Array


class ArraySpec(NamedTuple):
    """Shape and dtype name of one result of a host call; fixed before the call, as JAX needs.

    A result marked `on_host` is for the library itself (status codes, the certificate): it comes
    back as a NumPy array and does not cross. Under a trace, where nothing is known yet, it is
    traced like the rest.
    """

    shape: tuple[int, ...]
    dtype: str
    on_host: bool = False


class Search(Protocol):
    """Two clouds and a metric, made ready to be asked many times: for as long as a solve takes.

    A backend keeps in it what it would otherwise make anew for every question (a tree of the
    targets, unit vectors). Points are what they were when it was made.
    """

    def nearest(self, k: int, offset: Array | None = None) -> Neighbours:
        """The `k` cheapest targets of every source under ``cost(x_i, y_j) + offset[j]``."""

    def price(self, u: Array, v: Array, k: int) -> Pricing:
        """Up to `k` arcs a source with negative reduced cost, and exact row minima."""

    def reverse(self) -> Search:
        """The search from the targets: for the cheapest sources of every target."""


HostFunction: TypeAlias = Callable[..., tuple[Any, ...]]


class Backend(Protocol):
    """What sparse_ot asks of an array library; see the module docstring."""

    @property
    def name(self) -> str:
        """Name of the library, for messages only: code branches on capability."""

    @property
    def xp(self) -> Any:
        """The array-API namespace of the library."""

    def owns(self, x: Any) -> bool:
        """Whether `x` is a dense array or a sparse container of this library."""

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a sparse container of this library."""

    def is_traced(self, x: Any) -> bool:
        """Whether `x` stands for an array that has no values yet."""

    def detach(self, x: Array) -> Array:
        """`x` without derivatives: where the library only follows those, an array with values."""

    def on_device_of(self, x: Array) -> AbstractContextManager[Any]:
        """A context in which work on arrays beside `x` happens, and stays, on their device."""

    def for_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, to be called in another thread as if in this one.

        In some libraries the current device and the queue of work belong to a thread.
        """

    def asarray(self, x: Any, like: Array | None = None) -> Array:
        """A Python scalar or sequence as an array beside `like`; an array never crosses."""

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries of a container, in its own order, on its own device."""

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """Build the container of `like` (or the library's default COO) from parts.

        For the plan of a solve, `parts` follows the cost's own pattern, zeros included; a
        library whose shapes may depend on values drops the zeros.
        """

    def cost_container(self, parts: CooParts) -> Sparse:
        """The container in which a new sparse cost is handed to the user; zeros stay arcs."""

    def transpose(self, M: Array | Sparse) -> Array | Sparse:
        """`M` with rows and columns exchanged: what ``M.T`` is where a container has it."""

    def host_call(
        self,
        solve: HostFunction,
        *arrays: Array,
        out: Sequence[ArraySpec],
        ledger: TransferLedger,
    ) -> tuple[Array, ...]:
        """Run `solve` on the host: one crossing in, one crossing back, to the same device.

        A host function may carry `foreign_name` and `foreign_attributes()`: the name under which
        compiled code does the same, for libraries that can call it without Python.
        """

    def envelope(self, value: Array, *pairs: tuple[Array, Array]) -> Array:
        """`value`, with the derivative ``sum <weight, d argument>`` over pairs (weight, argument).

        The envelope theorem: the value of a linear program changes with its data as if the
        optimal plan and potentials stood still. Libraries without derivatives return `value`.
        The first pair is plan and costs, the others are potentials and masses.
        """

    def search(self, x: Array, y: Array, metric: Metric) -> Search:
        """Ready to answer `knn` and `price` for these points, any number of times."""

    def knn(
        self, x: Array, y: Array, k: int, metric: Metric, offset: Array | None = None
    ) -> Neighbours:
        """The `k` cheapest targets of every source under ``cost(x_i, y_j) + offset[j]``."""

    def within(
        self, x: Array, y: Array, radius: float, metric: Metric
    ) -> tuple[Array, Array, Array]:
        """All pairs whose cost is at most `radius`: rows, columns, costs."""

    def arc_costs(self, x: Array, y: Array, rows: Array, cols: Array, metric: Metric) -> Array:
        """Costs of the listed pairs; differentiable where the library differentiates."""

    def price(self, x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
        """Up to `k` arcs a source with negative reduced cost, and exact row minima."""
