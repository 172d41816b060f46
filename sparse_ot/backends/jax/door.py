"""The door between JAX and the compiled core, for arrays with values and for traced ones.

*Eager.* The arrays have values, so they are fetched together, the host function is called, and its
results are put on the device of the inputs. On the CPU platform fetching is a view.

*Traced.* The arrays have no values yet. On the CPU platform the compiled program calls the solver
directly, as an XLA foreign function: without Python, lock or copy. On others it calls back to
Python (`jax.pure_callback`). Under vmap both receive the whole batch and solve it in threads.

JAX's callback is avoided on the CPU platform. It puts its arguments on a device and waits for that
in the thread pool it runs in, which deadlocks on one core (JAX issues 24255 and 25861). Host
functions that exist only in Python go through a foreign function of this package, which passes
them the buffers in place (kernels/bindings/xla/callback.cpp). Only if jaxlib refuses foreign
functions is JAX's callback used there, too.

The inputs lose their derivatives here; `derivatives` attaches that of the value of a solve.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.backend import backends

from sparse_ot._typing import Array
from sparse_ot.backends.protocol import ArraySpec, HostFunction
from sparse_ot.core.xla import host_functions, xla_ffi_targets
from sparse_ot.errors import UnsupportedArrayError
from sparse_ot.result.ledger import TransferLedger

__all__ = ["call", "call_where_memory_is_shared", "foreign_functions_work", "is_traced"]

_PYTHON_TARGET = "sparse_ot_python"
_FOREIGN_DTYPES = ("float32", "float64", "int32", "int64")


def call(
    solve: HostFunction,
    arrays: Sequence[Array],
    out: Sequence[ArraySpec],
    ledger: TransferLedger,
    like: Array | None = None,
) -> tuple[Array, ...]:
    """Implements `Backend.host_call`.

    Parameters
    ----------
    solve : callable
        Takes NumPy arrays and returns a tuple of arrays, one for each of `out`.
    arrays : sequence of jax.Array or tracers
    out : sequence of ArraySpec
        Shapes and dtypes of the results; without x64, 64 bits become 32.
    like : array, optional
        Results go to its device; ignored under a trace, where no device is known.
    ledger : TransferLedger
        Counts one crossing each way; under a trace, those of one call of the program.

    Raises
    ------
    UnsupportedArrayError
        Arrays that are committed to different sets of devices.
    """
    arrays = _without_derivatives(arrays)
    if any(is_traced(x) for x in arrays):
        return _traced(solve, arrays, tuple(out), ledger)
    beside = arrays if like is None else _without_derivatives([like])
    return _eager(solve, arrays, tuple(out), ledger, beside)


def call_where_memory_is_shared(
    function: HostFunction,
    arrays: Sequence[Array],
    out: Sequence[ArraySpec],
    elsewhere: Callable[..., Sequence[Array]],
) -> tuple[Array, ...]:
    """`function` on the CPU platform, `elsewhere(*arrays)` on others; no array crosses."""
    arrays = _without_derivatives(arrays)
    if any(is_traced(x) for x in arrays):
        return _traced(function, arrays, tuple(out), None, elsewhere)
    if any(device.platform != "cpu" for x in arrays for device in x.devices()):
        return tuple(elsewhere(*arrays))
    return _eager(function, arrays, tuple(out), None, arrays)


def _without_derivatives(arrays: Sequence[Array]) -> list[Array]:
    # A tracer that only follows derivatives is an array once they are stopped.
    return [lax.stop_gradient(x) if is_traced(x) else x for x in arrays]


def is_traced(x: Any) -> bool:
    """Whether `x` stands for an array that has no values yet."""
    return isinstance(x, jax.core.Tracer)


@cache
def foreign_functions_work() -> bool:
    """Whether this jaxlib accepts our foreign functions; registers them on the first call.

    The CPU platform is started first: if a handler were registered before, and rejected when the
    platform starts, the platform would fail to start.
    """
    try:
        jax.devices("cpu")
        for name, capsule in xla_ffi_targets().items():
            jax.ffi.register_ffi_target(name, capsule, platform="cpu")
    except Exception:  # whatever jaxlib raises; the callback still works
        return False
    return True


def _eager(
    solve: HostFunction,
    arrays: Sequence[Array],
    out: Sequence[ArraySpec],
    ledger: TransferLedger | None,
    beside: Sequence[Array],
) -> tuple[Array, ...]:
    place = _place_of_results(beside)
    host = jax.device_get(arrays)
    results = [np.asarray(r, spec.dtype) for r, spec in zip(solve(*host), out, strict=True)]
    going_back = [r for r, spec in zip(results, out, strict=True) if not spec.on_host]
    if ledger is not None and host:
        ledger.record_to_host(sum(x.nbytes for x in host))
    if ledger is not None and going_back:
        ledger.record_to_device(sum(r.nbytes for r in going_back))
    back = iter(jax.device_put(going_back, place))
    return tuple(r if s.on_host else next(back) for r, s in zip(results, out, strict=True))


def _place_of_results(arrays: Sequence[Array]) -> Any:
    """The place of results: the inputs' device, replicated on a mesh, or None for JAX's choice."""
    places = {x.sharding for x in arrays if x.committed}
    devices = {frozenset(place.device_set) for place in places}
    if not places:
        return None
    if len(devices) > 1:
        msg = (
            f"Found arrays on {len(devices)} different sets of devices: "
            f"{', '.join(str(place) for place in places)}. Expected one; move them with "
            "jax.device_put."
        )
        raise UnsupportedArrayError(msg)
    place = next(iter(places))
    if len(place.device_set) == 1:
        return next(iter(place.device_set))
    if isinstance(place, jax.sharding.NamedSharding):
        everywhere: Any = jax.sharding.PartitionSpec()  # type: ignore[no-untyped-call]
        return jax.sharding.NamedSharding(place.mesh, everywhere)
    return None


def _traced(
    solve: HostFunction,
    arrays: Sequence[Array],
    out: Sequence[ArraySpec],
    ledger: TransferLedger | None,
    elsewhere: Callable[..., Sequence[Array]] | None = None,
) -> tuple[Array, ...]:
    """`call` under a trace; other platforms run `elsewhere`, if given, instead of calling back."""
    arrays = [_plain(x) for x in arrays]
    dtypes = [jax.dtypes.canonicalize_dtype(spec.dtype) for spec in out]
    struct: Any = jax.ShapeDtypeStruct
    results = [struct(s.shape, dtype) for s, dtype in zip(out, dtypes, strict=True)]
    if ledger is not None:
        ledger.record_to_host(sum(_nbytes(x) for x in arrays))
        ledger.record_to_device(sum(_nbytes(x) for x in results))
    on_host = _OnHost(
        solve, tuple(x.ndim for x in arrays), tuple((x.shape, x.dtype.name) for x in results)
    )

    def without_foreign_function(*xs: Array) -> tuple[Array, ...]:
        if elsewhere is not None:
            return tuple(elsewhere(*xs))
        return tuple(jax.pure_callback(on_host, results, *xs, vmap_method="expand_dims"))

    if not foreign_functions_work():
        return without_foreign_function(*arrays)
    name, attributes = _foreign(solve, on_host)

    def through_foreign_function(*xs: Array) -> tuple[Array, ...]:
        target = jax.ffi.ffi_call(name, results, vmap_method="expand_dims")
        return tuple(target(*xs, **attributes))

    if set(backends()) == {"cpu"}:  # in older JAX the choice costs half a millisecond
        return through_foreign_function(*arrays)
    chosen: tuple[Array, ...] = lax.platform_dependent(
        *arrays, cpu=through_foreign_function, default=without_foreign_function
    )
    return chosen


def _foreign(solve: HostFunction, on_host: _OnHost) -> tuple[str, dict[str, Any]]:
    """Target and attributes: the compiled counterpart of `solve`, or `solve` itself by name."""
    name = getattr(solve, "foreign_name", None)
    if name is not None:
        return name, solve.foreign_attributes()  # type: ignore[attr-defined]
    # A function has the same name in every process, as JAX's compilation cache needs. No entry is
    # removed, because a compiled program that holds its name may run at any time.
    key = repr(on_host)
    host_functions[key] = on_host.fill
    return _PYTHON_TARGET, {"function": key}


def _plain(x: Array) -> Array:
    """`x` in an element type that foreign functions accept."""
    if x.dtype.name in _FOREIGN_DTYPES:
        return x
    return x.astype(jnp.float32 if jnp.issubdtype(x.dtype, jnp.floating) else int)


def _nbytes(x: Any) -> int:
    return int(prod(x.shape) * x.dtype.itemsize)


@dataclass(frozen=True)
class _OnHost:
    """A host function for any batch: leading axes of the inputs, beyond `ranks`, are batch axes.

    An axis of size 1 is shared by the whole batch. Problems are solved in threads, which pays
    because the core releases the lock.
    """

    solve: HostFunction
    ranks: tuple[int, ...]
    results: tuple[tuple[tuple[int, ...], str], ...]

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        batch = self._batch_of(arrays)
        outputs = tuple(np.empty(batch + shape, dtype) for shape, dtype in self.results)
        self.fill(arrays, outputs)
        return outputs

    def fill(self, arrays: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Solve every problem of the batch and write its results in place."""
        batch = self._batch_of(arrays)
        wide = [
            np.broadcast_to(x, batch + x.shape[x.ndim - rank :])
            for x, rank in zip(map(np.asarray, arrays), self.ranks, strict=True)
        ]

        def solve_one(k: tuple[int, ...]) -> None:
            results = self.solve(*(x[k] for x in wide))
            for output, result in zip(outputs, results, strict=True):
                output[k] = result

        problems = list(np.ndindex(*batch))
        if len(problems) == 1:
            solve_one(problems[0])
        elif problems:
            with ThreadPoolExecutor(min(len(problems), os.cpu_count() or 1)) as pool:
                list(pool.map(solve_one, problems))

    def _batch_of(self, arrays: Sequence[Any]) -> tuple[int, ...]:
        leading = [x.shape[: x.ndim - rank] for x, rank in zip(arrays, self.ranks, strict=True)]
        return np.broadcast_shapes(*leading)
