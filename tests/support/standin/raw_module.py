"""The stand-in's `RawModule`: the CUDA source that it is given, compiled for the CPU and run there.

The source and the -D options are those that CuPy would hand to NVIDIA's compiler; the C++ compiler
sees them through the shim in kernels/tests/support. A launch is checked more strictly than CuPy
checks it: every argument must have exactly the type of its parameter.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from support.standin import device as dev
from support.standin.array import ndarray, unwrap

SHIM = Path(__file__).parents[3] / "kernels" / "tests" / "support" / "cuda_on_cpu.hpp"
COMPILER = os.environ.get("CXX") or shutil.which("g++")
FLAGS = ("-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
_KERNEL = re.compile(r"__global__\s+void\s+(?:__launch_bounds__\(\w+\)\s+)?(\w+)\s*\(")


class CompileException(Exception):
    """As `cupy.cuda.compiler.CompileException`."""


class RawModule:
    """Compiled when the first kernel is asked for, as CuPy's."""

    def __init__(self, *, code: str, options: tuple[str, ...] = (), backend: str = "nvrtc") -> None:
        if not isinstance(code, str) or not isinstance(options, tuple):
            msg = "code must be a str, options a tuple"
            raise TypeError(msg)
        self.code, self.options = code, options

    def get_function(self, name: str) -> Any:
        if name not in _KERNEL.findall(self.code):
            msg = f"cudaErrorNotFound: no kernel {name}"
            raise RuntimeError(msg)
        return _Kernel(_library(self.code, self.options), name)


class _Kernel:
    def __init__(self, library: ctypes.CDLL, name: str) -> None:
        self.name = name
        self._launch = getattr(library, f"launch_{name}")
        self._launch.restype = ctypes.c_char_p
        describe = getattr(library, f"signature_of_{name}")
        describe.restype = ctypes.c_char_p
        self.parameters = describe().decode().split()

    def __call__(self, grid: Any, block: Any, args: Any) -> None:
        grid_x, grid_y = (*grid, 1)[:2]
        if not (1 <= grid_x < 2**31 and 1 <= grid_y < 2**16 and 1 <= block[0] <= 1024):
            msg = f"cudaErrorInvalidConfiguration: grid {grid}, block {block}"
            raise RuntimeError(msg)
        if len(args) != len(self.parameters):
            msg = f"{self.name} takes {len(self.parameters)} arguments, not {len(args)}"
            raise TypeError(msg)
        dev.get_current_stream().synchronize()
        values = [self._value(*pair) for pair in zip(self.parameters, args, strict=True)]
        addresses = (ctypes.c_void_p * len(values))(*(x.ctypes.data for x in values))
        wrong = self._launch(grid_x, grid_y, block[0], addresses)
        if wrong is not None:
            msg = f"{self.name}: {wrong.decode()}"
            raise RuntimeError(msg)

    def _value(self, parameter: str, argument: Any) -> Any:
        """The argument's bytes, as the driver takes them: a number, or an address."""
        expected = np.dtype(parameter.lstrip("*"))
        if not parameter.startswith("*"):
            if not isinstance(argument, np.generic) or argument.dtype != expected:
                msg = f"{self.name}: found {argument!r} for a parameter of {expected}"
                raise TypeError(msg)
            return np.asarray(argument)
        if isinstance(argument, np.uintp) and argument == 0:
            return np.asarray(argument)
        if not isinstance(argument, ndarray) or argument.dtype != expected:
            msg = f"{self.name}: found {argument!r} for a pointer to {expected}"
            raise TypeError(msg)
        if not argument.flags.c_contiguous:
            msg = f"{self.name}: an array with strides, which kernels ignore"
            raise TypeError(msg)
        return np.asarray(np.uintp(unwrap(argument).ctypes.data))


@cache
def _library(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    if COMPILER is None:
        msg = "no C++ compiler (g++)"
        raise CompileException(msg)
    exports = "".join(f"CUDA_ON_CPU_EXPORT({name})\n" for name in _KERNEL.findall(code))
    text = f"{SHIM.read_text(encoding='utf-8')}\n{code}\n{exports}"
    digest = hashlib.sha256(repr((text, options, FLAGS, COMPILER)).encode()).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"cuda-on-cpu-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"{digest}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            source, made = Path(work) / "kernel.cpp", Path(work) / "kernel.so"
            source.write_text(text, encoding="utf-8")
            done = subprocess.run(
                [COMPILER, *options, *FLAGS, "-ffp-contract=off", "-o", str(made), str(source)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise CompileException(done.stderr)
            made.replace(library)  # whole or not at all, should two processes compile it
    return ctypes.CDLL(str(library))
