"""What is public is documented: in NumPy's form, every parameter, with an example that runs."""

from __future__ import annotations

import builtins
import dataclasses
import doctest
import enum
import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import sparse_ot

SECTION = re.compile(r"^(?P<title>[A-Z][\w ]+)\n-{3,}$", re.MULTILINE)
ENTRY = re.compile(r"^(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :.*)?$", re.MULTILINE)
SECTIONS = [  # in the order that numpydoc asks for
    *("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also"),
    *("Notes", "References", "Examples"),
]

NAMES = [name for name in sparse_ot.__all__ if not name.startswith("__")]
OBJECTS = {name: getattr(sparse_ot, name) for name in NAMES}
ERRORS = [name for name, x in OBJECTS.items() if isinstance(x, type) and issubclass(x, Exception)]
FUNCTIONS = [name for name, x in OBJECTS.items() if inspect.isfunction(x)]
CLASSES = [name for name, x in OBJECTS.items() if isinstance(x, type) and name not in ERRORS]

NO_EXAMPLE = {
    "DenseGap": "a record that `dense_gap` returns, and shows in its own example",
    "HallViolation": "a record inside an error; docs/infeasible-graphs.md shows it at work",
    "Round": "a record of progress, handed to a callback and never made by a caller",
    "SolveStats": "a record of counters, which differ from machine to machine",
}
RAISES_NOTHING = {"transfers": "it has no arguments that could be wrong"}
RAISING = [name for name in FUNCTIONS if name not in RAISES_NOTHING]


def sections(name: str) -> dict[str, str]:
    """The sections of a docstring by title; what comes before them has the title ''."""
    text = inspect.cleandoc(OBJECTS[name].__doc__ or "")
    starts = [(0, 0, ""), *((m.start(), m.end(), m["title"]) for m in SECTION.finditer(text))]
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    return {
        title: text[begin:end].strip() for (_, begin, title), end in zip(starts, ends, strict=True)
    }


def entries(body: str) -> list[str]:
    """The names that a section of parameters describes, in its order."""
    return [name for m in ENTRY.finditer(body) for name in m["names"].split(", ")]


def parameters(x: Callable[..., Any]) -> list[str]:
    """The names in a signature, with the stars that docstrings give them."""
    stars: dict[Any, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    return [stars.get(p.kind, "") + p.name for p in inspect.signature(x).parameters.values()]


def test_every_name_is_of_a_known_sort() -> None:
    rest = {name for name in NAMES if name not in {*ERRORS, *FUNCTIONS, *CLASSES}}
    assert all(isinstance(OBJECTS[name], ModuleType) for name in rest)
    assert NO_EXAMPLE.keys() <= set(CLASSES)
    assert RAISES_NOTHING.keys() <= set(FUNCTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_one_line_that_is_a_sentence(name: str) -> None:
    summary, _, rest = inspect.cleandoc(OBJECTS[name].__doc__ or "").partition("\n")
    assert re.search(r"\w.*[.?!]$", summary)
    assert not rest or rest.startswith("\n")


@pytest.mark.parametrize("name", NAMES)
def test_its_sections_are_numpydocs_in_their_order(name: str) -> None:
    titles = [title for title in sections(name) if title]
    assert titles == sorted(titles, key=SECTIONS.index)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_names_exactly_the_parameters_of_its_signature(name: str) -> None:
    described = entries(sections(name).get("Parameters", ""))
    assert len(described) == len(set(described))
    assert set(described) == set(parameters(OBJECTS[name]))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_names_exactly_what_it_is_made_from(name: str) -> None:
    """Its parameters or, where they are kept under the same names, its attributes."""
    made_from = OBJECTS[name]
    if issubclass(made_from, enum.Enum):
        pytest.skip("its members are written out in its body")
    found = sections(name)
    described = entries(found.get("Parameters") or found.get("Attributes", ""))
    if dataclasses.is_dataclass(made_from):
        public = {f.name for f in dataclasses.fields(made_from) if not f.name.startswith("_")}
    else:
        public = set(parameters(made_from))
    assert len(described) == len(set(described))
    assert set(described) == public


@pytest.mark.parametrize("name", RAISING)
def test_it_says_what_it_raises(name: str) -> None:
    """Every function here checks its arguments, and most can meet a problem without a plan."""
    raised = re.findall(r"^(\S.*)$", sections(name).get("Raises", ""), re.MULTILINE)
    assert raised
    for error in (error for line in raised for error in line.split(", ")):
        found = getattr(sparse_ot, error, getattr(builtins, error, None))
        assert isinstance(found, type), error
        assert issubclass(found, BaseException), error


@pytest.mark.parametrize("name", [*FUNCTIONS, *(x for x in CLASSES if x not in NO_EXAMPLE)])
def test_its_example_runs(name: str) -> None:
    """As a reader would run it, after ``from sparse_ot import *`` and nothing else."""
    examples = sections(name).get("Examples", "")
    test = doctest.DocTestParser().get_doctest(examples, dict(OBJECTS), name, None, None)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
