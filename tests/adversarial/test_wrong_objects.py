"""Every kind of wrong object for every argument: each message names it, in the form of all."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from conformance.libraries import Library
from support.words import GRAPH, A, B, M, X, Y, check_the_form_of

import sparse_ot
from sparse_ot import DenseCost, SparseCost, errors

SOLUTION = sparse_ot.solve(M)

OBJECTS: dict[str, Any] = {
    "None": None,
    "a word": "word",
    "bytes": b"bytes",
    "True": True,
    "a number": 1.5,
    "a complex number": 1j,
    "a dictionary": {"a": 1},
    "a set": {1, 2},
    "a generator": (i for i in range(3)),
    "a function": abs,
    "a class": float,
    "a solution": SOLUTION,
    "words": ["1", "2", "3"],
    "rows of words": [["1", "2"]] * 3,
    "numbers and words": [[1.0, "2"]] * 3,
    "nothings": [None] * 3,
    "dates": [datetime.date(2020, 1, 1)] * 3,
    "decimals": [decimal.Decimal(1)] * 3,
    "large integers": [10**30] * 3,
    "ragged": [[1.0], [1.0, 2.0], []],
    "deeper": [[1.0, [2.0]], [3.0, 4.0], [5.0, 6.0]],
    "array of words": np.asarray(["1", "2", "3"]),
    "array of bytes": np.asarray([b"1", b"2"]),
    "array of objects": M.astype(object),
    "array of complex numbers": M + 1j,
    "array of moments": M.astype("datetime64[s]"),
    "array of durations": M.astype("timedelta64[s]"),
    "records": np.zeros(3, [("x", float)]),
    "record array": np.rec.array(np.zeros(3, [("x", float)])),
    "voids": np.zeros(3, "V4"),
    "masked": np.ma.masked_array(M, mask=M > 4),
    "no dimension": np.asarray(1.0),
    "a cube": np.ones((2, 3, 2)),
    "no columns": np.ones((3, 0)),
    "complex arcs": GRAPH * 1j,
    "one sparse dimension": sp.coo_array(np.ones(3)),
}

ARGUMENTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "M of solve": ("M", lambda x: sparse_ot.solve(x, A, B)),
    "M of emd": ("M", lambda x: sparse_ot.emd(A, B, x)),
    "M of emd2": ("M", lambda x: sparse_ot.emd2(A, B, x)),
    "M of union": ("M", lambda x: sparse_ot.union(x, GRAPH)),
    "others of union": ("others[0]", lambda x: sparse_ot.union(GRAPH, x)),
    "DenseCost": ("M", DenseCost),
    "SparseCost": ("M", SparseCost),
    "a": ("a", lambda x: sparse_ot.solve(M, x, B)),
    "b": ("b", lambda x: sparse_ot.solve(M, A, x)),
    "b of emd2": ("b", lambda x: sparse_ot.emd2(A, x, M)),
    "a of solve_sample": ("a", lambda x: sparse_ot.solve_sample(X, Y, x)),
    "X": ("X", lambda x: sparse_ot.solve_sample(x, Y)),
    "Y": ("Y", lambda x: sparse_ot.solve_sample(X, x)),
    "X of knn_cost": ("X", lambda x: sparse_ot.knn_cost(x, Y, 1)),
    "Y of radius_cost": ("Y", lambda x: sparse_ot.radius_cost(X, x, 1.0)),
    "feasible_for": ("feasible_for", lambda x: sparse_ot.knn_cost(X, Y, 1, feasible_for=x)),
    "a of feasible_for": ("a", lambda x: sparse_ot.knn_cost(X, Y, 1, feasible_for=(x, None))),
    "points": (
        "points",
        lambda x: sparse_ot.union(GRAPH, points=(x, x, x), feasible_for=(None, None)),  # type: ignore[arg-type]
    ),
    "potentials_init": ("potentials_init", lambda x: sparse_ot.solve(M, potentials_init=x)),
    "u": ("potentials_init", lambda x: sparse_ot.solve(M, potentials_init=(x, B))),
    "start": ("start", lambda x: sparse_ot.solve_sample(X, Y, start=(x, B))),
    "vec": ("vec", lambda x: SOLUTION.apply(x)),
    "solution": ("solution", lambda x: sparse_ot.dense_gap(x, X, Y)),
    "what a metric returns": (
        "The metric function",
        lambda x: sparse_ot.solve_sample(X, Y, metric=lambda *_: x),
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("what", OBJECTS)
@pytest.mark.parametrize("where", ARGUMENTS)
def test_every_wrong_object_is_refused_in_words(where: str, what: str) -> None:
    name, call = ARGUMENTS[where]
    try:
        call(OBJECTS[what])
    except errors.SparseOTError as error:
        message = str(error)
    else:
        return  # an optional argument that is None, a solution to start from, ...
    check_the_form_of(message)
    of_two = message.startswith(("others[0] has", "M has", "X has"))  # which do not fit together
    assert re.match(rf"(an item of |The )?{re.escape(name)}(?!\w)", message) or of_two
    if "word" in what or "bytes" in what:
        assert "numpy.asarray" not in message, message


WRONG_EVERYWHERE = [
    "a word",
    "a complex number",
    "a dictionary",
    "a set",
    "a function",
    "words",
    "nothings",
    "ragged",
    "array of words",
    "array of objects",
    "array of moments",
    "records",
    "voids",
    "masked",
    "a cube",
]


@pytest.mark.parametrize("what", WRONG_EVERYWHERE)
@pytest.mark.parametrize("where", ARGUMENTS)
def test_nothing_is_computed_from_what_is_no_number(where: str, what: str) -> None:
    with pytest.raises(errors.SparseOTError):
        ARGUMENTS[where][1](OBJECTS[what])


def test_every_library_names_the_argument_once(library: Library) -> None:
    put = library.put
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("M has shape (2, 2, 2).", lambda: sparse_ot.solve(put(np.ones((2, 2, 2), "f4")))),
        ("M has shape (2,).", lambda: DenseCost(put(np.ones(2, "f4")))),
        ("M: Found an array", lambda: sparse_ot.solve(put(np.ones((2, 2), "c8")))),
        (
            "b: Found an array",
            lambda: sparse_ot.solve(put(np.ones((2, 2), "f4")), None, put(np.ones(2, "c8"))),
        ),
        (
            "a has shape (2, 1). Expected (2,): one number for every point. Flatten it",
            lambda: sparse_ot.solve(put(np.ones((2, 2), "f4")), put(np.ones((2, 1), "f4"))),
        ),
        ("X is None.", lambda: sparse_ot.solve_sample(None, put(np.ones((2, 2), "f4")))),
        ("M is None:", lambda: sparse_ot.solve(None, put(np.ones(2, "f4")))),
    ]
    for begins, call in calls:
        with pytest.raises(errors.SparseOTError) as caught:
            call()
        assert str(caught.value).startswith(begins), caught.value
        check_the_form_of(str(caught.value))
