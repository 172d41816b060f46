"""A strict stand-in for CuPy, over NumPy: shows that the backend's Python is right without a GPU.

What it makes sure of: no array becomes a NumPy array except by an explicit copy, every copy is
counted with its bytes, stream and device, copies are awaited before their results are used,
page-locked memory is used, kernels get arguments of the right types, and results are on the device
of the inputs. Its arrays and containers refuse what CuPy's refuse.

What it cannot show: that CuPy itself behaves like this, that a GPU computes the same, or that
anything is fast. tests/gpu is for that.

`array_api_compat.cupy` is the real one, running on top of the stand-in.

    with fakecupy.installed() as cupy:
        x = cupy.asarray([1.0, 2.0])
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from typing import Any

import numpy as np

from support.standin import device as dev
from support.standin import raw_module, sparse
from support.standin.array import call, look_at, ndarray

__all__ = ["installed", "log", "ndarray"]

log = dev.log
__version__ = "14.0.0+standin"

# NumPy's functions that CuPy has as well are run on unwrapped arrays. These work otherwise ...
_OWN = {"array", "asarray", "ndarray", "asnumpy", "repeat"}
# ... and these CuPy 14.2 does not have.
_MISSING = """block bmat asmatrix matrix datetime_as_string einsum_path frompyfunc fromregex
    geomspace histogram_bin_edges insert is_busday isnat matvec memmap nanpercentile nanquantile
    ndenumerate nditer nested_iters polyder polydiv polyint spacing unstack vecdot vecmat errstate
    seterr geterr recarray"""
_LOOKS = {"broadcast_to", "can_cast", "expand_dims", "reshape", "result_type", "shape", "transpose"}


def _asarray(x: Any, dtype: Any = None, copy: Any = None, **options: Any) -> Any:
    """An array on the current device: a copy from the host, or from another device."""
    if isinstance(x, ndarray):
        elsewhere = x._on != dev.current_device()
        values = np.array(x._values, dtype=dtype, copy=True if elsewhere or copy else None)
        return x if values is x._values else ndarray(values)
    if isinstance(x, (list, tuple)) and any(isinstance(item, ndarray) for item in x):
        return call(lambda items: np.asarray(np.stack(items), dtype=dtype), list(x))
    values = np.array(x, dtype=dtype)
    if values.dtype.kind not in "biufc":
        msg = f"Unsupported dtype {values.dtype}"
        raise ValueError(msg)
    made = ndarray(np.empty_like(values, order="C"))
    made.set(np.ascontiguousarray(values).reshape(values.shape))
    return made


def _array(x: Any, dtype: Any = None, copy: Any = True, **options: Any) -> Any:
    return _asarray(x, dtype=dtype, copy=copy)


def _repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    if not isinstance(repeats, int):
        msg = "repeats must be a number: counts cannot come from the device"
        raise ValueError(msg)
    return call(np.repeat, x, repeats, axis=axis)


def _forward(function: Any) -> Any:
    run = look_at if getattr(function, "__name__", "") in _LOOKS else call

    def forwarded(*arguments: Any, **options: Any) -> Any:
        return run(function, *arguments, **options)

    forwarded.__name__ = getattr(function, "__name__", "function")
    return forwarded


def _namespace(name: str, numpy_module: Any) -> Any:
    """A module with NumPy's types as they are and its functions on the device."""
    module: Any = types.ModuleType(name)
    module.__all__ = []
    for word in numpy_module.__all__:
        if word in _OWN or word in _MISSING.split():
            continue
        value = getattr(numpy_module, word)
        is_function = callable(value) and not isinstance(value, type)
        setattr(module, word, _forward(value) if is_function else value)
        module.__all__.append(word)
    return module


def _modules() -> dict[str, types.ModuleType]:
    cupy = _namespace("cupy", np)
    vars(cupy).update(
        ndarray=ndarray,
        array=_array,
        asarray=_asarray,
        asnumpy=lambda x, **options: x.get() if isinstance(x, ndarray) else np.asarray(x),
        repeat=_repeat,
        RawModule=raw_module.RawModule,
        is_available=lambda: True,
        cuda=dev.cuda_module(),
        linalg=_namespace("cupy.linalg", np.linalg),
        fft=_namespace("cupy.fft", np.fft),
        __version__=__version__,
    )
    cupy.__all__ += ["array", "asarray", "ndarray", "repeat", "asnumpy", "cuda"]
    cupy.linalg.annotations = None  # the real one has it, and array_api_compat imports it
    cupyx: Any = types.ModuleType("cupyx")
    cupyx_scipy: Any = types.ModuleType("cupyx.scipy")
    cupyx.empty_pinned = dev.empty_pinned
    cupyx.scipy, cupyx_scipy.sparse = cupyx_scipy, sparse.module()
    made = {
        "cupy": cupy,
        "cupy.cuda": cupy.cuda,
        "cupy.cuda.device": cupy.cuda.device,
        "cupy.cuda.runtime": cupy.cuda.runtime,
        "cupy.linalg": cupy.linalg,
        "cupy.fft": cupy.fft,
        "cupyx": cupyx,
        "cupyx.scipy": cupyx_scipy,
        "cupyx.scipy.sparse": cupyx_scipy.sparse,
    }
    for name, module in made.items():
        module.__spec__ = ModuleSpec(name, None, is_package=True)
    return made


_PREFIXES = ("cupy", "cupyx", "cupy_backends", "array_api_compat.cupy")
_BACKEND = ("sparse_ot.backends.cupy.backend", "sparse_ot.backends.cupy.kernels")
_ours: dict[str, types.ModuleType] = _modules()


def _ours_or_theirs() -> dict[str, types.ModuleType]:
    """What is loaded now of CuPy, real or not, and of the modules that bind its names."""
    return {
        name: module
        for name, module in sys.modules.items()
        if name in _BACKEND or any(name == p or name.startswith(f"{p}.") for p in _PREFIXES)
    }


def _swap(modules: dict[str, types.ModuleType]) -> dict[str, types.ModuleType]:
    """Load these instead of those that are loaded; returns the latter."""
    removed = _ours_or_theirs()
    for name in removed:
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if parent in ("array_api_compat", "sparse_ot.backends.cupy"):
            vars(sys.modules[parent]).pop(child, None)
    for name, module in modules.items():
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent in ("array_api_compat", "sparse_ot.backends.cupy"):
            setattr(sys.modules[parent], child, module)
    return removed


@contextmanager
def installed() -> Iterator[Any]:
    """`import cupy` means the stand-in in here; yields it, with an empty log."""
    from sparse_ot.backends.registry import load_backend

    global _ours
    importlib.import_module("array_api_compat")
    theirs = _swap(_ours)
    load_backend.cache_clear()
    log.clear()
    try:
        yield sys.modules["cupy"]
    finally:
        # The same modules next time: others remember their classes.
        _ours = _swap(theirs)
        load_backend.cache_clear()
