"""The stand-in's `cupyx.scipy.sparse`: COO, CSR and CSC, as matrices and as arrays.

SciPy does the work inside. Constructors take device arrays only, and data of the types that CuPy
takes. Index arrays are as CuPy makes them: int32 where they fit.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import scipy.sparse

from support.standin import device as dev
from support.standin.array import call, ndarray, unwrap, wrap

_TYPES = ("bool", "float32", "float64", "complex64", "complex128")


class _Container:
    """A sparse container around SciPy's of the same format."""

    _scipy: Any
    __array_priority__ = 101

    def __init__(self, entries: Any, shape: Any = None, dtype: Any = None) -> None:
        self._on = dev.current_device()
        if scipy.sparse.issparse(entries):  # an upload
            self._inner = _like(self, _uploaded(entries))
        elif isinstance(entries, _Container):
            self._inner = _like(self, entries._inner)
        elif isinstance(entries, tuple):
            flat = [x for part in entries for x in (part if isinstance(part, tuple) else [part])]
            if not all(isinstance(x, ndarray) for x in flat):
                msg = "invalid input format"
                raise TypeError(msg)
            dev.log.waits += 1  # CuPy reads the range of the indices, or the last pointer
            self._inner = type(self)._scipy(unwrap(entries), shape=shape)
        else:
            msg = "invalid input format"
            raise TypeError(msg)
        if self._inner.dtype.name not in _TYPES:
            msg = "Only bool, float32, float64, complex64 and complex128 are supported"
            raise ValueError(msg)

    @classmethod
    def _around(cls, inner: Any) -> Any:
        made: Any = object.__new__(_CLASSES[type(inner).__name__])
        made._inner, made._on = inner, dev.current_device()
        return made

    shape = property(lambda self: self._inner.shape)
    dtype = property(lambda self: self._inner.dtype)
    format = property(lambda self: self._inner.format)
    ndim = property(lambda self: self._inner.ndim)
    nnz = property(lambda self: self._inner.nnz)
    data = property(lambda self: ndarray(self._inner.data, self._on))
    row = property(lambda self: ndarray(self._inner.coords[0], self._on))
    col = property(lambda self: ndarray(self._inner.coords[1], self._on))
    indices = property(lambda self: ndarray(self._inner.indices, self._on))
    indptr = property(lambda self: ndarray(self._inner.indptr, self._on))
    T = property(lambda self: self._around(self._inner.T))

    def __array__(self, *_: object, **__: object) -> Any:
        msg = "Implicit conversion to a NumPy array is not allowed."
        raise TypeError(msg)

    def __len__(self) -> int:
        msg = "sparse matrix length is ambiguous; use getnnz()"
        raise TypeError(msg)

    def asformat(self, format: str) -> Any:
        return self._around(self._inner.asformat(format))

    def tocoo(self) -> Any:
        return self.asformat("coo")

    def tocsr(self) -> Any:
        return self.asformat("csr")

    def tocsc(self) -> Any:
        return self.asformat("csc")

    def todia(self) -> Any:
        return self.asformat("dia")

    def toarray(self) -> Any:
        return wrap(self._inner.toarray())

    def sum(self, axis: int | None = None) -> Any:
        return wrap(np.asarray(self._inner.sum(axis=axis)))

    def get(self) -> Any:
        """The SciPy container: three arrays cross."""
        for name in ("data", "row", "col") if self.format == "coo" else _COMPRESSED:
            getattr(self, name).get()
        return self._inner.copy()

    def __matmul__(self, other: Any) -> Any:
        return call(lambda inner, x: inner @ x, _Wrapped(self._inner), other)


class _Wrapped:
    """Hands SciPy's container through `call` untouched."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __matmul__(self, other: Any) -> Any:
        return self.inner @ other


_COMPRESSED = ("data", "indices", "indptr")


def _uploaded(container: Any) -> Any:
    names = ("data", "coords") if container.format == "coo" else _COMPRESSED
    for name in names:
        parts = getattr(container, name)
        for x in parts if isinstance(parts, tuple) else (parts,):
            ndarray(np.empty_like(x)).set(np.ascontiguousarray(x))
    return container.copy()


def _like(container: Any, inner: Any) -> Any:
    return type(container)._scipy(inner)


_CLASSES = {
    f"{kind}_{flavour}": type(
        f"{kind}_{flavour}",
        (_Container,),
        {
            "_scipy": getattr(scipy.sparse, f"{kind}_{flavour}"),
            "__module__": "cupyx.scipy.sparse",
        },
    )
    for kind in ("coo", "csr", "csc", "dia")
    for flavour in ("matrix", "array")
}


def module() -> Any:
    made: Any = types.ModuleType("cupyx.scipy.sparse")
    vars(made).update(_CLASSES)
    made.issparse = lambda x: isinstance(x, _Container)
    return made
