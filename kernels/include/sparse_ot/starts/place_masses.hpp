// The first plan: which arcs carry the masses before there is a basis.
//
// Two ways. Equal masses, as many on both sides, are an assignment problem: the auction matches
// them near the optimum. Other masses are placed on the arcs of least reduced cost first, greedily
// and by a bounded maximum flow, on twice as many arcs each time; what is left after that is for
// max_flow.hpp to place, or to prove that it cannot be. Neither promises to place everything.
//
// Arcs are put in an order that suits the pricing of the simplex before either.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "sparse_ot/starts/auction.hpp"
#include "sparse_ot/starts/max_flow.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

namespace detail {

// Figures of benchmarks/NOTES.md.
// The tight arcs get a whole maximum flow, so that optimal potentials give an optimal plan.
inline constexpr std::int64_t whole_flow = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t phases_a_stage = 8;
inline constexpr Arc small_graph = 200000;
inline constexpr Node small_auction = 64;

}  // namespace detail

// Equal masses on both sides, and as many: a matching near the optimum, and its potentials.
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

// Places mass on the arcs of least reduced cost, then more of them, until all may be used:
// on each lot greedily first, then as much as a maximum flow can. From optimal potentials
// the first lot, the tight arcs, holds an optimal plan.
inline void place_in_stages(const Network& network, const Duals& duals, std::vector<Mass>& flow,
                            std::vector<Mass>& left) {
    const std::vector<Arc> order = by_reduced_cost(network, duals);
    const auto all = static_cast<Arc>(order.size());
    std::vector<char> usable(all, 0);
    Arc done = 0, until = 0;
    if (!duals.foreign && all <= detail::small_graph) until = all;  // stages do not pay here
    while (until < all && is_tight(network, duals, order[until])) ++until;
    for (;; until = std::min(all, std::max<Arc>(2 * until, network.n_nodes()))) {
        const std::span<const Arc> lot(order.data() + done, until - done);
        for (Arc e : lot) usable[e] = 1;
        place_greedily(network, lot, flow, left);
        if (until == all) return;
        MaxFlow(network, flow, left, [&](Arc e) {
            return usable[e] != 0;
        }).run(done == 0 ? detail::whole_flow : detail::phases_a_stage);
        done = until;
    }
}

// Groups the arcs by source and walks the sources in golden steps, so that a pricing block
// sees sources from all over the graph while the arcs of one share a potential in cache.
// Worth a third of the time against dealing single arcs out like cards.
inline void mix_arcs(Network& network) {
    const Arc count = network.n_arcs();
    const std::int64_t n = network.n_sources;
    std::int64_t step = static_cast<std::int64_t>(0.6180339887 * static_cast<double>(n)) | 1;
    while (std::gcd(step, n) != 1) ++step;
    const Incidence out(network.tail, network.n_nodes());
    std::vector<Arc> order;
    order.reserve(count);
    for (std::int64_t k = 0, i = 0; k < n; ++k, i = (i + step) % n)
        for (Arc e : out.arcs_of(static_cast<Node>(i))) order.push_back(e);
    const auto permute = [&](auto& values) {
        std::remove_reference_t<decltype(values)> permuted(count);
        for (Arc k = 0; k < count; ++k) permuted[k] = values[order[k]];
        values.swap(permuted);
    };
    permute(network.tail);
    permute(network.head);
    permute(network.cost);
    for (Arc& e : order) e = network.given_index(e);
    network.given.swap(order);
}

}  // namespace sparse_ot
