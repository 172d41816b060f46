"""Problem generators: every kind of problem the library promises to solve, from a seed.

A `Case` is what a caller would pass. `FAMILIES` names the kinds; ``FAMILIES[name](rng)`` draws
one. Sparse ones carry a feasible backbone: the staircase of the north-west corner rule under
random orders, along which the masses can always be moved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

Generator = np.random.Generator


class Case(NamedTuple):
    """Masses (None: uniform) and a dense or sparse cost."""

    a: Any
    b: Any
    M: Any


# -- masses ---------------------------------------------------------------------------------


def random_masses(rng: Generator, n: int, m: int) -> tuple[Any, Any]:
    """Normalised random masses: totals agree to rounding only."""
    a, b = rng.random(n) + 0.01, rng.random(m) + 0.01
    return a / a.sum(), b / b.sum()


def integer_masses(rng: Generator, n: int, m: int, largest: int = 999) -> tuple[Any, Any]:
    """Whole numbers of equal total."""
    a, b = rng.integers(1, largest + 1, n), rng.integers(1, largest + 1, m)
    short, by = (a, b.sum() - a.sum()) if a.sum() < b.sum() else (b, a.sum() - b.sum())
    short += by // len(short)
    short[: by % len(short)] += 1
    return a.astype(float), b.astype(float)


def wide_masses(rng: Generator, n: int, m: int) -> tuple[Any, Any]:
    """Whole numbers from 1 to 1e12 of equal total, spread evenly in magnitude."""

    def draw(size: int) -> Any:
        exponents = np.concatenate([[0.0, 12.0], rng.uniform(0.0, 12.0, max(0, size - 2))])
        return np.floor(10.0 ** exponents[:size])

    a, b = draw(n), draw(m)
    difference = a.sum() - b.sum()
    (b if difference > 0 else a)[-1] += abs(difference)
    return a, b


def with_empty_bins(rng: Generator, x: Any, share: float = 0.3) -> Any:
    """`x` with some entries emptied into the others."""
    empty = rng.random(len(x)) < share
    empty[rng.integers(len(x))] = False
    kept = np.where(empty, 0.0, x)
    return kept * (x.sum() / kept.sum())


# -- costs ----------------------------------------------------------------------------------


def point_costs(rng: Generator, n: int, m: int, d: int = 2) -> Any:
    """Squared Euclidean distances of random points."""
    x, y = rng.random((n, d)), rng.random((m, d))
    return ((x[:, None] - y[None]) ** 2).sum(-1)


def staircase(rng: Generator, a: Any, b: Any) -> set[tuple[int, int]]:
    """Arcs of a feasible plan: north-west corner rule under random orders, ties both ways."""
    n, m = len(a), len(b)
    whole = np.sum(a) == np.sum(b) and not np.any(np.mod(a, 1)) and not np.any(np.mod(b, 1))
    if not whole:
        a, b = a / np.sum(a), b / np.sum(b)
    tie = 0.0 if whole else 1e-12
    rows, cols = rng.permutation(n), rng.permutation(m)
    ends_a, ends_b = np.cumsum(a[rows]), np.cumsum(b[cols])
    pairs, i, j = set(), 0, 0
    while True:
        pairs.add((int(rows[i]), int(cols[j])))
        if i == n - 1 and j == m - 1:
            return pairs
        near = i < n - 1 and j < m - 1 and abs(ends_a[i] - ends_b[j]) <= tie
        if near:  # rounding decides which corner is needed: keep both
            pairs |= {(int(rows[i + 1]), int(cols[j])), (int(rows[i]), int(cols[j + 1]))}
            i, j = i + 1, j + 1
        elif j == m - 1 or (i < n - 1 and ends_a[i] < ends_b[j]):
            i += 1
        else:
            j += 1


def sparsify(rng: Generator, a: Any, b: Any, M: Any, per_row: float = 3.0) -> sp.coo_array:
    """Keep about `per_row` random arcs a row, and a feasible backbone."""
    n, m = M.shape
    a = np.full(n, float(m)) if a is None else a
    b = np.full(m, float(n)) if b is None else b
    keep = rng.random((n, m)) < per_row / m
    for i, j in staircase(rng, a, b):
        keep[i, j] = True
    rows, cols = np.nonzero(keep)
    order = rng.permutation(len(rows))
    rows, cols = rows[order], cols[order]
    return sp.coo_array((M[rows, cols], (rows, cols)), shape=(n, m))


def with_duplicates(rng: Generator, M: sp.coo_array) -> sp.coo_array:
    """Some arcs doubled, the double at another cost: the cheapest must carry the flow."""
    again = rng.random(M.nnz) < 0.5
    rows, cols = np.concatenate([M.row, M.row[again]]), np.concatenate([M.col, M.col[again]])
    data = np.concatenate([M.data, M.data[again] + rng.choice([-0.3, 0.0, 0.4], again.sum())])
    return sp.coo_array((data, (rows, cols)), shape=M.shape)


# -- families -------------------------------------------------------------------------------


def _sizes(rng: Generator, largest: int = 24) -> tuple[int, int]:
    return int(rng.integers(2, largest)), int(rng.integers(2, largest))


def dense_uniform(rng: Generator) -> Case:
    """As many sources as targets, equal masses: an assignment."""
    n = int(rng.integers(2, 24))
    return Case(None, None, point_costs(rng, n, n))


def dense_masses(rng: Generator) -> Case:
    """n != m, random masses."""
    n, m = _sizes(rng)
    return Case(*random_masses(rng, n, m), point_costs(rng, n, m))


def dense_ties(rng: Generator) -> Case:
    """Small whole costs: nearly every basis is degenerate."""
    n, m = _sizes(rng)
    return Case(*integer_masses(rng, n, m, 5), rng.integers(0, 4, (n, m)))


def dense_negative(rng: Generator) -> Case:
    """Costs of both signs."""
    n, m = _sizes(rng)
    return Case(*random_masses(rng, n, m), rng.normal(size=(n, m)))


def dense_empty_bins(rng: Generator) -> Case:
    """Sources and targets without mass."""
    n, m = _sizes(rng)
    a, b = random_masses(rng, n, m)
    return Case(with_empty_bins(rng, a), with_empty_bins(rng, b), point_costs(rng, n, m))


def dense_one_row(rng: Generator) -> Case:
    """One source, few targets; sometimes 1 x 1."""
    m = int(rng.integers(1, 4))
    return Case(None, None, rng.normal(size=(1, m)))


def dense_float32(rng: Generator) -> Case:
    """Single precision in."""
    n, m = _sizes(rng)
    return Case(*integer_masses(rng, n, m), point_costs(rng, n, m).astype(np.float32))


def dense_forbidden(rng: Generator) -> Case:
    """Infinite costs beside a feasible backbone."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    sparse = sparsify(rng, a, b, point_costs(rng, n, m))
    M = np.full((n, m), np.inf)
    M[sparse.row, sparse.col] = sparse.data
    return Case(a, b, M)


