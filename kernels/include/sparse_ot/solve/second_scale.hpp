// Light masses as a problem of their own, on a second scale.
//
// Problem. The last basis is optimal for integers of 2^-60 of the total; components below that may
// have a surplus or a deficit (solve/forest_flow.hpp). What they need is little, so an arc that
// carries much can never be emptied by it.
//
// Method. The nodes that such arcs join become one group. Light arcs give their flow back to their
// ends. What the groups then have or need is a transportation problem over the arcs between them,
// at their reduced costs, in integers of 2^-60 of what is left. Mass may pass through a group: it
// is a source and a target at once, with room for all of it, joined by an arc of cost 0 (Orden
// 1956, Management Science 2, 276-285). Its plan, together with the heavy arcs, is a forest again,
// and its duals are added to those of the nodes: reduced costs stay non-negative, those of carrying
// arcs 0.
//
// Solving it may show a third scale, and so on; each is at least 2^20 times finer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/disjoint_sets.hpp"
#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/solve/forest_flow.hpp"
#include "sparse_ot/solve/heavy_groups.hpp"

namespace sparse_ot {

// A transportation problem in the caller's terms, and its plan: places of arcs, and their mass.
struct ListedProblem {
    std::vector<double> a, b;
    std::vector<std::int32_t> rows, cols;
    std::vector<Cost> costs;
};
struct ListedPlan {
    bool feasible = false;
    std::vector<std::int64_t> arcs;
    std::vector<double> mass;
    std::vector<Cost> u, v;
    std::vector<std::int64_t> starved_sources, starved_targets;  // if it is not feasible
};

class SecondScale {
public:
    // `network` has the original node numbers.
    SecondScale(const Network& network, const ForestFlow& forest, const Duals& duals)
        : network_(network), forest_(forest), duals_(duals) {
        make_groups(4.0 * forest.imbalance());
        make_problem();
    }

    // Whether the problem is so much lighter than the masses that solving it leads on.
    [[nodiscard]] bool leads_on(double total) const {
        return moved_ > 0.0 && moved_ <= 0x1p-20 * total;
    }
    [[nodiscard]] const ListedProblem& problem() const { return problem_; }

    // The arcs that carry mass according to a plan of the problem, and duals that prove it.
    std::vector<CarryingArc> take(const ListedPlan& plan, Duals& duals) const {
        std::vector<CarryingArc> arcs = heavy_;
        for (std::size_t k = 0; k < plan.arcs.size(); ++k) {
            const Arc e = arcs_[static_cast<std::size_t>(plan.arcs[k])];
            if (e != no_arc) arcs.push_back({e, network_.tail[e], network_.head[e], plan.mass[k]});
        }
        const Node n = network_.n_sources;
        for (Node i = 0; i < n; ++i) duals.u[i] += plan.u[row_[group_[i]]];
        for (Node j = n; j < network_.n_nodes(); ++j) duals.v[j - n] += plan.v[col_[group_[j]]];
        return arcs;
    }

    // The nodes that are starved according to the proof that the problem has no plan, in order.
    [[nodiscard]] std::vector<Node> starved(const ListedPlan& plan) const {
        std::vector<char> source(problem_.a.size(), 0), target(problem_.b.size(), 0);
        for (const std::int64_t i : plan.starved_sources) source[i] = 1;
        for (const std::int64_t j : plan.starved_targets) target[j] = 1;
        std::vector<Node> nodes;
        for (Node x = 0; x < network_.n_nodes(); ++x)
            if (x < network_.n_sources ? source[row_[group_[x]]] : target[col_[group_[x]]])
                nodes.push_back(x);
        return nodes;
    }

private:
    void make_groups(double much) {
        const Node count = network_.n_nodes();
        HeavyGroups groups(forest_, count, much);
        heavy_ = std::move(groups.heavy);
        group_ = std::move(groups.of);
        surplus_.assign(count, 0.0);
        std::vector<double> mass(count, 0.0);
        for (const CarryingArc& e : groups.light) {
            surplus_[group_[e.tail]] += e.flow;
            surplus_[group_[e.head]] -= e.flow;
        }
        for (Node x = 0; x < count; ++x) {
            const Node g = group_[x];
            surplus_[g] += forest_.surplus(x);
            if (forest_.root(x) == x) mass[g] += forest_.mass(x);
        }
        balance_blocks(mass);
        size_.assign(count, 0);
        for (Node x = 0; x < count; ++x) ++size_[group_[x]];
    }

    // Totals agree only up to rounding. In every block of the graph the heaviest group, of which it
    // is the smallest part, takes up the difference.
    void balance_blocks(std::span<const double> mass) {
        const Node count = network_.n_nodes();
        DisjointSets blocks(count);
        for (Arc e = 0; e < network_.n_arcs(); ++e)
            blocks.unite(group_[network_.tail[e]], group_[network_.head[e]]);
        std::vector<Node> heaviest(count, no_node);
        std::vector<double> off(count, 0.0);
        for (Node g = 0; g < count; ++g) {
            if (group_[g] != g) continue;
            const Node block = blocks.find(g);
            off[block] += surplus_[g];
            if (heaviest[block] == no_node || mass[g] > mass[heaviest[block]]) heaviest[block] = g;
        }
        for (Node block = 0; block < count; ++block)
            if (heaviest[block] != no_node) surplus_[heaviest[block]] -= off[block];
        for (const double x : surplus_) moved_ += std::max(x, 0.0);
    }

    void make_problem() {
        const Node count = network_.n_nodes();
        row_.assign(count, -1);
        col_.assign(count, -1);
        const double room = 2.0 * moved_;
        for (Node g = 0; g < count; ++g) {
            if (group_[g] != g) continue;
            const bool passes = size_[g] > 1, is_source = g < network_.n_sources;
            const double has = std::max(surplus_[g], 0.0), needs = std::max(-surplus_[g], 0.0);
            if (passes || is_source) {
                row_[g] = static_cast<std::int32_t>(problem_.a.size());
                problem_.a.push_back(passes ? has + room : has);
            }
            if (passes || !is_source) {
                col_[g] = static_cast<std::int32_t>(problem_.b.size());
                problem_.b.push_back(passes ? needs + room : needs);
            }
            if (passes) add(row_[g], col_[g], 0.0, no_arc);
        }
        for (Arc e = 0; e < network_.n_arcs(); ++e) {
            const Node from = group_[network_.tail[e]], to = group_[network_.head[e]];
            if (from != to)
                add(row_[from], col_[to], std::max(reduced_cost(network_, duals_, e), 0.0), e);
        }
    }

    void add(std::int32_t row, std::int32_t col, Cost cost, Arc e) {
        problem_.rows.push_back(row);
        problem_.cols.push_back(col);
        problem_.costs.push_back(cost);
        arcs_.push_back(e);
    }

    const Network& network_;
    const ForestFlow& forest_;
    const Duals& duals_;
    std::vector<Node> group_;  // of each node: the member that stands for it
    std::vector<CarryingArc> heavy_;
    std::vector<double> surplus_;  // of groups, and so below
    std::vector<Node> size_;
    std::vector<std::int32_t> row_, col_;
    ListedProblem problem_;
    std::vector<Arc> arcs_;  // of the network, for the arcs of the problem
    double moved_ = 0.0;
};

}  // namespace sparse_ot
