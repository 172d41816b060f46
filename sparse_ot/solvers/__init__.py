"""Solvers: they take a problem and return plan and potentials, with their proof.

                      api  (solve, emd, solve_sample)
                       │
         all arcs listed?  `CostModel.listed`
            │ yes                        │ no
            ▼                            ▼
        one_shot              column_generation
            │          driver ◄── events ──► restricted_problem
            │            │    ── arrays ──►      │  │  │
            │            │   `Backend.host_call` │  │  └ bounds, farkas
            │            │                       │  └ entering_arcs
            │            │ asks `CostModel`:     │
            │            │ candidate_arcs, price │
            │            ▼                       │
            │         starts ── first plans ─────┤
            │    (along a curve, or multiscale)  │
            ▼                                    ▼
                core  (network simplex, compiled)

Left of the door (`host_call`) arrays are the caller's, on their device; right of it, and in `core`
and `starts`, they are NumPy's. `limits` holds the limits of a solve, `progress` the callbacks that
follow it.
"""
