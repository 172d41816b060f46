"""Sparse costs for users: neighbour graphs, radius graphs, and unions of graphs.

All of them return a sparse container of the caller's own library, in which a stored entry is an arc
(also at cost zero) and a missing one is forbidden. The costs are differentiable in the points where
the library differentiates. No array leaves its device, except with `feasible_for`, for which masses
and points cross to the host once.

Where shapes may not depend on values (JAX), an arc that would be listed twice costs +inf the second
time, which forbids it, and `radius_cost` works only outside compiled functions.
"""

from __future__ import annotations

from math import inf
from typing import Any

from sparse_ot import options
from sparse_ot._messages import kind_of
from sparse_ot._typing import HostArray, Metric, Sparse
from sparse_ot.backends.generic.arrays import device_of, index_dtype
from sparse_ot.backends.protocol import ArraySpec, Backend, CooParts
from sparse_ot.backends.registry import get_backend
from sparse_ot.costs.agreement import (
    Difference,
    difference_of_arcs,
    precision,
    sample,
    whose_costs,
)
from sparse_ot.costs.arc_lists import Arcs, cheapest_of_each_pair
from sparse_ot.costs.feasible_arcs import Backbone
from sparse_ot.costs.points import PointCloudCost
from sparse_ot.costs.sparse import SparseCost
from sparse_ot.errors import InputError, ShapeError
from sparse_ot.masses import as_masses, bad_mass, no_mass
from sparse_ot.result.ledger import TransferLedger

__all__ = ["knn_cost", "radius_cost", "union"]


def knn_cost(
    X: Any,
    Y: Any,
    k: int,
    metric: Metric = "sqeuclidean",
    *,
    symmetric: bool = True,
    feasible_for: tuple[Any, Any] | None = None,
) -> Sparse:
    """Costs from each source to its `k` nearest targets, as a sparse matrix.

    Parameters
    ----------
    X : array or nested list, (n, d) or (n,)
        Sources. A vector means points on a line.
    Y : array or nested list, (m, d) or (m,)
        Targets.
    k : int
        Neighbours of each point, at least 1. More than there are points means all.
    metric : str, (str, float) or callable
        See `sparse_ot.metrics`.
    symmetric : bool
        Add the k nearest sources of each target. Without them a target that is no source's
        neighbour has no arc, and most problems are infeasible.
    feasible_for : (a, b), optional
        Add the arcs of one plan between these masses, (n,) and (m,), so that a plan exists; None in
        place of a mass means uniform. At most n + m − 1 arcs, and one more per coincidence of
        cumulated masses that rounding could undo (see `sparse_ot.costs.feasible_arcs`). They are
        added whether needed or not.

    Returns
    -------
    sparse container, (n, m)
        Of the library of `X`: `scipy.sparse.csr_array` for NumPy. Its values have the points'
        common float dtype; zero costs are stored.

    Raises
    ------
    InputError
        `k` is not a positive integer, or the metric is unknown.
    ShapeError, NonFiniteError, UnsupportedArrayError, MixedBackendsError
        As `PointCloudCost`.
    MassError
        A mass is negative, or a total is zero.

    Examples
    --------
    >>> M = knn_cost([[0.0], [1.0], [5.0]], [[0.0], [2.0]], k=1)
    >>> M.nnz, M.toarray()
    (4, array([[0., 0.],
           [1., 1.],
           [0., 9.]]))
    """
    backend = get_backend(X, Y, *_masses_of(feasible_for), names=("X", "Y", "a", "b"))
    cloud = PointCloudCost(X, Y, metric, backend=backend)
    per_point = options.whole("k", k)
    with backend.on_device_of(cloud.x):
        arcs = cloud.candidate_arcs(per_point, symmetric=symmetric)
        return _container([arcs], feasible_for, cloud, cloud.shape, backend)


