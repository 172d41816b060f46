"""The optimum over all pairs, from a few of them; the essay is in `driver`.

`driver` is the loop, on the device's side; `restricted_problem` the state, on the host's; `events`
says in which order the one calls the other. `entering_arcs`, `bounds` and `farkas` are one idea of
the host's half each, and `memory_estimate` tells beforehand what a solve will take.
"""