def sparse_uniform(rng: Generator) -> Case:
    """An unsorted COO graph with equal masses."""
    n = int(rng.integers(2, 24))
    return Case(None, None, sparsify(rng, None, None, point_costs(rng, n, n)))


def sparse_masses(rng: Generator) -> Case:
    """An unsorted COO graph with whole masses, n != m."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    return Case(a, b, sparsify(rng, a, b, point_costs(rng, n, m)))


def sparse_real_masses(rng: Generator) -> Case:
    """A CSR graph with real masses, which are no multiples of anything."""
    n, m = _sizes(rng)
    a, b = random_masses(rng, n, m)
    return Case(a, b, sparsify(rng, a, b, point_costs(rng, n, m)).tocsr())


def sparse_ties(rng: Generator) -> Case:
    """A CSC graph with whole costs from 1 to 3."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m, 3)
    return Case(a, b, sparsify(rng, a, b, rng.integers(1, 4, (n, m)).astype(float)).tocsc())


def sparse_negative(rng: Generator) -> Case:
    """A graph with costs of both signs, as an old-style matrix."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    return Case(a, b, sp.csr_matrix(sparsify(rng, a, b, rng.normal(size=(n, m)))))


def sparse_empty_bins(rng: Generator) -> Case:
    """Nodes without mass; some of them also without arcs."""
    n, m = _sizes(rng)
    a, b = (with_empty_bins(rng, x) for x in random_masses(rng, n, m))
    used = np.ix_(np.flatnonzero(a), np.flatnonzero(b))
    small = sparsify(rng, a[a > 0], b[b > 0], point_costs(rng, n, m)[used])
    rows, cols = np.flatnonzero(a)[small.row], np.flatnonzero(b)[small.col]
    return Case(a, b, sp.coo_array((small.data, (rows, cols)), shape=(n, m)))


def sparse_duplicates(rng: Generator) -> Case:
    """Parallel arcs."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    return Case(a, b, with_duplicates(rng, sparsify(rng, a, b, point_costs(rng, n, m))))


