// Checks all invariants of the simplex the slow way. For tests.
//
// The thread is a preorder of one tree, and sizes and last successors agree with it. Flows are
// feasible, and every empty arc points up (strong feasibility). Artificial arcs carry nothing and
// hang on the root. Arcs of the tree are tight. O(nodes + arcs).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/network_simplex.hpp"
#include "sparse_ot/simplex/spanning_tree.hpp"

namespace sparse_ot {

namespace detail {

// The thread from the root on; empty if it is not a cycle through all nodes.
inline std::vector<Node> preorder_of(const SpanningTree& tree) {
    std::vector<Node> preorder;
    for (Node x = tree.root;;) {
        if (tree.rev_thread[tree.thread[x]] != x) return {};
        preorder.push_back(x);
        x = tree.thread[x];
        if (x == tree.root) break;
        if (static_cast<Node>(preorder.size()) > tree.size()) return {};
    }
    if (static_cast<Node>(preorder.size()) != tree.size()) preorder.clear();
    return preorder;
}

inline bool indices_fit(const SpanningTree& tree, std::span<const Node> preorder) {
    std::vector<char> seen(tree.size(), 0);
    for (Node x : preorder) {
        if (x != tree.root && !seen[tree.node[x].parent]) return false;
        seen[x] = 1;
    }
    SpanningTree copy = tree;
    copy.thread_in_order(preorder);
    for (Node x = 0; x < tree.size(); ++x)
        if (copy.node[x].succ_num != tree.node[x].succ_num ||
            copy.last_succ[x] != tree.last_succ[x])
            return false;
    return true;
}

// The drift of potentials is judged relative to the largest of these numbers.
inline Cost largest_number(const Network& network, std::span<const Cost> potential) {
    Cost scale = std::numeric_limits<Cost>::min();
    for (Cost cost : network.cost) scale = std::max(scale, std::abs(cost));
    for (Cost x : potential) scale = std::max(scale, std::abs(x));
    return scale;
}

}  // namespace detail

// `supply`: the masses of all nodes, by their original numbers.
template <PivotRule Rule>
[[nodiscard]] bool check_invariants(const NetworkSimplex<Rule>& simplex,
                                    std::span<const Mass> supply) {
    const SpanningTree& tree = simplex.tree();
    const Network& network = simplex.network();
    const std::vector<Cost>& potential = simplex.potentials();
    const std::vector<Node> preorder = detail::preorder_of(tree);
    if (preorder.empty() || !detail::indices_fit(tree, preorder)) return false;
    const Cost scale = detail::largest_number(network, potential);
    std::vector<Mass> balance(tree.size(), 0);
    for (Node x = 0; x < tree.root; ++x) {
        const TreeNode& t = tree.node[x];
        if (t.flow < 0 || (t.flow == 0 && !t.up)) return false;  // strongly feasible
        const Arc e = tree.pred[x];
        if (e == no_arc) {
            if (t.flow != 0 || t.parent != tree.root) return false;
            continue;
        }
        const Node tail = network.tail[e], head = network.head[e];
        if (t.up ? (tail != x || head != t.parent) : (head != x || tail != t.parent)) return false;
        balance[tail] += t.flow;
        balance[head] += t.flow;
        if (std::abs(reduced_cost(network, potential.data(), e)) > 1e-9 * scale)
            return false;  // a tree arc must be tight
    }
    for (std::size_t x = 0; x < supply.size(); ++x)
        if (balance[simplex.order().of(static_cast<Node>(x))] != supply[x]) return false;
    return true;
}

}  // namespace sparse_ot
