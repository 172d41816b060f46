"""The interface between sparse_ot and array libraries: what these differ in, and nothing else.

Arithmetic goes through `Backend.xp`, an array-API namespace. A backend adds what the array API does
not have, in five groups:

- *identity*: which objects belong to the library, how it compiles, and known problems of the
  installed version;
- *places*: devices, threads, arrays made from data, and whether the host can see an array;
- *containers*: sparse matrices, taken apart and built;
- *the door* between device and host, and the derivative of values computed behind it;
- *searches*, for which a library may have its own kernels: nearest neighbours, pairs within a
  radius, costs of listed pairs, most negative reduced costs.

This protocol is the whole contract: the rest of sparse_ot asks a backend for nothing else.
`sparse_ot.backends.generic.array_api` implements all of it for a plain array-API library, so a
backend overrides only what its library does differently; ``CONTRIBUTING.md`` has the recipe.

Invariant: `host_call` is the only place where an array changes sides. All code above it holds
arrays of the caller's library; all code inside the callable it is given holds NumPy arrays. The
ledger counts the copies, so that a test can assert them.
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
    """Arcs whose reduced cost is most negative, and the exact row minima of ``cost - v``.

    `rows`, `cols`, `costs` list candidate arcs; `row_minima` (n,) is ``min_j cost(i, j) - v[j]``,
    from which feasible potentials and a lower bound follow.
    """

    rows: Array
    cols: Array
    costs: Array
    row_minima: Array


class ArraySpec(NamedTuple):
    """Shape and dtype name of one result of a host call; fixed before the call, as JAX needs.

    A result marked `on_host` is for sparse_ot itself (status codes, the certificate): it is
    returned as a NumPy array and does not cross. Under a trace it is traced like the others.
    """

    shape: tuple[int, ...]
    dtype: str
    on_host: bool = False


class Search(Protocol):
    """Two clouds and a metric, prepared for the many searches of one solve.

    A backend keeps in it what it would otherwise make anew for every search (a tree of the targets,
    unit vectors). The points must not change after it was made.
    """

    def nearest(self, k: int, offset: Array | None = None) -> Neighbours:
        """The `k` cheapest targets of every source under ``cost(x_i, y_j) + offset[j]``."""

    def price(self, u: Array, v: Array, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost, and exact row minima."""

    def reverse(self) -> Search:
        """The search from the targets, for the cheapest sources of every target."""


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

        Functions that make arrays (`zeros`, `full`, `arange`, ...) take as `device` any result of
        `device_of`, None included.
        """

    @property
    def caveat(self) -> str | None:
        """What works less well than it could with the installed version, and what to do.

        A sentence or two for users, or None if there is nothing to report.
        """

    def owns(self, x: Any) -> bool:
        """Whether `x` is a dense array or a sparse container of this library.

        A traced array counts as an array, and `CooParts` of the library's arrays as a container.
        Never raises.
        """

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a sparse container of this library, or `CooParts` of its arrays."""

    def is_traced(self, x: Any) -> bool:
        """Whether `x` stands for an array that has no values yet.

        Then no error, shape or branch may depend on values.
        """

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, compiled by the library; `function` itself if the library has no compiler."""

    # -- places -------------------------------------------------------------------------------

    def devices(self) -> list[Any]:
        """Devices that work can be sent to; functions of `xp` take each as `device`.

        Raises
        ------
        Exception
            Whatever the library raises if it finds none, for example for a missing driver.
        """

    def device_of(self, x: Array) -> Any:
        """The device of `x`, on which to make new arrays that go with it.

        None, the library's own choice, where `x` has no single device: a traced array, one on
        several devices, or one that is moved to the device of others as needed.
        """

    def host_view(self, x: Array) -> HostArray | None:
        """The values of `x`, to be read without a crossing and never written to.

        A NumPy array of the same shape and dtype that shares the memory of `x`; None where the host
        cannot see that memory, or where `x` has no values yet. Checks of values before a solve go
        through this. Where it is None they would cost a crossing, so the solve makes them.
        """

    def on_device_of(self, x: Array) -> AbstractContextManager[Any]:
        """A context in which work on `x`, and on arrays that go with it, is on their device."""

    def for_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, to be called in another thread with the settings of this one.

        In some libraries the current device and stream belong to a thread.
        """

    def asarray(self, x: Any, like: Array | None = None) -> Array:
        """A Python scalar or (nested) sequence as an array on the device of `like`.

        An array of the library is returned as it is, on its own device; it does not cross.

        Raises
        ------
        ShapeError
            A ragged sequence.
        UnsupportedArrayError
            Not real numbers: floats, integers or booleans.
        """

    def detach(self, x: Array) -> Array:
        """`x` without derivatives: if only those were traced, an array with values."""

    # -- containers ---------------------------------------------------------------------------

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries of a container of shape (n, m), in its own order, on its own device.

        Explicit zeros and duplicates are entries like any other. Padding, where the library has it,
        becomes entries in range at the cost +inf, which forbids them.

        Returns
        -------
        CooParts
            `rows`, `cols` of any integer dtype and `values` of the container's dtype, all (p,);
            they may share its memory.

        Raises
        ------
        ShapeError
            Not two-dimensional.
        UnsupportedArrayError
            An unknown kind of container, or values that are not real numbers.
        """

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """Build a container of the kind of `like` (None: the library's default) from parts.

        For the plan of a solve, `parts` follows the pattern of the cost, zeros included; a library
        whose shapes may depend on values drops the zeros.
        """

    def cost_container(self, parts: CooParts) -> Sparse:
        """The container in which a new sparse cost is returned to the user; zeros stay arcs.

        `parts` hold no pair twice, except for entries at the cost +inf.
        """

    def transpose(self, M: Array | Sparse) -> Array | Sparse:
        """`M` with rows and columns exchanged, like ``M.T``."""

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

        `like` names that device where the arrays do not; it does not cross itself. Without arrays
        nothing crosses to the host, and without results for the device nothing crosses back.

        A host function may have `foreign_name` and `foreign_attributes()`: the name and settings of
        compiled code that does the same, for libraries that can call it without Python.
        """

    def envelope(self, value: Array, *pairs: tuple[Array, Array]) -> Array:
        """`value`, with the derivative ``sum <weight, d argument>`` over pairs (weight, argument).

        By the envelope theorem the value of a linear program changes with its data as if the
        optimal plan and potentials were constant. Libraries without derivatives return `value`. The
        first pair is plan and costs, the others are potentials and masses.
        """

    # -- searches -----------------------------------------------------------------------------

    def search(self, x: Array, y: Array, metric: Metric) -> Search:
        """A prepared search that answers `knn` and `price` for these points."""

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
        """Up to `k` arcs per source with negative reduced cost, and exact row minima."""
