// Renumbers the nodes into preorder, and maps the caller's numbers to current ones.
//
// The update of potentials walks subtrees. In preorder a subtree is a contiguous range, and the
// walk is a pass over adjacent memory. Pivots gradually destroy this order, so it is restored every
// few thousand pivots. The pivots are the same, with fewer cache misses. The caller continues to
// use the original numbers: `of` gives the current one. O(nodes + arcs) per renumbering.
#pragma once

#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/spanning_tree.hpp"

namespace sparse_ot {

class NodeOrder {
public:
    explicit NodeOrder(Node count) : position_(count) {
        std::iota(position_.begin(), position_.end(), Node{0});
    }

    [[nodiscard]] Node of(Node original) const { return position_[original]; }

    // Current number -> original one.
    [[nodiscard]] std::vector<Node> originals() const {
        std::vector<Node> original(position_.size());
        for (std::size_t x = 0; x < position_.size(); ++x)
            original[position_[x]] = static_cast<Node>(x);
        return original;
    }

    // Makes preorder[k] node k in the tree, the potentials and the ends of the arcs. The root keeps
    // the last number.
    void renumber(std::span<const Node> preorder, SpanningTree& tree, std::vector<Cost>& potential,
                  Network& network) {
        const Node count = static_cast<Node>(preorder.size());
        std::vector<Node> renamed(count + 1);
        for (Node k = 0; k < count; ++k) renamed[preorder[k]] = k;
        renamed[tree.root] = count;
        SpanningTree ordered;
        ordered.reset(count);
        std::vector<Cost> moved(count + 1);
        for (Node x = 0; x <= count; ++x) {
            const Node y = renamed[x];
            ordered.node[y] = tree.node[x];
            if (x != tree.root) ordered.node[y].parent = renamed[tree.node[x].parent];
            ordered.thread[y] = renamed[tree.thread[x]];
            ordered.rev_thread[y] = renamed[tree.rev_thread[x]];
            ordered.last_succ[y] = renamed[tree.last_succ[x]];
            ordered.pred[y] = tree.pred[x];
            moved[y] = potential[x];
        }
        std::swap(tree, ordered);
        potential.swap(moved);
        for (Node& x : position_) x = renamed[x];
        for (Node& x : network.tail) x = renamed[x];
        for (Node& x : network.head) x = renamed[x];
    }

private:
    std::vector<Node> position_;  // original node number -> current one
};

}  // namespace sparse_ot
