"""The derivative of a value, by the envelope theorem.

The optimum of a linear program moves with its data as if the optimal plan P and potentials u, v
stood still (Peyré and Cuturi 2019, Computational Optimal Transport, section 9.1.2):

    dV = <P, dC> + <u, da> + <v, db>.

The rule is linear in the tangents, and its coefficients are constants (between ties P, u and v are
constant as functions of the data, so nothing is lost by it). Hence one forward rule gives
everything: JAX transposes it for `grad`, batches it for `vmap`, and differentiates it again for
`hessian`, where only the curvature of C in its own arguments is left.

*Gauge.* Potentials are defined up to a constant, u + c and v − c, and so are the gradients in a and
b; only changes that keep the totals equal have a meaning, and for them the constant cancels. The
gradients given are the potentials of the solution: centred, ``<u, a> == <v, b>``, unless
`center_dual` was switched off.

*Infinities.* An arc without flow contributes exactly 0, whatever its tangent is: a forbidden arc
(+inf) or padding gives no NaN. If the solve failed, the value is NaN and so are all derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from sparse_ot.backends.base import Array

__all__ = ["envelope"]


def envelope(value: Array, pairs: Sequence[tuple[Array, Array]]) -> Array:
    """`value` with the derivative ``sum <weight, d argument>`` over pairs (weight, argument)."""
    pairs = [
        (weight, argument)
        for weight, argument in pairs
        if isinstance(argument, jax.core.Tracer) and jnp.issubdtype(argument.dtype, jnp.floating)
    ]
    if not pairs:
        return value
    weights, arguments = zip(*pairs, strict=True)
    return _attach_compiled(value, weights, arguments)


@jax.custom_jvp
def _attach(value: Array, weights: Sequence[Array], arguments: Sequence[Array]) -> Array:
    return value


@_attach.defjvp
def _attach_jvp(primals: Any, tangents: Any) -> tuple[Array, Array]:
    value, weights, _ = primals
    change = jnp.zeros_like(value)
    for weight, tangent in zip(weights, tangents[2], strict=True):
        weight = jnp.where(jnp.isnan(value), jnp.nan, weight)
        products = jnp.where(weight == 0, 0, weight * tangent)
        change = change + jnp.sum(products).astype(value.dtype)
    # The sum has the sharding of the tangents in its type, which JAX 0.5 compares.
    return _attach(*primals) + jnp.zeros_like(change), change


# Outside of `jit` a derivative is traced anew on every call, a compiled function's only once.
_attach_compiled = jax.jit(_attach)
