// Potentials and a matching for equal masses, before the simplex: the auction with epsilon-scaling.
//
// Problem. With n unit sources and n unit targets the plan is a matching. Sources bid for targets:
// a free source finds the target that is cheapest at present prices (cost + price) and the second
// cheapest. It takes the first, evicts the source that held it, and raises its price by the
// difference plus epsilon. When no source is free, every matched arc is within epsilon of its
// source's best (epsilon-complementary slackness), so the matching is within n * epsilon of the
// optimum.
//
// Prices are first found coarsely: epsilon falls geometrically, and each round starts from the
// prices of the round before. The last epsilon is small relative to the costs but far above their
// last digit; from there the simplex goes on, exactly.
//
// A tight graph can cause price wars, in which a few sources outbid each other by epsilon for a
// long time; on an infeasible graph they never end. The number of bids per round is therefore
// limited, most strictly in the first, coarse round. If the limit is reached, the auction gives up,
// and the maximum flow finds a plan or the proof that there is none. Complexity O(bids * degree).
//
// Reference: Bertsekas 1988, Annals of Operations Research 14, 105-123; Bertsekas and Castanon
// 1989, Annals of Operations Research 20, 67-96.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class Auction {
public:
    // The network's arcs should be grouped by source, which is faster (starts/arc_order.hpp).
    explicit Auction(const Network& network)
        : network_(network),
          out_(network.tail, network.n_sources),
          price_(network.n_targets, 0.0),
          owner_(network.n_targets, no_node),
          held_(network.n_sources, no_arc) {}

    // Returns whether all sources are matched; if not, prices and matching are of no use.
    bool run() {
        const double scale = typical_cost();
        double epsilon = first_share * scale;
        bids_left_ = bids_at_first * network_.n_nodes();
        for (;; epsilon *= step) {
            release_all();
            if (!match(epsilon)) return false;
            if (epsilon <= last_share * scale) return true;
            bids_left_ = bids_later * network_.n_nodes();
        }
    }

    // The prices as potentials: the least price becomes 0, and u is the largest that v allows.
    [[nodiscard]] Duals duals() const {
        Duals duals{std::vector<Cost>(network_.n_sources, 0.0),
                    std::vector<Cost>(network_.n_targets)};
        const double least = *std::min_element(price_.begin(), price_.end());
        for (std::size_t j = 0; j < price_.size(); ++j) duals.v[j] = least - price_[j];
        for (Node i = 0; i < network_.n_sources; ++i) {
            Cost best = std::numeric_limits<Cost>::infinity();
            for (Arc e : out_.arcs_of(i))
                best = std::min(best, network_.cost[e] - duals.v[target(e)]);
            if (best < std::numeric_limits<Cost>::infinity()) duals.u[i] = best;
        }
        return duals;
    }

    // The arc each source holds, or no_arc.
    [[nodiscard]] const std::vector<Arc>& matching() const { return held_; }

private:
    static constexpr std::int64_t bids_at_first = 10;  // per node, in the first round
    static constexpr std::int64_t bids_later = 200;    // in each later round
    static constexpr double first_share = 1.0;         // epsilon, as a share of a typical cost
    static constexpr double last_share = 1e-5;
    static constexpr double step = 0.2;

    [[nodiscard]] Node target(Arc e) const { return network_.head[e] - network_.n_sources; }
    [[nodiscard]] double price(Arc e) const { return price_[target(e)]; }

    // The median, over sources, of the spread between the least and the largest cost.
    [[nodiscard]] double typical_cost() const {
        std::vector<double> spread;
        for (Node i = 0; i < network_.n_sources; ++i) {
            const auto arcs = out_.arcs_of(i);
            if (arcs.size() < 2) continue;
            const auto [least, most] = std::minmax_element(
                arcs.begin(), arcs.end(),
                [&](Arc x, Arc y) { return network_.cost[x] < network_.cost[y]; });
            spread.push_back(network_.cost[*most] - network_.cost[*least]);
        }
        if (spread.empty()) return 0.0;
        std::nth_element(spread.begin(), spread.begin() + spread.size() / 2, spread.end());
        return spread[spread.size() / 2];
    }

    void release_all() {
        std::fill(owner_.begin(), owner_.end(), no_node);
        std::fill(held_.begin(), held_.end(), no_arc);
        free_.clear();
        for (Node i = network_.n_sources; i-- > 0;) free_.push_back(i);
    }

    bool match(double epsilon) {
        while (!free_.empty()) {
            if (--bids_left_ < 0) return false;
            const Node i = free_.back();
            free_.pop_back();
            if (!bid(i, epsilon)) return false;
        }
        return true;
    }

    // Returns false if the source has nothing to bid for.
    bool bid(Node i, double epsilon) {
        constexpr Cost none = std::numeric_limits<Cost>::infinity();
        Cost best = none, second = none;
        Arc chosen = no_arc;
        for (Arc e : out_.arcs_of(i)) {
            const Cost at = network_.cost[e] + price(e);
            if (at < best) {
                second = best;
                best = at;
                chosen = e;
            } else if (at < second) {
                second = at;
            }
        }
        if (chosen == no_arc) return false;
        const Node j = target(chosen);
        price_[j] += (second < none ? second - best : 0.0) + epsilon;
        const Node evicted = owner_[j];
        owner_[j] = i;
        held_[i] = chosen;
        if (evicted == no_node) return true;
        held_[evicted] = no_arc;
        free_.push_back(evicted);
        return true;
    }

    const Network& network_;
    Incidence out_;
    std::vector<double> price_;
    std::vector<Node> owner_;
    std::vector<Arc> held_;
    std::vector<Node> free_;
    std::int64_t bids_left_ = 0;
};

}  // namespace sparse_ot
