"""`python -m sparse_ot doctor`: what is there, what is not, and what fails are told apart."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from support.standin import fakecupy, raw_module

from sparse_ot.backends import registry
from sparse_ot.cli import doctor
from sparse_ot.cli.app import main


def said() -> tuple[str, bool]:
    """What the doctor prints, and whether all is well."""
    stream = io.StringIO()
    well = doctor.report(Console(file=stream, width=200))
    return stream.getvalue(), well


def found(library: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if finding.library == library)


def test_every_public_library_is_examined() -> None:
    examined = [finding.library for finding in doctor.examine()]
    assert examined == [library.name for library in registry.libraries() if library.public]
    assert {"numpy", "jax", "cupy"} <= set(examined)
    assert "array_api_strict" not in examined


def test_numpy_is_certified_on_its_one_device() -> None:
    finding = found("numpy")
    assert [test.passed for test in finding.self_tests] == [True]
    assert "certified" in finding.self_tests[0].detail
    assert finding.advice is None


def test_jax_is_certified_on_every_device_it_sees() -> None:
    jax = pytest.importorskip("jax")
    finding = found("jax")
    assert finding.version == jax.__version__
    assert len(finding.self_tests) == len(finding.devices) >= 1
    assert not finding.is_broken
    assert finding.advice is None
    assert all("certified, compiled too" in test.detail for test in finding.self_tests)


def test_a_jaxlib_that_makes_programs_call_back_is_told_with_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jax_door = pytest.importorskip("sparse_ot.backends.jax.door", exc_type=ImportError)
    monkeypatch.setattr(jax_door, "foreign_functions_work", lambda: False)
    finding = found("jax")
    assert not finding.is_broken
    assert finding.advice is not None
    assert "call back to Python" in finding.advice
    assert "install an older jaxlib" in finding.advice


def test_an_absent_library_is_no_fault_and_comes_with_its_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = registry.find_spec  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "find_spec", lambda x: None if x == "cupy" else really(x))
    registry.load_backend.cache_clear()
    finding = found("cupy")
    assert finding.version is None
    assert not finding.is_broken
    assert finding.advice is not None
    assert "pip install 'sparseot[cupy-cuda12]'" in finding.advice
    text, well = said()
    assert well
    assert "cupy is not installed" in text
    registry.load_backend.cache_clear()


@pytest.mark.skipif(raw_module.COMPILER is None, reason="no C++ compiler (g++)")
def test_every_device_is_tried() -> None:
    with fakecupy.installed() as cupy:
        finding = found("cupy")
        assert finding.version == cupy.__version__
        assert len(finding.self_tests) == cupy.cuda.runtime.getDeviceCount() == 2
        assert all(test.passed for test in finding.self_tests)
        assert "1 crossing(s) to the host, 1 back" in finding.self_tests[1].detail


def test_no_driver_is_told_with_advice() -> None:
    def refuse() -> int:
        msg = "cudaErrorInsufficientDriver: CUDA driver version is insufficient"
        raise RuntimeError(msg)

    with fakecupy.installed() as cupy, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cupy.cuda.runtime, "getDeviceCount", refuse)
        finding = found("cupy")
    assert finding.is_broken
    assert finding.advice is not None
    assert "sees no device: RuntimeError: cudaErrorInsufficientDriver" in finding.advice
    assert "is insufficient. CuPy needs an NVIDIA GPU" in finding.advice
    assert "nvidia-smi" in finding.advice


def test_a_library_that_does_not_import_is_told_with_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(library: str) -> Any:
        msg = "libcudart.so.13: cannot open shared object file"
        raise OSError(msg)

    monkeypatch.setattr(doctor, "load_backend", refuse)
    finding = found("cupy")
    assert finding.is_broken
    assert finding.advice is not None
    assert "does not import: OSError: libcudart" in finding.advice


def test_a_wrong_answer_fails_the_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = registry.load_backend("numpy")
    right = doctor.solve  # type: ignore[attr-defined]
    calls = []

    def wrong(M: Any) -> Any:
        calls.append(M)
        return right(M if len(calls) == 1 else M * 2)

    monkeypatch.setattr(doctor, "solve", wrong)
    test = doctor._self_test(backend, "cpu")
    assert not test.passed
    assert "expected" in test.detail


def test_the_command_prints_versions_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("Python", "sparse_ot", "scipy", "numpy", "certified", "jax", "cupy"):
        assert word in text


def test_the_command_fails_where_something_installed_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = doctor.Finding("numpy", "1.0", advice="Install it again.")
    monkeypatch.setattr(doctor, "examine", lambda: [broken])
    assert main(["doctor"]) == 2
    printed = capsys.readouterr()
    assert "Install it again." in printed.out
    assert "does not work" in printed.err
