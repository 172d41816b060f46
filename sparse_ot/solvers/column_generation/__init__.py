"""The optimum over all pairs, found on a few of them; the essay is in `driver`.

`driver` is the loop, on the device side; `restricted_problem` is the state, on the host side;
`events` defines the order in which the driver may call it. `entering_arcs`, `bounds` and `farkas`
each hold one idea of the host's half, and `memory_estimate` tells the memory of a solve before it
starts.
"""
