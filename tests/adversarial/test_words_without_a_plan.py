"""Messages of problems without a plan: masses that can be told apart, and advice that is true."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.sparse as sp
from support.words import GRAPH, M, check_the_form_of

import sparse_ot
from sparse_ot import DenseCost, HallViolation, SparseCost, errors
from sparse_ot._messages import told_apart
from sparse_ot.problem.infeasible import infeasible_message


def violation(supply: float, demand: float, targets: tuple[int, ...] = (1,)) -> HallViolation:
    return HallViolation(np.asarray([0, 2]), np.asarray(targets, np.int64), supply, demand)


@pytest.mark.parametrize("total", [1.0, 1e-9, 3e7, 2.0**-1000])
@pytest.mark.parametrize("ulps", [1, 3, 2**8, 2**20, 2**30, 2**40, 2**51])
def test_masses_are_printed_with_the_digits_that_their_difference_needs(
    total: float, ulps: int
) -> None:
    supply, demand = total * (1 + ulps * 2.0**-52), total
    message = infeasible_message(violation(supply, demand), SparseCost(GRAPH))
    found = re.search(r"hold mass (\S+), and .* can take only (\S+?)[,.] ", message)
    assert found, message
    assert float(found[1]) > float(found[2])
    assert float(found[1]) == pytest.approx(supply, rel=1e-5)
    assert found.groups() == told_apart(supply, demand)
    nearly = supply - demand < 1e-3 * supply
    assert (f", {supply - demand:.3g} less." in message) == nearly


def test_a_difference_below_a_double_is_told_without_equal_numbers() -> None:
    message = infeasible_message(violation(0.5, 0.5), SparseCost(GRAPH))
    assert "which can take less than that, by less than a double can show." in message
    assert message.count("0.5") == 1


def test_plain_masses_stay_short() -> None:
    message = infeasible_message(violation(0.75, 0.5), DenseCost(M))
    assert message == (
        "No plan exists on these arcs. 2 sources, [0, 2], hold mass 0.75, and all arcs from there "
        "end in 1 target, [1], which can take only 0.5. Allow these sources more pairs: an entry "
        "of +inf in M forbids one."
    )
    alone = HallViolation(np.asarray([4]), np.asarray([], np.int64), 0.25, 0.0)
    assert "1 source, [4], holds mass 0.25 and no arc leaves there." in infeasible_message(
        alone, SparseCost(GRAPH)
    )


def test_the_advice_is_true_of_any_graph() -> None:
    for graph in (sp.csr_array(np.eye(2)[[0, 0]]), sp.coo_array(([1.0], ([0], [0])), (2, 2))):
        with pytest.raises(errors.InfeasibleError) as caught:
            sparse_ot.solve(graph)
        message = str(caught.value)
        assert "Add arcs from these sources to other targets, or lower their mass." in message
        assert "A graph from knn_cost, radius_cost or union gets more arcs" in message
        assert "Give these sources" not in message
        assert message.endswith("The error's `violation` holds both sets.")
        check_the_form_of(message)


def test_a_warning_does_not_speak_of_an_error() -> None:
    with pytest.warns(UserWarning, match="No plan exists on these arcs") as caught:
        sparse_ot.emd([], [], np.asarray([[1.0, np.inf]] * 2), on_infeasible="warn")
    assert "error" not in str(caught[0].message)
