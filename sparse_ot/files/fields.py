"""One field of a table: a number, a missing value, or a name."""

from __future__ import annotations

import math
import re
import reprlib

__all__ = ["exact", "is_count", "is_missing", "is_name", "is_number", "why_not_a_number"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
COUNT = re.compile(r"[0-9]+")
EXPONENT = re.compile(r"(?<=[0-9.])[eEdD](?=[-+0-9])")
MISSING = {
    *("", "-", "--", "---", ".", "..", "...", "?", "*"),
    *("na", "n/a", "<na>", "#n/a", "#na", "nan", "-nan", "nat", "null", "nil", "none", "missing"),
    *("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"),
    *("#div/0!", "#num!", "#value!", "#ref!", "#name?", "#null!", "1.#ind", "-1.#ind", "1.#qnan"),
    *("-1.#qnan", "1.#inf", "-1.#inf"),
}
"""What programs write where there is no finite number, in lower case."""


def is_number(field: str) -> bool:
    """Whether this is a finite number in plain form.

    Python itself reads more: `1_000`, digits of other scripts, `nan`.

    Examples
    --------
    >>> [is_number(x) for x in ("-1.5e3", "1_000", "1,5", "nan")]
    [True, False, False, False]
    """
    return NUMBER.fullmatch(field) is not None


def is_count(field: str) -> bool:
    """Whether this is a whole number of plain digits, such as the number of a row."""
    return COUNT.fullmatch(field) is not None


def is_missing(field: str) -> bool:
    """Whether this stands for a value that is missing, or not finite."""
    return field.lower() in MISSING


def is_name(field: str) -> bool:
    """Whether this can be the name of a column: it has a letter that is not an exponent's.

    So numbers in forms that are not read, as `1,5` or `1 000`, are not taken for a header.

    Examples
    --------
    >>> [is_name(x) for x in ("x", "größe", "1,5", "1e5", "NA", "2D")]
    [True, True, False, False, False, True]
    """
    return not is_missing(field) and any(c.isalpha() for c in EXPONENT.sub("", field))


def exact(field: str) -> float:
    """The number of a field; NaN if it is none, or if a double cannot hold it.

    A decimal fraction is rounded as usual; a whole number must be exact.

    Examples
    --------
    >>> exact("0.1"), exact("9007199254740993"), exact("1e400")
    (0.1, nan, nan)
    """
    if not is_number(field):
        return math.nan
    value = float(field)
    if abs(value) < 2**53:
        return value
    if math.isinf(value) or (field.lstrip("+-").isdigit() and int(field) != value):
        return math.nan
    return value


def why_not_a_number(field: str, where: str) -> str:
    """What is wrong with a field that should be a number, and what to do about it.

    Examples
    --------
    >>> why_not_a_number("1,5", "column 2")[:34]
    "'1,5' is not a number (column 2). "
    """
    shown = reprlib.repr(field)
    if is_number(field):
        return (
            f"{shown} does not fit in a double ({where}): it is too large, or a whole number with "
            f"too many digits. Use another unit, or subtract an offset."
        )
    if is_missing(field):
        advice = "Leave out points with missing values, or fill the values in."
        if field.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            return f"found {field} ({where}), expected a finite number. {advice}"
    elif is_name(field):
        advice = "Leave such columns out, or name those to read, as in points.csv:x,y."
    else:
        advice = "Write numbers as 1234.5: a point before decimals, and nothing between thousands."
    return f"{shown} is not a number ({where}). {advice}"
