// The flow on a forest in the caller's own masses.
//
// Problem. The simplex pivots on integers, which stand for masses rounded to 2^-60 of the total.
// Its last tree is right, but a light mass read from the integers is not: 1e-9 of the total keeps
// only nine digits. On a forest the masses determine the flow: the arc above a subtree carries what
// the sources of the subtree have over what its targets need. These sums, from the leaves, are
// taken here over the caller's doubles, in double-double.
//
// Components. In each component supply and demand should agree. If they do within `tolerance` of
// the component, the difference is rounding, and its targets are rescaled, as b is rescaled to the
// total of a. If not, the component has a surplus (a deficit, if negative), and its root takes it
// up. The root is the heaviest node, so what double-double loses is lost where it weighs least, and
// every flow is a sum over a subtree without that node.
//
// A sum may come out negative where the integers saw a unit of flow, or where two heavy parts hang
// together by light arcs, along which the rounding of the heavy masses would flow. One arc of each
// such component is taken out, the one given the least flow (as the leaving arc of a pivot would
// be), and the components are made anew. Invariant: afterwards no flow is negative. Complexity
// O(nodes) for each time that arcs are taken out; mostly there are none.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/disjoint_sets.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// A component in which supply and demand agree to this, relatively, is balanced.
inline constexpr double balance_ulps = 64.0 * std::numeric_limits<double>::epsilon();

// An arc that carries mass. Its ends are the original nodes; `arc` is its number in the network.
struct CarryingArc {
    Arc arc = no_arc;
    Node tail = no_node, head = no_node;
    double flow = 0.0;
};

class ForestFlow {
public:
    // `arcs` form a forest over the sources, of masses a, and the targets, of masses b, which are
    // numbered after them. Their flows, which may be rough, say which are to be taken out first.
    ForestFlow(std::span<const double> a, std::span<const double> b, std::vector<CarryingArc> arcs,
               double tolerance)
        : a_(a), b_(b), arcs_(std::move(arcs)) {
        std::vector<double> flow;
        do {
            weigh_components(tolerance);
            flow = sums_from_leaves();
        } while (take_out_negative(flow));
        for (std::size_t k = 0; k < arcs_.size(); ++k) arcs_[k].flow = flow[k];
        std::erase_if(arcs_, [](const CarryingArc& e) { return e.flow == 0.0; });
    }

    [[nodiscard]] const std::vector<CarryingArc>& arcs() const { return arcs_; }

    // The node that stands for the component of x.
    [[nodiscard]] Node root(Node x) const { return root_[x]; }
    // What the component of this root has over its needs; 0 up to the tolerance.
    [[nodiscard]] double surplus(Node root) const { return surplus_[root]; }
    // The larger of supply and demand of the component of this root.
    [[nodiscard]] double mass(Node root) const { return mass_[root]; }
    // The roots of the components with a surplus or a deficit.
    [[nodiscard]] const std::vector<Node>& unbalanced() const { return unbalanced_; }

    // All surpluses and deficits together.
    [[nodiscard]] double imbalance() const {
        double sum = 0.0;
        for (const Node root : unbalanced_) sum += std::abs(surplus_[root]);
        return sum;
    }

    // The demands that the flow meets, apart from deficits.
    [[nodiscard]] std::vector<double> demands() const {
        std::vector<double> met(b_.begin(), b_.end());
        for (std::size_t j = 0; j < met.size(); ++j)
            met[j] += met[j] * change_[root_[a_.size() + j]];
        return met;
    }

private:
    [[nodiscard]] Node n_sources() const { return static_cast<Node>(a_.size()); }
    [[nodiscard]] Node n_nodes() const { return static_cast<Node>(a_.size() + b_.size()); }
    [[nodiscard]] bool is_source(Node x) const { return x < n_sources(); }
    [[nodiscard]] double mass_of(Node x) const {
        return is_source(x) ? a_[x] : b_[x - n_sources()];
    }

