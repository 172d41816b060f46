"""``sparse-ot solve``: check, read, solve, write, in this order.

Whatever can be found wrong before the solve is found there: options that do not go together, a file
that cannot be written, matplotlib that is missing. A solve may take hours.
"""

from __future__ import annotations

import time

from rich.console import Console

from sparse_ot.api.solve import solve_problem
from sparse_ot.cli import remedies, report
from sparse_ot.cli.inputs import read_inputs
from sparse_ot.cli.outputs import check_outputs, write_picture
from sparse_ot.cli.progress import progress_bar
from sparse_ot.cli.request import Request
from sparse_ot.errors import InfeasibleError
from sparse_ot.files.plans import write_plan
from sparse_ot.plot import new_figure
from sparse_ot.problem.problem import Problem
from sparse_ot.result.solution import Solution
from sparse_ot.result.status import Status
from sparse_ot.solvers.limits import NO_LIMIT, Limits
from sparse_ot.solvers.progress import Watch

__all__ = ["run"]


def run(request: Request, console: Console) -> Solution:
    """Answer a request: print the certificate, and write the plan and the picture.

    Raises
    ------
    SparseOTError
        A fault of the options, of the files or of the problem; nothing was written.
    OSError
        An output could not be written.
    KeyboardInterrupt
        Ctrl-C; nothing was written.
    """
    request.check()
    check_outputs(request)
    figure = new_figure(8.0, 8.0) if request.plot is not None else None
    given = read_inputs(request)
    for line in given.lines:
        report.say(line, console)
    began = time.perf_counter()
    problem = Problem.parse(
        given.costs(request),
        *given.masses,
        check_marginals=not request.rescale,
        words=remedies.WORDS,
    )
    solution = _solve(problem, request)
    seconds = time.perf_counter() - began
    write_plan(request.out, solution)
    report.show(solution, seconds, console)
    report.say(f"wrote {request.out}", console)
    if figure is not None and request.plot is not None and given.points is not None:
        report.draw(figure, *given.points, solution)
        write_picture(request.plot, figure)
        report.say(f"wrote {request.plot}", console)
    if not solution.converged:
        report.say(remedies.limit(solution.status), Console(stderr=True))
    return solution


def _solve(problem: Problem, request: Request) -> Solution:
    with progress_bar(request.time_limit) as progress:
        try:
            solution = solve_problem(
                problem,
                Limits(seconds=request.time_limit or NO_LIMIT),
                watch=Watch(on_slice=progress),
            )
        except InfeasibleError as error:
            message = remedies.infeasible(error.violation, request)
            raise InfeasibleError(message, error.violation) from error
    if solution.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return solution
