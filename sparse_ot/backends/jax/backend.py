"""JAX: arrays that may have no values yet, sparse containers of fixed pattern, derivatives.

Everything here but `within` works on concrete arrays and under `jit`, `grad`, `vmap` and `scan`
alike, so shapes do not depend on values: a plan has the pattern of its cost, zeros included, and an
unwanted arc keeps its place at the cost +inf. The crossing to the host is in `door`, the derivative
of a value in `derivatives`, the searches in `search`.

JAX pads sparse containers with entries whose indices are out of range. They are not arcs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.sparse import BCOO, BCSR, JAXSparse

from sparse_ot._typing import Array, HostArray, Metric, Sparse
from sparse_ot.backends.generic.array_api import ArrayApiBackend
from sparse_ot.backends.jax import derivatives as jax_autodiff
from sparse_ot.backends.jax import door as jax_door
from sparse_ot.backends.jax import search as jax_search
from sparse_ot.backends.jax.containers import entries_of
from sparse_ot.backends.jax.pytrees import register_pytrees
from sparse_ot.backends.protocol import ArraySpec, CooParts, HostFunction, Neighbours, Pricing
from sparse_ot.errors import InputError, ShapeError, UnsupportedArrayError
from sparse_ot.result.ledger import TransferLedger

__all__ = ["JaxBackend"]


class JaxBackend(ArrayApiBackend):
    """Implements `Backend` for JAX arrays and tracers, BCOO and BCSR."""

    def __init__(self) -> None:
        super().__init__("jax", jnp, jax.Array)
        register_pytrees()

    def is_sparse(self, x: Any) -> bool:
        """Whether `x` is a container of jax.experimental.sparse, or `CooParts` of JAX arrays."""
        return isinstance(x, JAXSparse) or super().is_sparse(x)

    def is_traced(self, x: Any) -> bool:
        """Whether `x` stands for an array that has no values yet."""
        return jax_door.is_traced(x)

    def device_of(self, x: Array) -> Any:
        """The device of a committed array; None for a tracer, and for one on several devices.

        JAX moves an uncommitted array to the device of the arrays it is combined with. New arrays
        made for it should do the same.
        """
        if self.is_traced(x) or not x.committed or len(x.sharding.device_set) != 1:
            return None
        return next(iter(x.sharding.device_set))

    def host_view(self, x: Array) -> HostArray | None:
        """A view, once the values are computed, if one device of the CPU platform holds `x`."""
        if self.is_traced(x) or len(x.sharding.device_set) != 1:
            return None
        if next(iter(x.sharding.device_set)).platform != "cpu":
            return None
        return np.asarray(x)

    def for_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` with the precision and the default device that are set in this thread now.

        Context managers can set both, and then for one thread only.
        """
        settings: Any = jax.config
        doubles, device = settings.jax_enable_x64, settings.jax_default_device

        def there(*arguments: Any) -> Any:
            with _enable_x64(doubles), jax.default_device(device):
                return function(*arguments)

        return there

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` under `jax.jit`."""
        program: Callable[..., Any] = jax.jit(function)
        return program

    @property
    def caveat(self) -> str | None:
        """A warning if compiled programs on the CPU have to call back to Python, else None."""
        if jax_door.foreign_functions_work():
            return None
        return (
            f"The jaxlib of JAX {jax.__version__} refuses sparse_ot's foreign function, so "
            "compiled programs call back to Python. That is slower, and with large inputs it can "
            "hang on a machine with one core. Update sparse_ot, or install an older jaxlib (0.5.3 "
            "or newer)."
        )

    def detach(self, x: Array) -> Array:
        """`x` without derivatives; under `grad` alone, an array with values."""
        return jax.lax.stop_gradient(x)

    def coo_parts(self, M: Sparse) -> CooParts:
        """Stored entries in the container's own order; padding becomes arcs of cost +inf.

        Raises
        ------
        ShapeError
            Not two sparse dimensions: a batch goes through `jax.vmap`. Or as `entries_of`.
        UnsupportedArrayError
            A container that is neither BCOO nor BCSR, or not of real numbers.
        """
        if isinstance(M, CooParts):
            return M
        if not isinstance(M, (BCOO, BCSR)):
            msg = (
                f"Found a {type(M).__name__}. Expected a BCOO or BCSR; convert it with "
                "`BCOO.fromdense(M.todense())` or build one from its entries."
            )
            raise UnsupportedArrayError(msg)
        if M.ndim != 2 or M.n_batch or M.n_dense:
            msg = (
                f"Found a {type(M).__name__} of shape {M.shape} with n_batch={M.n_batch} and "
                f"n_dense={M.n_dense}. Expected two sparse dimensions, sources and targets. "
                "Solve a batch with jax.vmap."
            )
            raise ShapeError(msg)
        self._real(M.data)
        rows, cols, costs = entries_of(M)
        return CooParts(rows, cols, costs, (int(M.shape[0]), int(M.shape[1])))

    def sparse(self, parts: CooParts, like: Sparse | None) -> Sparse:
        """The container of `like` with the values of `parts`: its own pattern, zeros included.

        `like=None` gives a BCOO; `CooParts` give `CooParts`.
        """
        if isinstance(like, CooParts):
            return parts
        if like is None or parts.values.shape != like.data.shape:
            return self.cost_container(parts)
        if isinstance(like, BCSR):
            return BCSR((parts.values, like.indices, like.indptr), shape=like.shape)
        return BCOO(
            (parts.values, like.indices),
            shape=like.shape,
            indices_sorted=like.indices_sorted,
            unique_indices=like.unique_indices,
        )

    def cost_container(self, parts: CooParts) -> Sparse:
        """A BCOO of `parts`, in their order."""
        indices = jnp.stack([parts.rows, parts.cols], axis=1)
        return BCOO((parts.values, indices), shape=parts.shape)

    def transpose(self, M: Array | Sparse) -> Array | Sparse:
        """`M` with rows and columns exchanged; a BCSR has no transpose, so it becomes a BCOO."""
        return (M.to_bcoo() if isinstance(M, BCSR) else M).T

    def host_call(
        self,
        solve: HostFunction,
        *arrays: Array,
        out: Sequence[ArraySpec],
        ledger: TransferLedger,
        like: Array | None = None,
    ) -> tuple[Array, ...]:
        """Run `solve` on the host, now or when the compiled program runs; see `door`.

        Without x64, results specified in 64 bits are returned in 32.
        """
        return jax_door.call(solve, arrays, out, ledger, like)

    def envelope(self, value: Array, *pairs: tuple[Array, Array]) -> Array:
        """`value`, with the derivative of the envelope theorem; see `derivatives`."""
        return jax_autodiff.envelope(value, pairs)

    def search(self, x: Array, y: Array, metric: Metric) -> jax_search.JaxSearch:
        """A search that, on the CPU platform, is the compiled one and keeps what it prepares."""
        return jax_search.JaxSearch(x, y, metric)

    def knn(
        self, x: Array, y: Array, k: int, metric: Metric, offset: Array | None = None
    ) -> Neighbours:
        """The `k` cheapest targets of every source; see `search.knn`."""
        found: Neighbours = jax_search.knn(x, y, k, metric, offset)
        return found

    def arc_costs(self, x: Array, y: Array, rows: Array, cols: Array, metric: Metric) -> Array:
        """Costs of the listed pairs, differentiable in the points; see `search.arc_costs`."""
        return jax_search.arc_costs(x, y, rows, cols, metric)

    def price(self, x: Array, y: Array, u: Array, v: Array, metric: Metric, k: int) -> Pricing:
        """Up to `k` arcs per source with negative reduced cost; see `search.price`."""
        priced: Pricing = jax_search.price(x, y, u, v, metric, k)
        return priced

    def within(
        self, x: Array, y: Array, radius: float, metric: Metric
    ) -> tuple[Array, Array, Array]:
        """All pairs whose cost is at most `radius`; differentiable in the points.

        Raises
        ------
        InputError
            The points have no values yet, on which the number of pairs depends.
        """
        near_x, near_y = self.detach(x), self.detach(y)  # under `grad` alone, these have values
        if self.is_traced(near_x) or self.is_traced(near_y):
            msg = (
                "radius_cost was called under jit or vmap: how many pairs are near depends on "
                "values there. Use knn_cost, or call radius_cost outside and pass its arcs in."
            )
            raise InputError(msg)
        rows, cols, _ = super().within(near_x, near_y, radius, metric)
        return rows, cols, self.arc_costs(x, y, rows, cols, metric)


def _enable_x64(wanted: bool) -> AbstractContextManager[Any]:
    place: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # where older JAX has it
    doubles: AbstractContextManager[Any] = place.enable_x64(wanted)
    return doubles
