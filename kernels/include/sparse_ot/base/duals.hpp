// Dual variables, reduced costs, and when one of these counts as negative.
//
// Two spellings of one thing (base/types.hpp): inside the simplex every node has a potential,
// outside it sources have u and targets v. Both are here, and so is the one tolerance.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

[[nodiscard]] inline Cost reduced_cost(const Network& network, const Cost* potential, Arc e) {
    return network.cost[e] + potential[network.tail[e]] - potential[network.head[e]];
}

// The tolerance is local: relative to the three numbers that were added. A cost of 1e12 elsewhere
// in the problem does not blur this arc.
[[nodiscard]] inline bool is_negative(Cost reduced, const Network& network, const Cost* potential,
                                      Arc e, double slack) {
    const double scale = std::abs(network.cost[e]) + std::abs(potential[network.tail[e]]) +
                         std::abs(potential[network.head[e]]);
    return reduced < -slack * reduced_cost_ulps * scale;
}

struct Duals {
    std::vector<Cost> u;   // sources
    std::vector<Cost> v;   // targets
    bool foreign = false;  // not ours: they may be far from the costs, all by the same constant
};

// Feasible duals at the price of two passes: each source's cheapest arc, then each target's
// cheapest arc beyond that. What counts is how much an arc costs beyond what its ends must pay.
inline Duals reduce_costs(const Network& network) {
    const Cost none = std::numeric_limits<Cost>::infinity();
    const Node n = network.n_sources;
    Duals duals{std::vector<Cost>(n, none), std::vector<Cost>(network.n_targets, none)};
    for (Arc e = 0; e < network.n_arcs(); ++e) {
        Cost& least = duals.u[network.tail[e]];
        least = std::min(least, network.cost[e]);
    }
    for (Arc e = 0; e < network.n_arcs(); ++e) {
        Cost& least = duals.v[network.head[e] - n];
        least = std::min(least, network.cost[e] - duals.u[network.tail[e]]);
    }
    for (auto* side : {&duals.u, &duals.v})
        for (Cost& dual : *side)
            if (dual == none) dual = 0.0;  // a node without arcs
    return duals;
}

[[nodiscard]] inline Cost reduced_cost(const Network& network, const Duals& duals, Arc e) {
    return network.cost[e] - duals.u[network.tail[e]] -
           duals.v[network.head[e] - network.n_sources];
}

// Zero up to the rounding of its three terms.
[[nodiscard]] inline bool is_tight(const Network& network, const Duals& duals, Arc e) {
    const Cost u = duals.u[network.tail[e]], v = duals.v[network.head[e] - network.n_sources];
    const Cost scale = std::abs(network.cost[e]) + std::abs(u) + std::abs(v);
    return reduced_cost(network, duals, e) <= reduced_cost_ulps * scale;
}

}  // namespace sparse_ot
