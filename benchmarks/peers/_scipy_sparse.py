"""Problems as SciPy containers, for the solvers that read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array

from benchmarks.problems import Answer, DenseProblem, Floats, Problem


@dataclass(frozen=True)
class FloatProblem:
    """Masses as float64 and costs as a matrix or a COO array."""

    a: Floats
    b: Floats
    costs: Any


def float_problem(problem: Problem) -> FloatProblem:
    """`problem` with its masses as they are, not normalised: small integers stay exact."""
    a, b = problem.a.astype(np.float64), problem.b.astype(np.float64)
    if isinstance(problem, DenseProblem):
        return FloatProblem(a, b, problem.matrix)
    shape = (len(a), len(b))
    return FloatProblem(a, b, coo_array((problem.costs, (problem.rows, problem.cols)), shape=shape))


def answer_of_plan(plan: Any, u: Any, v: Any) -> Answer:
    """The answer for a dense or sparse `plan` with its potentials."""
    coo = coo_array(plan)
    rows, cols = coo.row.astype(np.int64), coo.col.astype(np.int64)
    return Answer(rows, cols, coo.data, (np.asarray(u), np.asarray(v)))
