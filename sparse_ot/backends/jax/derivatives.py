"""The derivative of a value, by the envelope theorem.

The optimum of a linear program changes with its data as if the optimal plan P and potentials u, v
were constant (Peyré and Cuturi 2019, Computational Optimal Transport, section 9.1.2):

    dV = <P, dC> + <u, da> + <v, db>.

The rule is linear in the tangents, and its coefficients are treated as constants. So one forward
rule suffices: JAX transposes it for `grad`, batches it for `vmap`, and differentiates it again for
`hessian`.

*Second derivatives.* Between ties P does not change with C, nor do u and v with a and b. So the
constants are exact where only the costs vary, or only the masses, and the second derivative is the
curvature of C in its own arguments. But P does change with a and b, and u and v with C, through the
tree of the optimal basis, which is not available here. A derivative once in the costs and once in
the masses is therefore NaN rather than a wrong 0.

*Gauge.* Potentials are defined up to a constant, u + c and v − c, and so are the gradients in a and
b. Only changes that keep the totals equal have a meaning, and for them the constant cancels. The
gradients returned are the potentials of the solution: centred, ``<u, a> == <v, b>``, unless
`center_dual` was switched off.

*Infinities.* An arc without flow contributes exactly 0, whatever its tangent is, so a forbidden arc
(+inf) or padding gives no NaN. If the solve failed, the value and all derivatives are NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from sparse_ot._typing import Array

__all__ = ["envelope"]


Pairs: TypeAlias = list[tuple[Array, Array]]
"""Pairs (weight, argument): the weight is the derivative of the value in the argument."""


def envelope(value: Array, pairs: Sequence[tuple[Array, Array]]) -> Array:
    """`value` with the derivative ``sum <weight, d argument>`` over pairs (weight, argument).

    The first pair is for the costs, the others are for the masses.

    Examples
    --------
    >>> import jax
    >>> jax.grad(lambda costs: envelope(costs.sum(), [(2 * costs, costs)]))(jax.numpy.ones(2))
    Array([2., 2.], dtype=float32)
    """
    costs, masses = _differentiable(pairs[:1]), _differentiable(pairs[1:])
    return _attach_compiled(value, costs, masses) if costs or masses else value


def _differentiable(pairs: Sequence[tuple[Array, Array]]) -> Pairs:
    return [
        (weight, argument)
        for weight, argument in pairs
        if isinstance(argument, jax.core.Tracer) and jnp.issubdtype(argument.dtype, jnp.floating)
    ]


@jax.custom_jvp
def _attach(value: Array, costs: Pairs, masses: Pairs) -> Array:  # noqa: ARG001 (its rule uses them)
    return value


@partial(_attach.defjvp, symbolic_zeros=True)
def _attach_jvp(primals: Any, tangents: Any) -> tuple[Array, Array]:
    value, change = primals[0], jnp.zeros_like(primals[0])
    for pairs, pair_tangents, others in (
        (primals[1], tangents[1], primals[2]),
        (primals[2], tangents[2], primals[1]),
    ):
        for (weight, _), (_, tangent) in zip(pairs, pair_tangents, strict=True):
            if isinstance(tangent, SymbolicZero):
                continue
            weight = _moves_with(weight, [argument for _, argument in others])
            weight = jnp.where(jnp.isnan(value), jnp.nan, weight)
            products = jnp.where(weight == 0, 0, weight * tangent)
            change = change + jnp.sum(products).astype(value.dtype)
    # The type of the sum includes the sharding of the tangents, which JAX 0.5 compares.
    return _attach(*primals) + jnp.zeros_like(change), change


@jax.custom_jvp
def _moves_with(weight: Array, arguments: Sequence[Array]) -> Array:  # noqa: ARG001 (as above)
    """`weight`, with an unknown derivative in `arguments`, given as NaN."""
    return weight


@partial(_moves_with.defjvp, symbolic_zeros=True)
def _moves_with_jvp(primals: Any, tangents: Any) -> tuple[Array, Array]:
    weight, movement = primals[0], jnp.zeros_like(primals[0])
    for tangent in tangents[1]:
        if not isinstance(tangent, SymbolicZero):
            movement = movement + jnp.sum(jnp.nan * tangent).astype(weight.dtype)
    return weight, movement


# Outside `jit` a derivative is traced anew on every call, that of a compiled function only once.
@jax.jit
def _attach_compiled(value: Array, costs: Pairs, masses: Pairs) -> Array:
    # Inside `shard_map` the type of an array says whether it differs between devices. The type of a
    # foreign function's result does not; adding an empty sum of its arguments corrects it.
    for _, argument in (*costs, *masses):
        nothing = jnp.sum(lax.stop_gradient(argument).reshape(-1)[:0])
        value = value + nothing.astype(value.dtype)
    return _attach(value, costs, masses)