def radius_cost(
    X: Any,
    Y: Any,
    radius: float,
    metric: Metric = "sqeuclidean",
    *,
    feasible_for: tuple[Any, Any] | None = None,
) -> Sparse:
    """Costs of all pairs that cost at most `radius`, as a sparse matrix.

    Parameters
    ----------
    X, Y, metric, feasible_for
        As in `knn_cost`.
    radius : float
        Largest cost, inclusive, in units of the metric: with `sqeuclidean`, a squared length.

    Returns
    -------
    sparse container, (n, m)
        As `knn_cost`.

    Raises
    ------
    InputError
        `radius` is not a number of at least 0, or the metric is unknown.
    ShapeError, NonFiniteError, UnsupportedArrayError, MixedBackendsError, MassError
        As `knn_cost`.

    Examples
    --------
    >>> radius_cost([0.0, 1.0], [0.0, 3.0], 4.0).toarray()
    array([[0., 0.],
           [1., 4.]])
    """
    backend = get_backend(X, Y, *_masses_of(feasible_for), names=("X", "Y", "a", "b"))
    cloud = PointCloudCost(X, Y, metric, backend=backend)
    largest = options.cost("radius", radius)
    with backend.on_device_of(cloud.x):
        arcs = Arcs(*backend.within(cloud.x, cloud.y, largest, cloud.ground_metric))
        return _container([arcs], feasible_for, cloud, cloud.shape, backend)


def union(
    M: Sparse,
    *others: Sparse,
    feasible_for: tuple[Any, Any] | None = None,
    points: tuple[Any, Any] | None = None,
    metric: Metric = "sqeuclidean",
) -> Sparse:
    """The arcs of several sparse costs together; for a pair that several have, the cheapest.

    Parameters
    ----------
    M, *others : sparse container, (n, m)
        All of one library and one shape; they are not changed.
    feasible_for : (a, b), optional
        As in `knn_cost`. Needs `points`, from which the new arcs and their costs are computed.
    points : (X, Y), optional
        The points that the costs were computed from, (n, d) and (m, d).
    metric : str, (str, float) or callable
        The metric that the costs were computed with. It belongs to `points`.

    Returns
    -------
    sparse container, (n, m)
        As `knn_cost`. Zero costs, and infinite ones, stay stored.

    Raises
    ------
    ShapeError
        Different shapes.
    InputError
        `feasible_for` without `points`; or costs that are not those of `points` under `metric`,
        where up to a thousand arcs of each graph are compared. Under a JAX trace they cannot be.
    NonFiniteError, UnsupportedArrayError, MixedBackendsError, MassError
        As `knn_cost`.

    Examples
    --------
    >>> import scipy.sparse
    >>> near = scipy.sparse.coo_array(([2.0], ([0], [0])), shape=(2, 2))
    >>> far = scipy.sparse.coo_array(([1.0, 7.0], ([0, 1], [0, 1])), shape=(2, 2))
    >>> union(near, far).toarray()
    array([[1., 0.],
           [0., 7.]])
    """
    costs = [M, *others]
    names = ["M", *(f"others[{i}]" for i in range(len(others))), "a", "b", "X", "Y"]
    X, Y = _pair("points", points, "the two clouds (X, Y) that the costs were computed from.")
    backend = get_backend(*costs, *_masses_of(feasible_for), X, Y, names=names)
    parts = [
        SparseCost(cost, backend=backend, name=name)
        for name, cost in zip(names, costs, strict=False)
    ]
    for name, part in zip(names, parts, strict=False):
        if part.shape != parts[0].shape:
            msg = (
                f"M has shape {parts[0].shape} and {name} has {part.shape}. Expected one shape: "
                "the same sources and the same targets."
            )
            raise ShapeError(msg)
    if feasible_for is not None and points is None:
        msg = (
            "feasible_for adds arcs, and M does not say what they cost. Pass points=(X, Y), "
            "and metric=... if it is not 'sqeuclidean'; or add arcs of your own as another "
            "argument."
        )
        raise InputError(msg)
    cloud = None
    with backend.on_device_of(parts[0].like):
        if points is not None:
            cloud = PointCloudCost(X, Y, metric, backend=backend)
            if cloud.shape != parts[0].shape:
                msg = (
                    f"M has shape {parts[0].shape}, and points=(X, Y) are {cloud.shape[0]} and "
                    f"{cloud.shape[1]} points. Expected the points that M was computed from."
                )
                raise ShapeError(msg)
            for name, part in zip(names, parts, strict=False):
                _check_costs(name, part, cloud)
        lists = [part.candidate_arcs(1) for part in parts]
        return _container(lists, feasible_for, cloud, parts[0].shape, backend, may_repeat=True)


