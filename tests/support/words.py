"""The form that every error message has, and small arguments to spoil in tests of messages."""

from __future__ import annotations

import re

import numpy as np
import scipy.sparse as sp

M = np.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
A, B = np.full(3, 1 / 3), np.full(2, 1 / 2)
GRAPH = sp.csr_array(M)
X, Y = np.asarray([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]), np.asarray([[0.0, 0.0], [1.0, 1.0]])


def check_the_form_of(message: str) -> None:
    assert not re.search(r"\b(\w+):? \1\b", message), f"doubled: {message}"
    assert ".." not in message.replace("...", ""), message
    assert "NoneType" not in message, message
    assert "no shape" not in message, message
    assert not re.search(r"\b(is|[Ff]ound|returned) a ([aeiox]|nd)", message), message
    assert message.endswith((".", "?")), message
