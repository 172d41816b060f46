"""Hypothesis strategies: small transport problems with whole masses, drawn to shrink well."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from support.problems import Case, staircase

WHOLE_COSTS = st.integers(-20, 20).map(float)
REAL_COSTS = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: round(x, 6))


@st.composite
def masses(draw: st.DrawFn, n: int, m: int) -> tuple[Any, Any]:
    """Whole masses, empty bins among them, with equal positive totals."""
    a = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    b = draw(st.lists(st.integers(0, 9), min_size=m, max_size=m))
    difference = sum(a) - sum(b)
    (b if difference > 0 else a)[0] += abs(difference)
    if sum(a) == 0:
        a[-1] += 1
        b[-1] += 1
    return np.array(a, dtype=float), np.array(b, dtype=float)


@st.composite
def dense_cases(draw: st.DrawFn, largest: int = 7) -> Case:
    """A matrix of costs, whole (many ties) or real."""
    n, m = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    costs = draw(st.sampled_from([WHOLE_COSTS, REAL_COSTS]))
    M = np.array(draw(st.lists(costs, min_size=n * m, max_size=n * m))).reshape(n, m)
    return Case(*draw(masses(n, m)), M)


@st.composite
def graphs(draw: st.DrawFn, largest: int = 7) -> Case:
    """Arcs in any order, parallel ones too; feasible or not."""
    n, m = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    arc = st.tuples(st.integers(0, n - 1), st.integers(0, m - 1), WHOLE_COSTS)
    arcs = draw(st.lists(arc, max_size=3 * max(n, m)))
    return Case(*draw(masses(n, m)), _container(arcs, (n, m)))


@st.composite
def feasible_graphs(draw: st.DrawFn, largest: int = 7) -> Case:
    """Arcs that carry the masses, and some more."""
    a, b, M = draw(graphs(largest))
    backbone = sorted(staircase(np.random.default_rng(draw(st.integers(0, 99))), a, b))
    costs = draw(st.lists(WHOLE_COSTS, min_size=len(backbone), max_size=len(backbone)))
    arcs = [(i, j, cost) for (i, j), cost in zip(backbone, costs, strict=True)]
    arcs += zip(M.row.tolist(), M.col.tolist(), M.data.tolist(), strict=True)
    return Case(a, b, _container(arcs, M.shape))


def cases() -> st.SearchStrategy[Case]:
    """Any feasible problem."""
    return st.one_of(dense_cases(), feasible_graphs())


def _container(arcs: list[tuple[int, int, float]], shape: tuple[int, int]) -> sp.coo_array:
    rows, cols, costs = zip(*arcs, strict=True) if arcs else ((), (), ())
    index = (np.array(rows, dtype=np.int64), np.array(cols, dtype=np.int64))
    return sp.coo_array((np.array(costs, dtype=float), index), shape=shape)
