"""The benchmark suite of sparse_ot: run it from a clone with ``python -m benchmarks``.

The suite asks three things of every solver on every instance: how long, how much memory, and is
the value right. Its rules:

- One process per measurement, so that no solver inherits another's memory, threads or imports.
- The same instance for all, written to a file once and read back by each.
- The clock runs around the solve alone: what a caller who already holds the solver's own input
  waits for. Building the solver's graph belongs to the solve; rounding costs to integers for the
  solvers that need it does not (`benchmarks.peers`).
- The value is computed here, from the plan and the true costs, never taken from the solver. A
  plan that breaks a marginal or uses a forbidden pair is wrong, whatever it costs
  (`benchmarks.verdict`).
- Nothing is dropped. A solver that is missing, refuses, fails, runs out of time or is wrong has
  its row, and the row says so.

Adding a family is one file in `benchmarks.cases`; adding a peer is one file in
`benchmarks.peers`. README.md beside this file shows both.
"""
