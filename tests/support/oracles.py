"""Values of the optimum by other people's solvers.

`exact_value` is exact: doubles are whole multiples of a power of two, so costs and masses
become Python integers of any size, and networkx's network simplex runs on those without
rounding. `highs_value` and `pot_value` are as good as float64 solvers are.
"""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog
from scipy.sparse.csgraph import maximum_flow

from support.certify import arcs_of, cheapest_arc, masses


def _whole(values: Any) -> tuple[list[int], int]:
    """Doubles as exact integers over one common denominator."""
    fractions = [Fraction(float(x)) for x in values]
    denominator = math.lcm(*(f.denominator for f in fractions), 1)
    return [int(f * denominator) for f in fractions], denominator


def exact_value(a: Any, b: Any, M: Any) -> Fraction:
    """The optimum as a rational number, for masses whose totals are exactly equal or uniform."""
    arcs = arcs_of(M)
    n, m = arcs.shape
    if a is None and b is None:
        supply, demand, unit = [m] * n, [n] * m, Fraction(1, n * m)
    else:
        joint, denominator = _whole([*masses(a, b, arcs.shape)[0], *b])
        supply, demand, unit = joint[:n], joint[n:], Fraction(1, denominator)
    assert sum(supply) == sum(demand), "this oracle wants exactly equal totals"
    cheapest = cheapest_arc(arcs)
    costs, scale = _whole(cheapest.values())
    graph = nx.DiGraph()
    graph.add_nodes_from((("s", i), {"demand": -x}) for i, x in enumerate(supply))
    graph.add_nodes_from((("t", j), {"demand": x}) for j, x in enumerate(demand))
    for (i, j), cost in zip(cheapest, costs, strict=True):
        graph.add_edge(("s", i), ("t", j), weight=cost)
    value, _ = nx.network_simplex(graph)
    return Fraction(value, scale) * unit


def highs_value(a: Any, b: Any, M: Any) -> float:
    """The optimum by HiGHS on the arcs; +inf where it proves that there is no plan."""
    arcs = arcs_of(M)
    a, b = masses(a, b, arcs.shape)
    count = len(arcs.costs)
    if count == 0:
        return math.inf
    index = np.arange(count)
    marginals = sp.vstack(
        [
            sp.coo_array((np.ones(count), (arcs.rows, index)), shape=(len(a), count)),
            sp.coo_array((np.ones(count), (arcs.cols, index)), shape=(len(b), count)),
        ]
    ).tocsr()
    total = math.fsum(a)
    result = linprog(  # type: ignore[call-overload]
        arcs.costs,
        A_eq=marginals,
        b_eq=np.concatenate([a, b]) / total,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status == 2:
        return math.inf
    assert result.status == 0, result.message
    return float(result.fun) * total


def pot_value(a: Any, b: Any, M: Any) -> float:
    """The optimum by POT; a warning of its own (infeasible, limit) is an error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ot

    arcs = arcs_of(M)
    a, b = masses(a, b, arcs.shape)
    cost: Any = sp.coo_array(M) if sp.issparse(M) else np.asarray(M, dtype=np.float64)  # type: ignore[call-overload]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return float(ot.emd2(a, b, cost, numItermax=10_000_000))


def is_feasible(a: Any, b: Any, M: Any) -> bool:
    """Whether whole masses (int32) can be moved along the arcs, by SciPy's maximum flow."""
    arcs = arcs_of(M)
    n, m = arcs.shape
    a, b = (np.asarray(x, dtype=np.int64) for x in (a, b))
    source, sink = n + m, n + m + 1
    tails = np.concatenate([arcs.rows, np.full(n, source), n + np.arange(m)])
    heads = np.concatenate([n + arcs.cols, np.arange(n), np.full(m, sink)])
    capacity = np.concatenate([np.full(len(arcs.rows), a.sum()), a, b])
    pairs, first = np.unique(np.stack([tails, heads]), axis=1, return_index=True)
    graph = sp.csr_array(
        (capacity[first].astype(np.int32), (pairs[0], pairs[1])), shape=(n + m + 2,) * 2
    )
    return bool(maximum_flow(graph, source, sink).flow_value == a.sum() == b.sum())
