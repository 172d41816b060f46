// Sends to its place the mass that the integers could not see, along shortest paths.
//
// Problem. The last basis of the simplex is optimal for the integers. In the caller's own masses,
// which may span hundreds of orders of magnitude, its flow may leave components with a surplus, or
// a deficit, below the integers' resolution (solve/forest_flow.hpp).
//
// Method. Successive shortest paths. Every arc may take more, at its reduced cost, which is not
// negative; an arc that carries mass may also give some of it back, at the cost 0. From each
// surplus, Dijkstra's search finds the nearest deficit, mass is sent there, and the potentials of
// the nodes that are nearer than it are raised. Invariant: reduced costs stay non-negative, and
// those of carrying arcs 0.
//
// Totals agree only up to rounding, so in the end a surplus or a deficit may be left without its
// counterpart. The nearest group that is so heavy that this mass is within its rounding then takes
// it up, or makes it up.
//
// Groups. All the mass to be sent is light. An arc that carries more than all of it can never be
// emptied; nodes that such arcs join form a group, which is one node of the search and moves its
// potentials together. A search ends at the first group that will do, and touches only what is
// nearer.
//
// Without a path, the nodes that the mass reaches are stuck: every arc from them ends among them.
//
// Complexity O(deficits * arcs log nodes) at worst; a search is mostly local.
// Reference: Ahuja, Magnanti, Orlin 1993, Network Flows, section 9.7 (pp. 320-324).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/solve/forest_flow.hpp"
#include "sparse_ot/solve/heavy_groups.hpp"

namespace sparse_ot {

class Reroute {
public:
    // `network` has the original node numbers. The duals are changed.
    Reroute(const Network& network, const ForestFlow& forest, Duals& duals)
        : network_(network),
          duals_(duals),
          out_(network.tail, network.n_nodes()),
          in_(network.head, network.n_nodes()),
          flow_(network.n_arcs(), 0.0) {
        make_groups(forest);
    }

    // Sends what can be sent. The support of the plan that results, a forest.
    std::vector<CarryingArc> run() {
        const auto deficits = [&](Node x) { return has_deficit(x); };
        for_each_group([&](Node g) {
            while (has_surplus(g) && search({&g, 1}, deficits))
                send(std::min(surplus_[g], -surplus_[found_]));
        });
        for_each_group([&](Node g) {
            const auto heavier = [&](Node x) { return x != g && rounding_[x] >= surplus_[g]; };
            while (has_surplus(g))
                if (search({&g, 1}, heavier))
                    send(surplus_[g]);
                else
                    return note_stuck();
        });
        const bool surplus_is_stuck = !stuck_.empty();
        for_each_group([&](Node g) {
            const auto itself = [&](Node x) { return x == g; };
            while (has_deficit(g))
                if (search(heavier_than(g), itself))
                    send(-surplus_[g]);
                else
                    return surplus_is_stuck ? void() : note_stuck();
        });
        shift_duals();
        return support();
    }

    // The nodes from which no arc leads on, though they hold mass that has no place; in order.
    [[nodiscard]] const std::vector<Node>& stuck() const { return stuck_; }

private:
    static constexpr Cost far = std::numeric_limits<Cost>::infinity();

    template <class Visit>
    void for_each_group(Visit&& visit) {
        for (Node g = 0; g < network_.n_nodes(); ++g)
            if (group_[g] == g) visit(g);
    }

    void make_groups(const ForestFlow& forest) {
        const Node count = network_.n_nodes();
        const double wanted = forest.imbalance();
        HeavyGroups groups(forest, count, 2.0 * wanted);
        kept_ = std::move(groups.heavy);
        group_ = std::move(groups.of);
        for (const CarryingArc& e : groups.light) flow_[e.arc] = e.flow;
        members_ = Incidence(group_, count);
        for (auto* of_groups : {&surplus_, &rounding_, &negligible_, &raised_})
            of_groups->assign(count, 0.0);
        for (Node x = 0; x < count; ++x) {
            if (forest.root(x) != x) continue;
            surplus_[group_[x]] += forest.surplus(x);
            rounding_[group_[x]] += balance_ulps * forest.mass(x);
            negligible_[group_[x]] += balance_ulps * std::abs(forest.surplus(x));
        }
        distance_.assign(count, far);
        by_.assign(count, no_arc);
    }

    [[nodiscard]] bool has_surplus(Node g) const { return surplus_[g] > negligible_[g]; }
    [[nodiscard]] bool has_deficit(Node g) const { return surplus_[g] < -negligible_[g]; }

    // The groups of which the deficit of group g is only rounding.
    [[nodiscard]] std::vector<Node> heavier_than(Node g) const {
        std::vector<Node> heavier;
        for (Node x = 0; x < network_.n_nodes(); ++x)
            if (x != g && rounding_[x] >= -surplus_[g]) heavier.push_back(x);
        return heavier;
    }