def _check_costs(name: str, part: SparseCost, cloud: PointCloudCost) -> None:
    """Refuse a graph whose costs are not those of the points, as a sample of its arcs shows."""
    backend, fine = part.backend, cloud.detached()
    rows, cols, costs, _ = backend.coo_parts(part.container)  # costs in their own dtype
    arcs = Arcs(rows, cols, backend.detach(costs))
    if any(backend.is_traced(x) for x in (*arcs, *fine.arrays())):
        return
    arcs = sample(arcs, backend.xp)
    eps = max(precision(x, backend.xp) for x in (arcs.costs, cloud.x))

    def difference(cloud: PointCloudCost) -> Difference | None:
        return difference_of_arcs(cloud, arcs, eps)

    found = difference(fine)
    if found is None:
        return
    row, col = int(arcs.rows[found.place]), int(arcs.cols[found.place])
    hint = whose_costs(fine, lambda other: difference(other) is None)
    msg = (
        f"{name} is not a graph of points=(X, Y) under metric={cloud.metric!r}: its arc from "
        f"source {row} to target {col} costs {found.found:.6g}, and this pair of points "
        f"{found.expected:.6g}.{hint} Pass the points and the metric that the costs were "
        "computed from. If costs were changed afterwards, add the new arcs first, by feasible_for "
        "in knn_cost, and change them after that."
    )
    raise InputError(msg)


def _container(
    lists: list[Arcs],
    feasible_for: tuple[Any, Any] | None,
    cloud: PointCloudCost | None,
    shape: tuple[int, int],
    backend: Backend,
    *,
    may_repeat: bool = False,
) -> Sparse:
    """Join lists of arcs, the backbone among them, into a container without repeated pairs."""
    if feasible_for is not None:
        assert cloud is not None, "callers make sure that there are points"
        lists = [*lists, _backbone_arcs(cloud, *feasible_for)]
        may_repeat = True
    arcs = lists[0]
    if len(lists) > 1:
        lists = [_with_common_indices(arcs, backend) for arcs in lists]
        arcs = Arcs(*(backend.xp.concat(list(column)) for column in zip(*lists, strict=True)))
    if may_repeat:
        arcs = cheapest_of_each_pair(arcs, shape, backend.xp)
    return backend.cost_container(CooParts(*arcs, shape))


def _with_common_indices(arcs: Arcs, backend: Backend) -> Arcs:
    """Indices in the library's own type: JAX can be configured to refuse mixed types."""
    xp = backend.xp
    dtype = index_dtype(xp, device_of(arcs.costs))
    rows, cols = (xp.astype(indices, dtype, copy=False) for indices in arcs[:2])
    return Arcs(rows, cols, arcs.costs)


def _backbone_arcs(cloud: PointCloudCost, a: Any, b: Any) -> Arcs:
    n, m = cloud.shape
    masses = [
        as_masses(cloud.backend, x, count, name, cloud.like)
        for x, count, name in ((a, n, "a"), (b, m, "b"))
    ]
    for x, name in zip(masses, "ab", strict=True):
        _check_masses(cloud.backend.host_view(x), name)
    find = Backbone(capacity=2 * (n + m), metric=cloud.ground_metric)
    indices = ArraySpec((find.capacity,), "int32")
    rows, cols = cloud.backend.host_call(
        find, cloud.x, cloud.y, *masses, out=(indices, indices), ledger=TransferLedger()
    )
    return Arcs(rows, cols, cloud.arc_costs(rows, cols))


def _check_masses(x: HostArray | None, name: str) -> None:
    """Raise at once where the host sees the values; elsewhere the solve raises the same errors."""
    if x is None:
        return
    bad = ~((x < inf) & (x >= 0))
    if bad.any():
        i = int(bad.argmax())
        raise bad_mass(name, i, float(x[i]))
    if not x.any():
        raise no_mass(**{name: 0.0})


def _masses_of(feasible_for: tuple[Any, Any] | None) -> tuple[Any, Any]:
    expected = "the two masses (a, b); (None, None) means uniform ones."
    return _pair("feasible_for", feasible_for, expected)


def _pair(name: str, given: Any, expected: str) -> tuple[Any, Any]:
    """The two items of an argument; (None, None) where it is not given."""
    if given is None:
        return None, None
    if not (isinstance(given, (tuple, list)) and len(given) == 2):
        length = f" of length {len(given)}" if isinstance(given, (tuple, list)) else ""
        msg = f"{name} is {kind_of(given)}{length}. Expected {expected}"
        raise InputError(msg)
    first, second = given
    return first, second
