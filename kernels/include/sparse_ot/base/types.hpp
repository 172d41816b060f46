// The terms and sign conventions of the core.
//
// A transportation problem has n sources with supplies, m targets with demands, and arcs
// (tail = source, head = target, cost). Nodes are numbered 0 .. n-1 (sources), n .. n+m-1
// (targets); the root of the spanning tree is n+m. Masses are int64 (exact), costs are double.
//
// Signs. Inside the core every node has one potential and
//     reduced_cost(arc) = cost + potential[tail] - potential[head],
// which is >= 0 on every arc at the optimum and 0 on basic arcs. Outside, the usual dual variables
// are u[i] = -potential[source i] and v[j] = potential[target j], so that reduced_cost = cost -
// u[i] - v[j].
#pragma once

#include <cstdint>

namespace sparse_ot {

using Node = std::int32_t;
using Arc = std::int64_t;
using Mass = std::int64_t;
using Cost = double;

inline constexpr Arc no_arc = -1;
inline constexpr Node no_node = -1;

// Why a solve stopped. `Basis::run` returns the first three; `solve` adds `infeasible` and
// `invalid`, when there is no plan, and `interrupted`. The Python solvers that generate arcs add
// `gap_reached` and `memory_limit`. The codes of Python's `Status` are these.
enum class Status : int {
    optimal = 0,
    pivot_limit = 1,
    time_limit = 2,
    infeasible = 3,
    invalid = 4,
    gap_reached = 5,
    interrupted = 6,
    memory_limit = 7,
};

// What can be wrong with the numbers of a problem. Python raises the error that belongs to each.
enum class FaultKind : int {
    none = 0,
    non_finite_supply = 1,
    non_finite_demand = 2,
    negative_supply = 3,
    negative_demand = 4,
    unequal_totals = 5,
    zero_total = 6,
    nan_cost = 7,
    minus_infinite_cost = 8,
    non_finite_u = 9,
    non_finite_v = 10,
    light_supply = 11,  // too light, relative to the others, to be told from nothing
    light_demand = 12,
    cost_too_large = 13,  // sums of costs, which potentials are, would not be finite
};

// The first fault met, its place (the index of a mass, a potential, or an arc as given), and the
// values that show it.
struct Fault {
    FaultKind kind = FaultKind::none;
    std::int64_t index = -1;
    double value = 0.0;
    double other = 0.0;
    [[nodiscard]] explicit operator bool() const { return kind != FaultKind::none; }
};

}  // namespace sparse_ot
