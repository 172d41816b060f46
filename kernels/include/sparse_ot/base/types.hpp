// The words and signs of the core, written down once.
//
// A transportation problem has n sources with supplies, m targets with demands, and arcs
// (tail = source, head = target, cost). Nodes are numbered 0 .. n-1 (sources), n .. n+m-1
// (targets); the root of the spanning tree is n+m. Masses are int64 (exact), costs are double.
//
// Signs. Inside the core every node has one potential and
//     reduced_cost(arc) = cost + potential[tail] - potential[head],
// which is >= 0 on every arc at the optimum and 0 on basic arcs. Outside, the dual variables of
// the field are u[i] = -potential[source i] and v[j] = potential[target j], so that
// reduced_cost = cost - u[i] - v[j].
#pragma once

#include <cstdint>

namespace sparse_ot {

using Node = std::int32_t;
using Arc = std::int64_t;
using Mass = std::int64_t;
using Cost = double;

inline constexpr Arc no_arc = -1;
inline constexpr Node no_node = -1;

// Why a solve stopped. The simplex knows the first three; `solve` adds the next two, where there is
// no plan at all; callers that generate arcs add the others. Python's `Status` has its codes here.
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

// What can be wrong with the numbers of a problem. Python turns each into its own error.
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
};

// The first fault met, where it is (index of a mass or of an arc as given), and the values.
struct Fault {
    FaultKind kind = FaultKind::none;
    std::int64_t index = -1;
    double value = 0.0;
    double other = 0.0;
    [[nodiscard]] explicit operator bool() const { return kind != FaultKind::none; }
};

}  // namespace sparse_ot
