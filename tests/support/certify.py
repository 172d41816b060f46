"""Is this answer optimal, or this refusal justified? Decided from the problem alone.

Nothing of sparse_ot is used here. From masses a, b, the arcs of the cost, a plan and potentials
u, v, four facts are checked, and by linear programming duality they leave no room for doubt:

1. primal feasible: the plan is non-negative, uses allowed arcs only, and has marginals a and
   b * (sum a / sum b);
2. dual feasible: cost >= u[row] + v[col] on *every* allowed arc, duplicates and stored zeros
   included;
3. zero gap: <cost, plan> == <u, a> + <v, b>;
4. the value that was reported is the value of the plan.

A refusal is checked by Hall's theorem: every arc out of `sources` ends in `targets`, and yet the
sources hold more mass. All sums are correctly rounded (math.fsum), so the tolerances below are
about the answer and not about the check.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

MASS_TOLERANCE = 2.0**-46
"""Of the total mass: marginal errors of a float64 plan (2**-50 quantisation and rounding)."""

COST_NOISE = 2.0**-46
"""Of the largest finite cost: rounding of potentials, which are sums of costs along a tree."""


class Arcs(NamedTuple):
    """Every allowed pair, duplicates kept: parallel arrays and the shape."""

    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    costs: npt.NDArray[np.float64]
    shape: tuple[int, int]


@dataclass(frozen=True)
class Bounds:
    """What the check found: ``lower <= optimum <= upper`` up to the tolerances."""

    upper: float
    lower: float


def arcs_of(M: Any) -> Arcs:
    """List the arcs of a dense or sparse cost; a cost of +inf is no arc, a stored zero is one."""
    if isinstance(M, Arcs):
        rows, cols, costs, shape = M
    elif sp.issparse(M):
        coo = M.tocoo()  # type: ignore[attr-defined]
        rows, cols = coo.coords if hasattr(coo, "coords") else (coo.row, coo.col)
        costs, shape = coo.data, coo.shape
    else:
        dense = np.asarray(M, dtype=np.float64)
        shape = dense.shape
        rows, cols = (index.ravel() for index in np.indices(shape))
        costs = dense.ravel()
    costs = np.asarray(costs, dtype=np.float64)
    allowed = costs != np.inf
    return Arcs(
        np.asarray(rows, dtype=np.int64)[allowed],
        np.asarray(cols, dtype=np.int64)[allowed],
        costs[allowed],
        (int(shape[0]), int(shape[1])),
    )


def masses(a: Any, b: Any, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Masses as float64; none means uniform; b brought to the total of a."""

    def spread(x: Any, size: int) -> Any:
        if x is None or len(x) == 0:
            return np.full(size, 1.0 / size)
        return np.asarray(x, dtype=np.float64)

    a, b = spread(a, shape[0]), spread(b, shape[1])
    total_a, total_b = math.fsum(a), math.fsum(b)
    return a, b if total_a == total_b else b * (total_a / total_b)


def flow_by_pair(plan: Any) -> dict[tuple[int, int], float]:
    """Mass sent from i to j, for every pair with any; a dense or sparse plan."""
    if sp.issparse(plan):
        coo = plan.tocoo()  # type: ignore[attr-defined]
        entries = zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True)
    else:
        rows, cols = np.nonzero(plan)
        values = np.asarray(plan)[rows, cols]
        entries = zip(rows.tolist(), cols.tolist(), values.tolist(), strict=True)
    flow: dict[tuple[int, int], float] = {}
    for i, j, mass in entries:
        if mass != 0.0:
            flow[i, j] = flow.get((i, j), 0.0) + float(mass)
    return flow


def cheapest_arc(arcs: Arcs) -> dict[tuple[int, int], float]:
    """Cost of every allowed pair: the smallest of parallel arcs."""
    cheapest: dict[tuple[int, int], float] = {}
    for i, j, cost in zip(arcs.rows.tolist(), arcs.cols.tolist(), arcs.costs.tolist(), strict=True):
        cheapest[i, j] = min(cost, cheapest.get((i, j), math.inf))
    return cheapest


def certify_plan(
    a: Any, b: Any, M: Any, plan: Any, mass_tolerance: float = MASS_TOLERANCE
) -> float:
    """Check that `plan` is a transport plan on allowed arcs; return its exact cost."""
    arcs = arcs_of(M)
    a, b = masses(a, b, arcs.shape)
    assert plan.shape == arcs.shape, f"plan of shape {plan.shape} for costs of {arcs.shape}"
    flow, cost = flow_by_pair(plan), cheapest_arc(arcs)
    assert all(mass > 0.0 for mass in flow.values()), "the plan moves a negative or NaN mass"
    forbidden = sorted(flow.keys() - cost.keys())
    assert not forbidden, f"mass moves along pairs that are no arcs: {forbidden[:5]}"
    sent: list[list[float]] = [[] for _ in range(arcs.shape[0])]
    received: list[list[float]] = [[] for _ in range(arcs.shape[1])]
    for (i, j), mass in flow.items():
        sent[i].append(mass)
        received[j].append(mass)
    allowance = mass_tolerance * math.fsum(a)
    for side, given, moved in (("source", a, sent), ("target", b, received)):
        for k, (mass, parts) in enumerate(zip(given.tolist(), moved, strict=True)):
            error = abs(math.fsum(parts) - mass)
            assert error <= allowance, f"{side} {k} of mass {mass} is off by {error}"
    return math.fsum(cost[pair] * mass for pair, mass in flow.items())


