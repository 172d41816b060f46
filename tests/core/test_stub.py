"""The stub of the compiled module says what the module has: every name, every parameter."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import sparse_ot
from sparse_ot import _core

STUB = ast.parse((Path(sparse_ot.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))


def names_of(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """Classes, functions and annotated constants that a body defines."""
    named: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            named[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            named[node.target.id] = node
    return named


def public(thing: Any) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def parameters_in_stub(node: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in node.args.args]


def parameters_in_module(function: Any) -> set[tuple[str, ...]]:
    """Of each overload, as nanobind keeps the signatures."""
    found = set()
    for signature, *_ in function.__nb_signature__:
        parameters = signature[signature.index("(") + 1 : signature.rindex(") ->")]
        while re.search(r"[\[(]", parameters):  # types and defaults have commas of their own
            parameters = re.sub(r"[\[(][^\[\]()]*[\])]", "", parameters)
        found.add(tuple(re.split(r"[:=]", one)[0].strip() for one in parameters.split(",") if one))
    return found


CLASSES = {
    name: node for name, node in names_of(STUB.body).items() if isinstance(node, ast.ClassDef)
}
FUNCTIONS = [
    pytest.param(node, getattr(_core, name), id=name)
    for name, node in names_of(STUB.body).items()
    if isinstance(node, ast.FunctionDef)
] + [
    pytest.param(node, vars(getattr(_core, owner))[name], id=f"{owner}.{name}")
    for owner, body in CLASSES.items()
    for name, node in names_of(body.body).items()
    if isinstance(node, ast.FunctionDef) and not node.decorator_list
]


def test_the_stub_has_the_names_of_the_module() -> None:
    assert set(names_of(STUB.body)) == public(_core)


@pytest.mark.parametrize("name", CLASSES)
def test_the_stub_has_the_members_of_a_class(name: str) -> None:
    compiled, body = getattr(_core, name), CLASSES[name].body
    if hasattr(compiled, "__members__"):
        stub = [ast.unparse(node) for node in body if isinstance(node, ast.Assign)]
        assert stub == [f"{member.name} = {member.value}" for member in compiled]
        return
    listed = {member for member in names_of(body) if not member.startswith("_")}
    assert listed == public(compiled)


@pytest.mark.parametrize(("node", "compiled"), FUNCTIONS)
def test_the_stub_has_the_parameters_of_a_function(node: ast.FunctionDef, compiled: Any) -> None:
    assert parameters_in_module(compiled) == {tuple(parameters_in_stub(node))}


@pytest.mark.parametrize(("node", "compiled"), FUNCTIONS)
def test_help_says_something(node: ast.FunctionDef, compiled: Any) -> None:
    assert all(words for _, words, *_ in compiled.__nb_signature__)
