// The first plan: which arcs carry the masses before there is a basis.
//
// There are two ways. Equal masses, equally many on both sides, are an assignment problem: the
// auction matches them near the optimum. Other masses are placed on the arcs of least reduced cost
// first, greedily and then by a bounded maximum flow, on twice as many arcs in each stage. Neither
// way promises to place everything: a full maximum flow (starts/max_flow.hpp) then places the rest
// or proves that it cannot be placed.
//
// The caller first puts the arcs in the order of starts/arc_order.hpp, which suits pricing and the
// auction.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/starts/auction.hpp"
#include "sparse_ot/starts/greedy.hpp"
#include "sparse_ot/starts/max_flow.hpp"

namespace sparse_ot {

namespace detail {

// benchmarks/NOTES.md has the measurements. The tight arcs get a whole maximum flow, so that
// optimal potentials give an optimal plan.
inline constexpr std::int64_t whole_flow = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t phases_per_stage = 8;
inline constexpr Arc small_graph_arcs = 200000;
inline constexpr Node small_auction = 64;

}  // namespace detail

// For equal masses, equally many on both sides: finds a matching near the optimum and its
// potentials. Returns false, with nothing changed, for other masses and when the auction gives up.
inline bool place_by_auction(const Network& network, Duals& duals, std::vector<Mass>& flow,
                             std::vector<Mass>& left) {
    if (network.n_sources != network.n_targets || network.n_sources < detail::small_auction)
        return false;
    if (!std::all_of(left.begin(), left.end(), [&](Mass x) { return x == left[0]; })) return false;
    Auction auction(network);
    if (!auction.run()) return false;
    duals = auction.duals();
    for (Arc e : auction.matching()) std::swap(flow[e], left[network.tail[e]]);
    std::fill(left.begin(), left.end(), 0);
    return true;
}

// Places mass on the arcs of least reduced cost, then on more and more arcs until all are in use:
// on each lot first greedily, then, on all but the last, by a maximum flow. From optimal potentials
// the first lot, the tight arcs, contains an optimal plan.
inline void place_in_stages(const Network& network, const Duals& duals, std::vector<Mass>& flow,
                            std::vector<Mass>& left) {
    const std::vector<Arc> order = by_reduced_cost(network, duals);
    const auto all = static_cast<Arc>(order.size());
    std::vector<char> usable(all, 0);
    Arc done = 0, until = 0;
    if (!duals.foreign && all <= detail::small_graph_arcs) until = all;  // stages do not pay here
    while (until < all && is_tight(network, duals, order[until])) ++until;
    for (;; until = std::min(all, std::max<Arc>(2 * until, network.n_nodes()))) {
        const std::span<const Arc> lot(order.data() + done, until - done);
        for (Arc e : lot) usable[e] = 1;
        place_greedily(network, lot, flow, left);
        if (until == all) return;
        MaxFlow(network, flow, left, [&](Arc e) {
            return usable[e] != 0;
        }).run(done == 0 ? detail::whole_flow : detail::phases_per_stage);
        done = until;
    }
}

}  // namespace sparse_ot
