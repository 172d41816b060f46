"""NVIDIA's compilers accept every kernel; the sanitizers find nothing in one.

A GPU is not needed to compile, and having compiled says nothing about running.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest
from support.metrics import EVERY_METRIC
from support.standin import raw_module

from sparse_ot.metrics import as_metric

ROOT = Path(__file__).parents[3]
FILES = ["arc_costs.cu", "knn.cu", "pricing.cu"]
DTYPES = ["float32", "float64"]
NVCC = shutil.which("nvcc")
ARCHITECTURES = ["80", "90"]
TARGETS = [f"-gencode=arch=compute_{number},code=sm_{number}" for number in ARCHITECTURES]
# The most used metric always; all of them where slow tests run.
METRICS = pytest.mark.parametrize(
    "metric",
    [pytest.param(m, marks=[] if m == "sqeuclidean" else pytest.mark.slow) for m in EVERY_METRIC],
)


def key_of(file, dtype):
    return "float" if file == "knn.cu" and dtype == "float32" else "double"


def test_every_metric_has_a_kernel(kernels):
    text = kernels.source("knn.cu")
    for metric in EVERY_METRIC:
        assert f"struct {as_metric(metric).cuda} " in text


@pytest.mark.skipif(NVCC is None, reason="nvcc is not on the path")
@pytest.mark.parametrize("dtype", DTYPES)
@METRICS
def test_nvcc_compiles_every_kernel(kernels, tmp_path, metric, dtype):
    """For each architecture, without warnings, and without spilling registers."""
    for file in FILES:
        source = tmp_path / file
        source.write_text(kernels.source(file), encoding="utf-8")
        flags = kernels.options(dtype, metric, key_of(file, dtype))
        strict = ["-Xptxas", "-v", "-Werror", "all-warnings"]
        files = ["-o", str(tmp_path / "kernels.fatbin"), str(source)]
        done = subprocess.run(
            [NVCC, *flags, "-fatbin", *TARGETS, *strict, *files],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        report = [line for line in done.stderr.splitlines() if "spill" in line]
        entries = done.stderr.count("Compiling entry function")
        assert entries == len(TARGETS) * kernels.source(file).count("__global__")
        assert len(report) >= entries  # and functions that they call: the power of a double
        assert all("0 bytes spill stores, 0 bytes spill loads" in line for line in report)


def nvrtc():
    """NVIDIA's run-time compiler, which is what CuPy calls; from the system or from its wheel."""
    names = [ctypes.util.find_library("nvrtc")]
    for package in ("nvidia.cu13", "nvidia.cuda_nvrtc"):
        try:
            found = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            continue
        for folder in found.submodule_search_locations if found else []:
            names += [str(path) for path in Path(folder).glob("lib/libnvrtc.so.*")]
    for name in names:
        if name and "builtins" not in name:
            return ctypes.CDLL(name)
    return None


NVRTC = nvrtc()


@pytest.mark.skipif(NVRTC is None, reason="libnvrtc is not installed")
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("dtype", DTYPES)
@METRICS
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_nvrtc_compiles_what_cupy_would_give_it(kernels, file, dtype, metric, architecture):
    program = ctypes.c_void_p()
    text = kernels.source(file).encode()
    created = NVRTC.nvrtcCreateProgram(ctypes.byref(program), text, file.encode(), 0, None, None)
    assert created == 0
    flags = [f"-arch=sm_{architecture}", "-ftz=true", *kernels.options(dtype, metric, "double")]
    given = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
    failed = NVRTC.nvrtcCompileProgram(program, len(flags), given)
    size = ctypes.c_size_t()
    NVRTC.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    NVRTC.nvrtcGetProgramLog(program, log)
    NVRTC.nvrtcDestroyProgram(ctypes.byref(program))
    assert failed == 0, log.value.decode()
    assert not log.value.strip(), log.value.decode()


@pytest.mark.skipif(raw_module.COMPILER is None, reason="no C++ compiler (g++)")
def test_sanitizers_find_nothing_in_the_kernels():
    """One metric and type here; kernels/tests/run_cuda_on_cpu without arguments runs them all."""
    script = ROOT / "kernels" / "tests" / "run_cuda_on_cpu"
    done = subprocess.run(
        [str(script), "Euclidean", "float"], capture_output=True, text=True, check=False
    )
    if "cannot find -lasan" in done.stderr:
        pytest.skip("the sanitizers' libraries are not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failures" in done.stdout