def certify(
    a: Any,
    b: Any,
    M: Any,
    answer: Any,
    rtol: float = 1e-9,
    *,
    noise: float = COST_NOISE,
    mass_tolerance: float | None = None,
) -> Bounds:
    """Check that an answer is an optimal plan with optimal potentials; see the module docstring.

    Parameters
    ----------
    a, b, M
        The problem as it was given to the solver (masses may be None).
    answer
        A `Solution`, or a triple (plan, u, v).
    rtol
        Of the cost actually moved, ``sum |cost| * mass``: how far the bounds may lie apart.
    noise
        Of the largest finite cost: what an arc may violate beyond `rtol`. Zero for problems
        whose large costs must leave no trace in the answer.
    mass_tolerance
        Of the total mass; by default 2**-46, and the precision of the plan's dtype if coarser.
    """
    value = None
    if isinstance(answer, tuple):
        plan, u, v = answer
    else:
        plan, (u, v), value = answer.plan, answer.potentials, float(answer.value)
    coarse = float(np.finfo(plan.dtype).eps)
    if mass_tolerance is None:
        mass_tolerance = max(MASS_TOLERANCE, 4.0 * coarse if coarse > 1e-10 else 0.0)
    rtol, noise = max(rtol, 16.0 * coarse), max(noise, 16.0 * coarse if coarse > 1e-10 else 0.0)

    arcs = arcs_of(M)
    upper = certify_plan(a, b, M, plan, mass_tolerance)
    a, b = masses(a, b, arcs.shape)
    flow, cost = flow_by_pair(plan), cheapest_arc(arcs)
    moved = math.fsum(abs(cost[pair]) * mass for pair, mass in flow.items())
    largest = float(np.max(np.abs(arcs.costs), initial=0.0))
    total = math.fsum(a)

    u, v = np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64)
    assert u.shape == (arcs.shape[0],), f"u of shape {u.shape}"
    assert v.shape == (arcs.shape[1],), f"v of shape {v.shape}"
    assert np.isfinite(u).all(), "u is not finite"
    assert np.isfinite(v).all(), "v is not finite"
    slack = arcs.costs - u[arcs.rows] - v[arcs.cols]
    rounding = 4.0 * np.finfo(float).eps * np.maximum(abs(u[arcs.rows]), abs(v[arcs.cols]))
    allowance = rtol * moved / total + noise * largest + rounding
    if slack.size:
        worst = int(np.argmin(slack + allowance))
        assert slack[worst] >= -allowance[worst], (
            f"arc ({arcs.rows[worst]}, {arcs.cols[worst]}) of cost {arcs.costs[worst]} "
            f"has reduced cost {slack[worst]}"
        )
    lower = math.fsum(np.concatenate([u * a, v * b]))
    gap_allowance = rtol * moved + noise * largest * total
    assert abs(upper - lower) <= gap_allowance, f"primal {upper}, dual {lower}"
    if value is not None:
        assert abs(value - upper) <= gap_allowance, f"value {value}, but the plan costs {upper}"
    return Bounds(upper, lower)


def certify_infeasible(a: Any, b: Any, M: Any, violation: Any) -> None:
    """Check a Hall violation arc by arc: the neighbourhood of `sources` is too small for them."""
    arcs = arcs_of(M)
    a, b = masses(a, b, arcs.shape)
    sources, targets = set(np.asarray(violation.sources)), set(np.asarray(violation.targets))
    assert sources, "no sources: nothing is proved"
    assert sources <= set(range(arcs.shape[0])), "sources out of range"
    assert targets <= set(range(arcs.shape[1])), "targets out of range"
    for i, j in zip(arcs.rows.tolist(), arcs.cols.tolist(), strict=True):
        assert i not in sources or j in targets, f"arc ({i}, {j}) leaves the sources unnoticed"
    supply, demand = math.fsum(a[list(sources)]), math.fsum(b[list(targets)])
    assert supply > demand, f"the sources hold {supply}, the targets take {demand}"
    total = math.fsum(a)
    assert abs(violation.supply - supply) <= MASS_TOLERANCE * total, "supply misreported"
    assert abs(violation.demand - demand) <= MASS_TOLERANCE * total, "demand misreported"
