// A plan without cycles: the form of a feasible plan from which a basis is built.
//
// An arc added inside a tree closes a cycle. Mass is moved round the cycle, in a direction that
// does not raise the cost, until an arc is empty. Any feasible plan thus becomes a forest of no
// greater cost, and the forest a basis once its components are hung on the root. O(path) per arc.
//
// Reference: Ahuja, Magnanti, Orlin 1993, Network Flows, pp. 405-409 (cycle-free solutions).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/disjoint_sets.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// Flow is Mass, or double where masses are the caller's own. Only the arc that sets how much can be
// moved round a cycle is emptied, and it becomes exactly 0 in either.
template <class Flow>
class ForestOf {
public:
    struct Link {
        Node parent = no_node;
        Arc pred = no_arc;
        Flow flow = 0;
    };

    explicit ForestOf(const Network& network)
        : network_(network),
          link_(network.n_nodes()),
          mark_(network.n_nodes(), 0),
          trees_(network.n_nodes()) {}

    [[nodiscard]] std::span<const Link> links() const { return link_; }

    void add(Arc e, Flow flow) {
        const Node i = network_.tail[e], j = network_.head[e];
        const Node of_i = trees_.find(i), of_j = trees_.find(j);
        if (of_i == of_j) return cancel_cycle(e, flow);
        if (trees_.size(of_i) > trees_.size(of_j)) {
            trees_.join(of_j, of_i);
            hang(j, i, e, flow);
        } else {
            trees_.join(of_i, of_j);
            hang(i, j, e, flow);
        }
    }

    // Removes the arcs that were emptied; their subtrees become separate trees.
    void drop_empty() {
        for (Link& x : link_)
            if (x.flow == 0) x = Link{};
    }

private:
    // Makes x the top of its tree, then hangs it on `parent` by arc e.
    void hang(Node x, Node parent, Arc e, Flow flow) {
        Link carried{parent, e, flow};
        while (x != no_node) {
            const Link old = std::exchange(link_[x], carried);
            carried = {x, old.pred, old.flow};
            x = old.parent;
        }
    }

    [[nodiscard]] bool points_up(Node x) const { return network_.tail[link_[x].pred] == x; }

    Node find_meeting(Node x, Node y) {
        stamp_ += 2;
        for (;;) {
            for (auto* end : {&x, &y}) {
                if (*end == no_node) continue;
                const std::int64_t mine = end == &x ? stamp_ : stamp_ + 1;
                const std::int64_t theirs = end == &x ? stamp_ + 1 : stamp_;
                if (mark_[*end] == theirs) return *end;
                mark_[*end] = mine;
                *end = link_[*end].parent;
            }
        }
    }

    // The cycle runs from i to j by e, from j up to the meeting node, and down to i. Walked along
    // its direction an arc gains delta, against it an arc loses delta; delta may be negative.
    void cancel_cycle(Arc e, Flow flow) {
        const Node i = network_.tail[e], j = network_.head[e];
        const Node meeting = find_meeting(i, j);
        Cost round = network_.cost[e];
        Flow least_against = std::numeric_limits<Flow>::max(), least_along = flow;
        const auto walk = [&](auto&& visit) {
            for (Node x = j; x != meeting; x = link_[x].parent) visit(x, points_up(x));
            for (Node x = i; x != meeting; x = link_[x].parent) visit(x, !points_up(x));
        };
        walk([&](Node x, bool along) {
            round += along ? network_.cost[link_[x].pred] : -network_.cost[link_[x].pred];
            Flow& least = along ? least_along : least_against;
            least = std::min(least, link_[x].flow);
        });
        const Flow delta = round <= 0.0 ? least_against : -least_along;
        Node emptied = no_node;
        walk([&](Node x, bool along) {
            link_[x].flow += along ? delta : -delta;
            if (link_[x].flow == 0) emptied = x;
        });
        flow += delta;
        if (flow == 0) return;
        // The subtree below the emptied arc holds one end of e; this end becomes its top and hangs
        // on the other by e.
        bool holds_i = false;
        for (Node x = i; x != meeting; x = link_[x].parent) holds_i |= x == emptied;
        link_[emptied] = Link{};
        hang(holds_i ? i : j, holds_i ? j : i, e, flow);
    }

    const Network& network_;
    std::vector<Link> link_;
    std::vector<std::int64_t> mark_;
    DisjointSets trees_;
    std::int64_t stamp_ = 1;
};

using Forest = ForestOf<Mass>;

}  // namespace sparse_ot
