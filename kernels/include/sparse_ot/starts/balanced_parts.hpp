// Decides whether a maximum flow fell short because masses were rounded or because no plan exists.
//
// Problem. A graph may consist of parts that each have as much supply as demand, in the caller's
// doubles and up to the rounding of their sums. As integers the two differ by a few units, and the
// maximum flow rightly reports that these units fit nowhere. They are not starved mass.
//
// Rule. The nodes that the leftover supply reaches (and, from the other end, those that reach the
// leftover demand) form connected parts. A part in which supply and demand agree to within a few
// ulps and units per node is balanced, and its leftover may be dropped. So is one that agrees to
// within the tolerance for totals, such as a group whose masses were normalised in single
// precision: its demands are rescaled, as those of all targets are to the total supply. (Counts
// have no rounding, and none is assumed.) Any other part is a Hall violation, however small it is
// relative to the rest: for example, all the mass of a source of 1e-15 without arcs is starved.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/disjoint_sets.hpp"
#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class Parts {
public:
    // `within` marks the nodes to look at.
    Parts(const Network& network, const Masses& masses, const std::vector<char>& within)
        : n_sources_(network.n_sources),
          part_(network.n_nodes(), no_node),
          surplus_(network.n_nodes(), 0.0),
          total_(network.n_nodes(), 0.0),
          size_(network.n_nodes(), 0.0),
          units_off_(masses.rounded ? 1.0 : 0.0) {
        DisjointSets parts(network.n_nodes());
        for (Arc e = 0; e < network.n_arcs(); ++e)
            if (within[network.tail[e]] && within[network.head[e]])
                parts.unite(network.tail[e], network.head[e]);
        for (Node x = 0; x < network.n_nodes(); ++x) {
            if (!within[x]) continue;
            const Node p = part_[x] = parts.find(x);
            const bool is_source = x < n_sources_;
            const Mass mass = is_source ? masses.supply[x] : masses.demand[x - n_sources_];
            surplus_[p] += static_cast<double>(is_source ? mass : -mass);
            total_[p] += static_cast<double>(mass);
            size_[p] += 1.0;
        }
    }

    // Whether every part is balanced up to the rounding of single masses.
    [[nodiscard]] bool are_balanced() const {
        constexpr double ulp = std::numeric_limits<double>::epsilon();
        return all_within(
            [&](std::size_t p) { return (4.0 * ulp * total_[p] + units_off_) * size_[p]; });
    }

    // Whether every part is balanced up to the rounding of sums.
    [[nodiscard]] bool are_balanced_to(double tolerance) const {
        return all_within([&](std::size_t p) { return tolerance * 0.5 * total_[p]; });
    }

    // Rescales the demands of every part to its supply: in units, by differences of rounded partial
    // sums, so that they add up.
    void rescale(Masses& masses) const {
        std::vector<double> done(part_.size(), 0.0), given(part_.size(), 0.0);
        for (std::size_t j = 0; j < masses.demand.size(); ++j) {
            const Node p = part_[n_sources_ + j];
            if (p == no_node || surplus_[p] == 0.0) continue;
            const double demand = 0.5 * (total_[p] - surplus_[p]);
            done[p] += static_cast<double>(masses.demand[j]);
            const double change = std::nearbyint(surplus_[p] * (done[p] / demand)) - given[p];
            given[p] += change;
            masses.demand[j] += static_cast<Mass>(change);
            masses.b[j] += masses.b[j] * (surplus_[p] / demand);
        }
    }

private:
    template <class Rounding>
    [[nodiscard]] bool all_within(Rounding&& rounding) const {
        for (std::size_t p = 0; p < total_.size(); ++p) {
            const bool all_of_it = std::abs(surplus_[p]) == total_[p] && total_[p] > 0.0;
            if (std::abs(surplus_[p]) > rounding(p) || all_of_it) return false;
        }
        return true;
    }

    Node n_sources_;
    std::vector<Node> part_;                      // of every node that is looked at
    std::vector<double> surplus_, total_, size_;  // of parts: supply minus demand, their sum, nodes
    double units_off_;                            // what the rounding of one mass may add or take
};

}  // namespace sparse_ot
