"""Tests what works on this machine: ``python -m sparse_ot doctor``.

For every array library it reports whether it is installed, whether it imports, which devices it
has, and whether a small problem is solved with its proof on each of them. Every failure comes with
advice. Only what was tried is reported: a device is "certified" because it has just solved a
problem.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_ot.api.solve import solve
from sparse_ot.backends.protocol import Backend
from sparse_ot.backends.registry import Library, libraries, load_backend
from sparse_ot.costs.graphs import knn_cost
from sparse_ot.errors import MissingDependencyError
from sparse_ot.result.solution import Solution

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Finding", "SelfTest", "examine", "report"]

PACKAGES = ("numpy", "scipy", "array-api-compat", "typer", "rich", "matplotlib")


@dataclass(frozen=True)
class SelfTest:
    """The result of a small problem solved on one device, in a sentence."""

    device: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Finding:
    """The findings about one array library.

    Attributes
    ----------
    library : str
    version : str or None
        None if it is not installed.
    devices : tuple of str
    self_tests : tuple of SelfTest
        One per device.
    advice : str or None
        What to do if something is missing or wrong.
    """

    library: str
    version: str | None
    devices: tuple[str, ...] = ()
    self_tests: tuple[SelfTest, ...] = ()
    advice: str | None = None

    @property
    def is_broken(self) -> bool:
        """Whether it is installed but not usable; an absent library is not broken."""
        passed = bool(self.self_tests) and all(test.passed for test in self.self_tests)
        return self.version is not None and not passed


def examine() -> list[Finding]:
    """Try every library on every device that it has.

    Examples
    --------
    >>> numpy = examine()[0]
    >>> numpy.library, numpy.is_broken
    ('numpy', False)
    """
    return [_examine(library) for library in libraries() if library.public]


def _examine(library: Library) -> Finding:
    name = library.name
    try:
        backend = load_backend(name)
    except MissingDependencyError as error:
        return Finding(name, None, advice=str(error))
    except Exception as error:  # whatever a half-installed library raises
        broken = f"It does not import: {_brief(error)} {library.advice}"
        return Finding(name, "(version unknown)", advice=broken)
    found = str(getattr(sys.modules[name], "__version__", "?"))
    try:
        devices = backend.devices()
    except Exception as error:
        blind = f"It sees no device: {_brief(error)} {library.advice}"
        return Finding(name, found, advice=blind)
    tests = tuple(_self_test(backend, device) for device in devices)
    wrong = not tests or not all(test.passed for test in tests)
    advice = library.advice if wrong else backend.caveat
    return Finding(name, found, tuple(map(str, devices)), tests, advice)


def _self_test(backend: Backend, device: Any) -> SelfTest:
    """Solve a neighbour graph; check the certificate, and the value against that of NumPy.

    If the library compiles, the compiled solve must pass as well.
    """
    rng = np.random.default_rng(0)
    X, Y = rng.random((60, 3)), rng.random((70, 3))
    expected = float(solve(knn_cost(X, Y, 5, feasible_for=(None, None))).value)
    compiled = backend.compiled(solve)
    try:
        x, y = (backend.xp.asarray(points.tolist(), device=device) for points in (X, Y))
        with backend.on_device_of(x):
            graph = knn_cost(x, y, 5, feasible_for=(None, None))
            solution = solve(graph)
            again = solution if compiled is solve else compiled(graph)
            wrong = _what_is_wrong(solution, expected) or _what_is_wrong(again, expected)
    except Exception as error:
        return SelfTest(str(device), False, _brief(error))
    if wrong is not None:
        return SelfTest(str(device), False, wrong)
    crossed = solution.stats.crossings
    return SelfTest(
        str(device),
        True,
        f"certified{'' if compiled is solve else ', compiled too'}, gap "
        f"{solution.certificate.gap:.0e}; {crossed.to_host} crossing(s) to the host, "
        f"{crossed.to_device} back",
    )


def _what_is_wrong(solution: Solution, expected: float) -> str | None:
    value, certificate = float(solution.value), solution.certificate
    rounding = 1e-9 if str(solution.value.dtype).endswith("64") else 1e-5
    if abs(value - expected) <= rounding * expected and certificate.holds(rounding):
        return None
    return f"value {value!r}, expected {expected!r}; {certificate}"


def report(console: Console) -> bool:
    """Print the findings of `examine`; return whether everything that is installed works.

    Parameters
    ----------
    console : rich.console.Console
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for name, found in _versions():
        table.add_row(name, found)
    console.print(table)
    findings = examine()
    for finding in findings:
        console.print()
        console.print(Text(f"{finding.library} {finding.version or 'is not installed'}", "bold"))
        for test in finding.self_tests:
            mark = Text("  ok    ", "green") if test.passed else Text("  FAILED ", "red")
            console.print(mark + Text(f"{test.device}: {test.detail}"), soft_wrap=True)
        if finding.advice is not None:
            console.print(Text(f"  {finding.advice}"), soft_wrap=True)
    return not any(finding.is_broken for finding in findings)


def _versions() -> Iterator[tuple[str, str]]:
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    yield "sparse_ot", _version_of("sparseot") or "?"
    for package in PACKAGES:
        yield package, _version_of(package) or "not installed"


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _brief(error: Exception) -> str:
    """An error in one line, since the messages of some libraries fill a page."""
    words = " ".join(str(error).split())
    end = "..." if len(words) > 300 else "" if words.endswith(".") else "."
    return f"{type(error).__name__}: {words[:300]}{end}"