    // Finds the components, their roots and surpluses, and by how much their demands change.
    void weigh_components(double tolerance) {
        const Node count = n_nodes();
        DisjointSets sets(count);
        for (const CarryingArc& e : arcs_) sets.unite(e.tail, e.head);
        std::vector<Node> heaviest(count, no_node);
        for (Node x = 0; x < count; ++x) {
            Node& top = heaviest[sets.find(x)];
            if (top == no_node || mass_of(x) > mass_of(top)) top = x;
        }
        root_.resize(count);
        std::vector<DoubleDouble> supply(count), demand(count);
        for (Node x = 0; x < count; ++x) {
            root_[x] = heaviest[sets.find(x)];
            DoubleDouble& sum = (is_source(x) ? supply : demand)[root_[x]];
            sum = sum + mass_of(x);
        }
        for (auto* per_root : {&surplus_, &mass_, &change_}) per_root->assign(count, 0.0);
        unbalanced_.clear();
        for (Node top = 0; top < count; ++top) {
            if (root_[top] != top) continue;
            const double off = (supply[top] - demand[top]).value();
            mass_[top] = std::max(supply[top].value(), demand[top].value());
            const bool one_sided = !(supply[top].high > 0.0 && demand[top].high > 0.0);
            if (!one_sided && std::abs(off) <= tolerance * mass_[top]) {
                change_[top] = off / demand[top].value();
            } else if (off != 0.0) {
                surplus_[top] = off;
                unbalanced_.push_back(top);
            }
        }
    }

    // What a node adds to the sum of a subtree: its supply, or minus its demand.
    [[nodiscard]] DoubleDouble excess_of(Node x) const {
        if (is_source(x)) return {a_[x], 0.0};
        return -increased(b_[x - n_sources()], change_[root_[x]]);
    }

    // The flow on every arc.
    [[nodiscard]] std::vector<double> sums_from_leaves() const {
        const Node count = n_nodes();
        const auto n_arcs = static_cast<Arc>(arcs_.size());
        std::vector<Node> ends;  // all tails, then all heads: each arc is listed at both
        for (const CarryingArc& e : arcs_) ends.push_back(e.tail);
        for (const CarryingArc& e : arcs_) ends.push_back(e.head);
        const Incidence meeting(ends, count);
        std::vector<Arc> above(count, no_arc);  // the arc towards the root
        std::vector<Node> order;
        order.reserve(count);
        std::vector<DoubleDouble> excess(count);
        for (Node top = 0; top < count; ++top) {
            if (root_[top] != top) continue;
            order.push_back(top);
            for (std::size_t k = order.size() - 1; k < order.size(); ++k) {
                const Node x = order[k];
                excess[x] = excess_of(x);
                for (const Arc end : meeting.arcs_of(x)) {
                    const Arc e = end % n_arcs;
                    if (e == above[x]) continue;
                    const Node y = other_end(arcs_[e], x);
                    above[y] = e;
                    order.push_back(y);
                }
            }
        }
        std::vector<double> flow(arcs_.size(), 0.0);
        for (std::size_t k = order.size(); k-- > 0;) {
            const Node x = order[k];
            if (above[x] < 0) continue;
            const CarryingArc& e = arcs_[above[x]];
            flow[above[x]] = is_source(x) ? excess[x].value() : -excess[x].value();
            DoubleDouble& sum = excess[other_end(e, x)];
            sum = sum + excess[x];
        }
        return flow;
    }

    // Takes out one arc of every component with a negative flow; returns whether there was any.
    bool take_out_negative(std::span<const double> flow) {
        std::vector<std::int64_t> leaving(n_nodes(), -1);  // by root
        bool any = false;
        for (std::size_t k = 0; k < arcs_.size(); ++k) {
            if (!(flow[k] < 0.0)) continue;
            any = true;
            std::int64_t& worst = leaving[root_[arcs_[k].tail]];
            if (worst < 0 ||
                std::pair(arcs_[k].flow, flow[k]) < std::pair(arcs_[worst].flow, flow[worst]))
                worst = static_cast<std::int64_t>(k);
        }
        if (!any) return false;
        std::size_t kept = 0;
        for (std::size_t k = 0; k < arcs_.size(); ++k)
            if (leaving[root_[arcs_[k].tail]] != static_cast<std::int64_t>(k))
                arcs_[kept++] = arcs_[k];
        arcs_.resize(kept);
        return true;
    }

    static Node other_end(const CarryingArc& e, Node x) { return e.tail == x ? e.head : e.tail; }

    std::span<const double> a_, b_;
    std::vector<CarryingArc> arcs_;
    std::vector<Node> root_;
    std::vector<double> surplus_, mass_, change_;  // of components, at their roots
    std::vector<Node> unbalanced_;
};

}  // namespace sparse_ot
