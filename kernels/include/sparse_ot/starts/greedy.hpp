// The greedy plan: the arcs in order of increasing reduced cost each carry all that both ends
// allow.
//
// Each arc used exhausts a source or a target. O(arcs log arcs). Some mass may remain unplaced.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// All arcs, by increasing reduced cost.
inline std::vector<Arc> by_reduced_cost(const Network& network, const Duals& duals) {
    // Keys must be finite, because std::sort is undefined with NaN. Costs near the largest double
    // and foreign potentials can make a reduced cost infinite or NaN.
    constexpr Cost most = std::numeric_limits<float>::max();
    std::vector<std::pair<float, Arc>> keyed(network.n_arcs());
    for (Arc e = 0; e < network.n_arcs(); ++e) {
        const Cost reduced = reduced_cost(network, duals, e);
        const Cost key = std::isnan(reduced) ? most : std::clamp(reduced, -most, most);
        keyed[e] = {static_cast<float>(key), e};
    }
    std::sort(keyed.begin(), keyed.end());
    std::vector<Arc> order(keyed.size());
    std::transform(keyed.begin(), keyed.end(), order.begin(), [](auto& x) { return x.second; });
    return order;
}

// Sends along each arc in turn as much as both ends allow. `left`: masses still to place.
inline void place_greedily(const Network& network, std::span<const Arc> order,
                           std::vector<Mass>& flow, std::vector<Mass>& left) {
    for (Arc e : order) {
        const Mass sent = std::min(left[network.tail[e]], left[network.head[e]]);
        flow[e] += sent;
        left[network.tail[e]] -= sent;
        left[network.head[e]] -= sent;
    }
}

}  // namespace sparse_ot
