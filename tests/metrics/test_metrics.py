"""The metric table."""

from __future__ import annotations

import numpy as np
import pytest
from support.brute_force import one_sided

from sparse_ot.errors import InputError
from sparse_ot.metrics import METRICS, check_metric, swapped


@pytest.mark.parametrize("metric", METRICS)
def test_every_name_of_the_table_is_accepted_and_symmetric(metric):
    assert check_metric(metric) == metric
    assert swapped(metric) == metric


def test_a_misspelt_metric_is_refused_with_the_name_probably_meant():
    with pytest.raises(InputError, match="Did you mean 'sqeuclidean'"):
        check_metric("SqEuclidian")


@pytest.mark.parametrize("metric", ["", 3, None, ["euclidean"]])
def test_anything_else_is_refused(metric):
    with pytest.raises(InputError, match="Expected one of sqeuclidean, euclidean"):
        check_metric(metric)


def test_swapping_a_function_exchanges_its_arguments():
    x, y = np.asarray([[0.0]]), np.asarray([[2.0]])
    assert one_sided(x, y) != one_sided(y, x)
    assert swapped(one_sided)(y, x) == one_sided(x, y)  # type: ignore[operator]
