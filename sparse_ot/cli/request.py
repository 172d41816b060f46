"""What the user asks of `sparse-ot solve`, checked before any file is read."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sparse_ot.errors import InputError
from sparse_ot.metrics import METRICS, GroundMetric, as_metric

__all__ = ["DEFAULT_METRIC", "Request"]

DEFAULT_METRIC = "sqeuclidean"


@dataclass(frozen=True)
class Request:
    """The arguments and options of `sparse-ot solve`; None where one is not given.

    Attributes
    ----------
    x, y : str or None
        Files of points.
    cost : str or None
        File of costs, in their place.
    a, b : str or None
        Files of masses.
    k : int or None
    dense : bool
    metric : str or None
    feasible : bool or None
    rescale : bool
    time_limit : float or None
    out : Path
    plot : Path or None
    """

    x: str | None
    y: str | None
    cost: str | None
    a: str | None
    b: str | None
    k: int | None
    dense: bool
    metric: str | None
    feasible: bool | None
    rescale: bool
    time_limit: float | None
    out: Path
    plot: Path | None

    @property
    def inputs(self) -> list[str]:
        """All files that are read."""
        given = (self.x, self.y, self.cost, self.a, self.b)
        return [name for name in given if name is not None]

    @property
    def ground(self) -> GroundMetric:
        """The metric.

        Raises
        ------
        InputError
            No such metric, or a parameter that is missing, unexpected or out of range.
        """
        return _metric(self.metric or DEFAULT_METRIC)

    def check(self) -> None:
        """Refuse options that do not go together, or have no meaning.

        Raises
        ------
        InputError
        """
        if self.cost is None:
            self._check_points()
        else:
            self._check_cost()
        if self.time_limit is not None and not self.time_limit > 0:
            msg = (
                f"--time-limit must be a positive number of seconds; found {self.time_limit:g}. "
                f"Without it there is no limit."
            )
            raise InputError(msg)

    def _check_points(self) -> None:
        if self.x is None or self.y is None:
            msg = "Give two files of points, X and Y, or a file of costs with --cost."
            raise InputError(msg)
        if (self.k is None) != self.dense:
            msg = "Say which pairs are allowed: either --k K or --dense, and one only."
            raise InputError(msg)
        if self.k is not None and self.k < 1:
            msg = f"--k must be at least 1; found {self.k}."
            raise InputError(msg)
        if self.dense and self.feasible is not None:
            which = "--feasible" if self.feasible else "--no-feasible"
            msg = f"{which} speaks of the graph of --k; with --dense a plan always exists."
            raise InputError(msg)
        _ = self.ground

    def _check_cost(self) -> None:
        superfluous = {
            "the points X and Y": self.x is not None,
            "--k": self.k is not None,
            "--dense": self.dense,
            "--metric": self.metric is not None,
            "--feasible and --no-feasible": self.feasible is not None,
            "--plot": self.plot is not None,
        }
        for what, given in superfluous.items():
            if given:
                msg = (
                    f"--cost gives the costs of all allowed pairs, and there are no points: leave "
                    f"out {what}."
                )
                raise InputError(msg)


def _metric(text: str) -> GroundMetric:
    """The metric of a name, or of ``name:parameter``."""
    name, colon, written = text.partition(":")
    metric = METRICS.get(name)
    if metric is None:
        close = get_close_matches(name.lower(), METRICS, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        names = ", ".join(x if METRICS[x].of_p is None else f"{x}:P" for x in METRICS)
        msg = f"--metric {text!r} is not known; expected one of {names}.{hint}"
        raise InputError(msg)
    if metric.of_p is None:
        if colon:
            msg = f"--metric {name} takes no parameter; found {written!r}."
            raise InputError(msg)
        return as_metric(name)
    try:
        return metric.of_p(float(written))
    except ValueError as error:  # no number, or one that the metric refuses
        msg = (
            f"--metric {name} needs a parameter, a finite number of at least 1, as in {name}:3; "
            f"found {written!r}."
        )
        raise InputError(msg) from error
