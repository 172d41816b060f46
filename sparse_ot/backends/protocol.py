"""The waist of the library: what array libraries really differ in, and nothing else.

Arithmetic goes through `Backend.xp`, an array-API namespace. A backend adds what the array API has
no word for, in five groups:

- *identity*: whose objects these are, and what works of the installed version;
- *places*: devices, threads, and whether the host can look at an array;
- *containers*: sparse matrices, taken apart and put together;
- *the door* between device and host, and the derivative of what was computed behind it;
- *searches*, which deserve a library's own kernels: nearest neighbours, pairs within a radius,
  costs of listed pairs, most negative reduced costs.

This protocol is the whole contract: the rest of sparse_ot asks a backend for nothing else.
`sparse_ot.backends.generic.array_api` implements all of it for a plain array-API library, so that a
backend is what its library does otherwise; ``CONTRIBUTING.md`` has the recipe.

Invariant: `host_call` is the only place where an array changes sides. Everything above it
holds arrays of the caller's library; everything inside the callable it is given holds NumPy
arrays. The ledger counts what crosses, so that a test can assert it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias

from sparse_ot._typing import Array, HostArray, Metric, Sparse
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
    """What sparse_ot asks of an array library; see the module docstring.

    One object serves all threads. It is pickled by the name of its library.
    """

    # -- identity -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the library, for messages only: code branches on capability."""

    @property
    def xp(self) -> Any:
        """The array-API namespace of the library.

        Functions that make arrays (`zeros`, `full`, `arange`, ...) take as `device` what
        `device_of` gives, None included.
        """

    @property
    def caveat(self) -> str | None:
        """What works less well than it could with the installed version, and what to do.

        A sentence or two for users, or None where all is well.
        """

    def owns(self, x: Any) -> bool:
        """Whether `x` is a dense array or a sparse container of this library.

        A traced array is one, and `CooParts` of such arrays are a container. Never raises.
        """

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a sparse container of this library, or `CooParts` of its arrays."""

    def is_traced(self, x: Any) -> bool:
        """Whether `x` stands for an array that has no values yet.

        Then nothing may depend on values: no error, no shape, no branch.
        """

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` of arrays as the library compiles it; `function` itself, unless it does."""

    # -- places -------------------------------------------------------------------------------

    def devices(self) -> list[Any]:
        """Devices that work can be sent to, each of which `xp` functions take as `device`.

        Raises
        ------
        Exception
            Whatever the library has to say where it finds none: a missing driver, for example.
        """

    def device_of(self, x: Array) -> Any:
        """The device to make new arrays on, beside `x`.

        None, the library's own choice, where `x` names no single device: a traced array, one that
        is spread over several devices, or one that follows others wherever they are.
        """

    def host_view(self, x: Array) -> HostArray | None:
        """The values of `x`, to be looked at without a crossing and never written to.

        A NumPy array of the same shape and dtype that shares the memory of `x`; None where the
        host cannot see that memory, or where `x` has no values yet. What is found wrong with input
        before a solve is found through this: elsewhere looking would cost a crossing, and the solve
        finds it.
        """

    def on_device_of(self, x: Array) -> AbstractContextManager[Any]:
        """A context in which work on arrays beside `x` happens, and stays, on their device."""

    def for_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, to be called in another thread as if in this one.

        In some libraries the current device and the queue of work belong to a thread.
        """

    def asarray(self, x: Any, like: Array | None = None) -> Array:
        """A Python scalar or (nested) sequence as an array beside `like`.

        An array of the library comes back as it is, on its own device: an array never crosses.

        Raises
        ------
        ShapeError
            A ragged sequence.
        UnsupportedArrayError
            Not real numbers: floats, integers or booleans.
        """

    def detach(self, x: Array) -> Array:
        """`x` without derivatives: where the library only follows those, an array with values."""

    # -- containers ---------------------------------------------------------------------------

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries of a container of shape (n, m), in its own order, on its own device.

        Explicit zeros and duplicates are entries like others. Padding, where the library has any,
        becomes entries in range at the cost +inf, which forbids them.

        Returns
        -------
        CooParts
            `rows`, `cols` of any integer dtype and `values` of the container's, all (p,); they may
            share its memory.

        Raises
        ------
        ShapeError
            Not two-dimensional.
        UnsupportedArrayError
            A kind of container that is not understood, or not of real numbers.
        """

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """Build the container of `like` (or the library's default COO) from parts.

        For the plan of a solve, `parts` follows the cost's own pattern, zeros included; a
        library whose shapes may depend on values drops the zeros.
        """

    def cost_container(self, parts: CooParts) -> Sparse:
        """The container in which a new sparse cost is handed to the user; zeros stay arcs.

        `parts` hold no pair twice, but for such as cost +inf.
        """

    def transpose(self, M: Array | Sparse) -> Array | Sparse:
        """`M` with rows and columns exchanged: what ``M.T`` is where a container has it."""

    # -- the door -----------------------------------------------------------------------------

    def host_call(
        self,
        solve: HostFunction,
        *arrays: Array,
        out: Sequence[ArraySpec],
        ledger: TransferLedger,
        like: Array | None = None,
    ) -> tuple[Array, ...]:
        """Run `solve` on the host: one crossing in, one crossing back, to the same device.

        `like` names that device where the arrays do not: it stays where it is. Without arrays
        nothing crosses to the host, and without results for the device nothing crosses back.

        A host function may carry `foreign_name` and `foreign_attributes()`: the name under which
        compiled code does the same, for libraries that can call it without Python.
        """

    def envelope(self, value: Array, *pairs: tuple[Array, Array]) -> Array:
        """`value`, with the derivative ``sum <weight, d argument>`` over pairs (weight, argument).

        The envelope theorem: the value of a linear program changes with its data as if the
        optimal plan and potentials stood still. Libraries without derivatives return `value`.
        The first pair is plan and costs, the others are potentials and masses.
        """

    # -- searches -----------------------------------------------------------------------------

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
