// Dual variables, reduced costs, and the tolerance below which one counts as negative.
//
// Dual variables have two notations (base/types.hpp): inside the simplex every node has a
// potential, outside it sources have u and targets v. Both are defined here, and so is the one
// tolerance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// A reduced cost counts as negative below this many units in the last place of its three terms.
// The potentials are sums along tree paths, recomputed before optimality is declared; 64 ulps
// cover the rounding of such sums and leave the duality gap near 1e-14 of the cost scale.
inline constexpr double reduced_cost_ulps = 64.0 * std::numeric_limits<double>::epsilon();

[[nodiscard]] inline Cost reduced_cost(Cost cost, Cost u, Cost v) { return cost - u - v; }

// How far rounding alone can move a reduced cost, relative to its three terms. A cost of 1e12
// elsewhere in the problem does not affect this arc.
[[nodiscard]] inline Cost rounding_of(Cost cost, Cost u, Cost v) {
    return reduced_cost_ulps * (std::abs(cost) + std::abs(u) + std::abs(v));
}

// From the simplex's potentials: u = -potential[tail], v = potential[head].
[[nodiscard]] inline Cost reduced_cost(const Network& network, const Cost* potential, Arc e) {
    return network.cost[e] + potential[network.tail[e]] - potential[network.head[e]];
}

// Whether an arc may enter; `slack` is the factor by which the tolerance has grown.
[[nodiscard]] inline bool is_negative(Cost reduced, const Network& network, const Cost* potential,
                                      Arc e, double slack) {
    return reduced < -slack * rounding_of(network.cost[e], potential[network.tail[e]],
                                          potential[network.head[e]]);
}

struct Duals {
    std::vector<Cost> u;   // sources
    std::vector<Cost> v;   // targets
    bool foreign = false;  // from elsewhere: all may be far from the costs, by a common constant
};

// From dual variables.
[[nodiscard]] inline Cost reduced_cost(const Network& network, const Duals& duals, Arc e) {
    return reduced_cost(network.cost[e], duals.u[network.tail[e]],
                        duals.v[network.head[e] - network.n_sources]);
}

// Whether a reduced cost is at most zero, up to the rounding of its three terms.
[[nodiscard]] inline bool is_tight(const Network& network, const Duals& duals, Arc e) {
    const Cost u = duals.u[network.tail[e]], v = duals.v[network.head[e] - network.n_sources];
    return reduced_cost(network, duals, e) <= rounding_of(network.cost[e], u, v);
}

inline constexpr Cost no_cost = std::numeric_limits<Cost>::infinity();

// The duals with which both `reduce_costs` (of arcs, of a matrix) begin, and the value 0 for nodes
// without arcs.
[[nodiscard]] inline Duals unset_duals(std::int64_t n, std::int64_t m) {
    return {std::vector<Cost>(n, no_cost), std::vector<Cost>(m, no_cost)};
}
inline void zero_unset(std::vector<Cost>& side) {
    std::replace(side.begin(), side.end(), no_cost, 0.0);
}

// Feasible duals in two passes: u is the least cost of each source's arcs, then v the least reduced
// cost of each target's arcs.
inline Duals reduce_costs(const Network& network) {
    const Node n = network.n_sources;
    Duals duals = unset_duals(n, network.n_targets);
    for (Arc e = 0; e < network.n_arcs(); ++e) {
        Cost& least = duals.u[network.tail[e]];
        least = std::min(least, network.cost[e]);
    }
    for (Arc e = 0; e < network.n_arcs(); ++e) {
        Cost& least = duals.v[network.head[e] - n];
        least = std::min(least, network.cost[e] - duals.u[network.tail[e]]);
    }
    zero_unset(duals.u);
    zero_unset(duals.v);
    return duals;
}

// The constant c for which <u + c, a> equals <v - c, b>: the gauge in which POT returns duals.
[[nodiscard]] inline double centring_shift(std::span<const double> a, std::span<const double> b,
                                           std::span<const double> u, std::span<const double> v) {
    CompensatedSum difference, total;
    for (std::size_t j = 0; j < b.size(); ++j) {
        difference.add(v[j] * b[j]);
        total.add(b[j]);
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference.add(-u[i] * a[i]);
        total.add(a[i]);
    }
    return difference.total() / total.total();
}

}  // namespace sparse_ot
