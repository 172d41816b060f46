// Decides whether a maximum flow fell short because masses were rounded or because no plan exists.
//
// Problem. A graph may consist of parts that each have as much supply as demand, in the caller's
// doubles and up to the rounding of their sums. As integers the two differ by a few units, and the
// maximum flow rightly reports that these units fit nowhere. They are not starved mass.
//
// Rule. The nodes that the leftover supply reaches (and, from the other end, those that reach the
// leftover demand) form connected parts. A part in which supply and demand agree to within a few
// ulps and units per node is balanced, and its leftover may be dropped. Any other part is a Hall
// violation, however small it is relative to the rest: for example, all the mass of a source of
// 1e-15 without arcs is starved.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/disjoint_sets.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// `within` marks the nodes to look at, `mass` holds the masses of all nodes, and `units_off` is how
// many units the rounding of one mass may add or take.
inline bool parts_are_balanced(const Network& network, std::span<const Mass> mass,
                               const std::vector<char>& within, double units_off) {
    DisjointSets parts(network.n_nodes());
    for (Arc e = 0; e < network.n_arcs(); ++e)
        if (within[network.tail[e]] && within[network.head[e]])
            parts.unite(network.tail[e], network.head[e]);

    const auto count = static_cast<std::size_t>(network.n_nodes());
    std::vector<double> surplus(count, 0.0), total(count, 0.0), size(count, 0.0);
    for (Node x = 0; x < network.n_nodes(); ++x) {
        if (!within[x]) continue;
        const Node p = parts.find(x);
        surplus[p] += static_cast<double>(x < network.n_sources ? mass[x] : -mass[x]);
        total[p] += static_cast<double>(mass[x]);
        size[p] += 1.0;
    }
    constexpr double ulp = std::numeric_limits<double>::epsilon();
    for (std::size_t p = 0; p < count; ++p) {
        const double rounding = (4.0 * ulp * total[p] + units_off) * size[p];
        const bool all_of_it = std::abs(surplus[p]) == total[p] && total[p] > 0.0;
        if (std::abs(surplus[p]) > rounding || all_of_it) return false;
    }
    return true;
}

}  // namespace sparse_ot