    // The cost of sending more along an arc; rounding may have made it negative.
    [[nodiscard]] Cost length(Arc e) const {
        const Cost rise = raised_[group_[network_.tail[e]]] - raised_[group_[network_.head[e]]];
        return std::max(reduced_cost(network_, duals_, e) + rise, 0.0);
    }

    // Finds the nearest group that will do, from any of `starts`, and shifts potentials on the way.
    template <class WillDo>
    bool search(std::span<const Node> starts, WillDo&& will_do) {
        using Entry = std::pair<Cost, Node>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
        touched_.clear();
        const auto reach = [&](Node x, Cost distance, Arc e) {
            const Node g = group_[x];
            if (distance >= distance_[g]) return;
            if (distance_[g] == far) touched_.push_back(g);
            distance_[g] = distance;
            by_[g] = e;
            open.emplace(distance, g);
        };
        for (const Node g : starts) reach(g, 0.0, no_arc);
        found_ = no_node;
        Cost nearest = 0.0;
        while (!open.empty()) {
            const auto [distance, g] = open.top();
            open.pop();
            if (distance > distance_[g]) continue;
            if (will_do(g)) {
                found_ = g;
                nearest = distance;
                break;
            }
            for (const Arc x : members_.arcs_of(g)) {
                const Node node = static_cast<Node>(x);
                if (node < network_.n_sources) {
                    for (const Arc e : out_.arcs_of(node))
                        reach(network_.head[e], distance + length(e), e);
                } else {
                    for (const Arc e : in_.arcs_of(node))
                        if (flow_[e] > 0.0) reach(network_.tail[e], distance, e);
                }
            }
        }
        if (found_ != no_node)
            for (const Node g : touched_)
                if (distance_[g] < nearest) raised_[g] += distance_[g] - nearest;
        for (const Node g : touched_) distance_[g] = far;
        return found_ != no_node;
    }

    // Calls visit(arc, forward) from the group found back to the start; returns that.
    template <class Visit>
    Node walk_back(Visit&& visit) const {
        Node g = found_;
        while (by_[g] != no_arc) {
            const Arc e = by_[g];
            const bool forward = group_[network_.head[e]] == g;
            visit(e, forward);
            g = group_[forward ? network_.tail[e] : network_.head[e]];
        }
        return g;
    }

    // Sends that much along the path found, or what it lets through. Mass that only rounding takes
    // up or makes up is not a surplus or a deficit of that group.
    void send(double amount) {
        const Node from = walk_back([&](Arc e, bool forward) {
            if (!forward) amount = std::min(amount, flow_[e]);
        });
        walk_back([&](Arc e, bool forward) { flow_[e] += forward ? amount : -amount; });
        if (has_surplus(from)) surplus_[from] -= amount;
        if (has_deficit(found_)) surplus_[found_] += amount;
    }

    // After a search that found nothing: what it reached is stuck.
    void note_stuck() {
        for (const Node g : touched_)
            for (const Arc x : members_.arcs_of(g)) stuck_.push_back(static_cast<Node>(x));
        std::sort(stuck_.begin(), stuck_.end());
        stuck_.erase(std::unique(stuck_.begin(), stuck_.end()), stuck_.end());
    }

    void shift_duals() {
        const Node n = network_.n_sources;
        for (Node i = 0; i < n; ++i) duals_.u[i] -= raised_[group_[i]];
        for (Node j = n; j < network_.n_nodes(); ++j) duals_.v[j - n] += raised_[group_[j]];
    }

    // The arcs that carry mass. Cycles among the light ones, between groups, are removed.
    std::vector<CarryingArc> support() const {
        Network between;
        between.n_sources = network_.n_nodes();
        std::vector<double> flow;
        for (Arc e = 0; e < network_.n_arcs(); ++e) {
            if (!(flow_[e] > 0.0)) continue;
            between.tail.push_back(group_[network_.tail[e]]);
            between.head.push_back(group_[network_.head[e]]);
            between.cost.push_back(0.0);  // at the present potentials
            between.given.push_back(e);
            flow.push_back(flow_[e]);
        }
        ForestOf<double> forest(between);
        for (Arc e = 0; e < between.n_arcs(); ++e) forest.add(e, flow[e]);
        std::vector<CarryingArc> arcs = kept_;
        for (const auto& link : forest.links()) {
            if (!(link.flow > 0.0)) continue;
            const Arc e = between.given[link.pred];
            arcs.push_back({e, network_.tail[e], network_.head[e], link.flow});
        }
        return arcs;
    }

    const Network& network_;
    Duals& duals_;
    Incidence out_, in_;
    std::vector<double> flow_;       // of light arcs
    std::vector<CarryingArc> kept_;  // arcs that cannot be emptied
    std::vector<Node> group_;        // of each node: the member that stands for it
    Incidence members_{{}, 0};
    // Of groups. Rounding is relative to the mass of a group, what is negligible to its surplus.
    std::vector<double> surplus_, rounding_, negligible_;
    std::vector<Cost> raised_, distance_;
    std::vector<Arc> by_;  // the arc over which a group was reached
    Node found_ = no_node;
    std::vector<Node> touched_, stuck_;
};

}  // namespace sparse_ot
