"""Sends the examples of `round_trips` through other processes: ``-m support.in_processes WAY``.

A program of its own, so that a test can stop it if a pool waits for ever.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import sparse_ot
from support import round_trips

Map = Callable[[Callable[[Any], Any], list[Any]], list[Any]]


def pool(method: str) -> Map:
    """`multiprocessing.Pool` with a start method."""

    def run(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        with multiprocessing.get_context(method).Pool(2) as workers:
            return workers.map(function, items)

    return run


def executor(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        return list(workers.map(function, items))


def loky(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    workers = import_module("joblib.externals.loky").get_reusable_executor(max_workers=2)
    return list(workers.map(function, items))


def joblib(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    library = import_module("joblib")
    back = library.Parallel(n_jobs=2)(library.delayed(function)(item) for item in items)
    return list(back)


WAYS: dict[str, Map] = {
    "fork": pool("fork"),
    "spawn": pool("spawn"),
    "executor": executor,
    "loky": loky,
    "joblib": joblib,
}


def main(way: str) -> None:
    run = WAYS[way]
    sent = [x for objects in round_trips.examples().values() for x in objects]
    expected = [round_trips.answers(x) for x in sent]
    back = run(round_trips.echo, sent)
    for before, said, (after, said_there) in zip(sent, expected, back, strict=True):
        assert type(after) is type(before)
        assert said_there == said, f"{before!r} answers {said_there} there"
        assert round_trips.answers(after) == said, f"{before!r} answers differently when back"
        if isinstance(before, sparse_ot.Status):
            assert after is before
    with pytest.raises(sparse_ot.InfeasibleError, match=r"2 sources, .* hold mass 1") as caught:
        run(round_trips.solve, [np.eye(3), round_trips.BOTTLENECK, np.eye(2)])
    assert caught.value.violation == round_trips.infeasible().violation
    assert caught.value.violation.deficit == 0.5
    print(f"{len(sent)} objects went and came back")


if __name__ == "__main__":
    main(sys.argv[1])