def sparse_stored_zeros(rng: Generator) -> Case:
    """A third of the arcs cost nothing, and are arcs all the same."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    M = sparsify(rng, a, b, point_costs(rng, n, m))
    M.data[rng.random(M.nnz) < 0.3] = 0.0
    return Case(a, b, M)


def sparse_integer(rng: Generator) -> Case:
    """Whole costs of an integer dtype."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    return Case(a, b, sparsify(rng, a, b, rng.integers(1, 1000, (n, m))).tocsr())


def sparse_float32(rng: Generator) -> Case:
    """Single precision in a sparse container."""
    n, m = _sizes(rng)
    a, b = integer_masses(rng, n, m)
    return Case(a, b, sparsify(rng, a, b, point_costs(rng, n, m)).astype(np.float32))


def sparse_wide_masses(rng: Generator) -> Case:
    """Masses over 12 orders of magnitude."""
    n, m = _sizes(rng)
    a, b = wide_masses(rng, n, m)
    return Case(a, b, sparsify(rng, a, b, point_costs(rng, n, m)))


def dense_wide_masses(rng: Generator) -> Case:
    """Masses over 12 orders of magnitude."""
    n, m = _sizes(rng)
    return Case(*wide_masses(rng, n, m), point_costs(rng, n, m))


FAMILIES: dict[str, Callable[[Generator], Case]] = {
    family.__name__: family
    for family in (
        dense_uniform,
        dense_masses,
        dense_ties,
        dense_negative,
        dense_empty_bins,
        dense_one_row,
        dense_float32,
        dense_forbidden,
        dense_wide_masses,
        sparse_uniform,
        sparse_masses,
        sparse_real_masses,
        sparse_ties,
        sparse_negative,
        sparse_empty_bins,
        sparse_duplicates,
        sparse_stored_zeros,
        sparse_integer,
        sparse_float32,
        sparse_wide_masses,
    )
}


def draw(family: str, seed: int) -> Case:
    """The problem of a family and a seed."""
    return FAMILIES[family](np.random.default_rng([seed, *family.encode()]))


# -- problems that have a history ------------------------------------------------------------


def penalties(rng: Generator, n: int, penalty: float, share: float = 0.02) -> Case:
    """A dense cost in which a share of the entries carries a penalty no optimal plan pays."""
    M = point_costs(rng, n, n)
    M[rng.random((n, n)) < share] = penalty
    return Case(*random_masses(rng, n, n), M)


def wide_costs(rng: Generator, n: int) -> Case:
    """Costs from 1e-12 to 1e12 beside each other."""
    return Case(*integer_masses(rng, n, n), 10.0 ** rng.uniform(-12.0, 12.0, (n, n)))
