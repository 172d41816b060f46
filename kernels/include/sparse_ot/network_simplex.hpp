// The primal network simplex for transportation problems.
//
// Problem. min sum cost * flow over the arcs, flow >= 0, every source sends its supply, every
// target receives its demand. There are no capacities, so a non-basic arc carries nothing and
// the whole plan lives on the spanning tree.
//
// Loop. Find an entering arc with negative reduced cost; send flow round the cycle it closes with
// the tree, as much as the cycle bears; the arc that is emptied leaves; repair tree and
// potentials. Repeat until no arc can enter: then the potentials are dual feasible, the plan is
// primal feasible, and the two meet on the tree arcs. The plan is optimal.
//
// There is no big M. The first basis is a feasible plan (max_flow.hpp), and its components hang
// on the root by artificial arcs that all point at the root. Nothing leaves the root, so nothing
// can ever flow on them: they need no cost, and no potential is polluted by one.
//
// Termination. Integer flows and a strongly feasible tree (Cunningham 1976) exclude cycling.
// Potentials are recomputed from the tree before optimality is declared, and the tolerance of
// pricing doubles after each recomputation that found new work, so that rounding cannot keep it
// busy for ever.
//
// Nodes are renumbered into preorder every few thousand pivots: a subtree becomes a contiguous
// range and the update of its potentials a pass over adjacent memory. Same pivots, less waiting.
//
// References: Dantzig 1951; Ahuja, Magnanti, Orlin 1993, Network Flows, chapter 11;
// Bonneel et al. 2011, ACM TOG 30(6), for its use in optimal transport.
#pragma once

#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/network.hpp"
#include "sparse_ot/pricing.hpp"
#include "sparse_ot/spanning_tree.hpp"
#include "sparse_ot/start.hpp"
#include "sparse_ot/types.hpp"

namespace sparse_ot {

struct SimplexStats {
    std::int64_t pivots = 0;
    std::int64_t degenerate_pivots = 0;
    std::int64_t potentials_updated = 0;
    std::int64_t renumberings = 0;
};

template <class Pricing = BlockSearch>
class NetworkSimplex {
public:
    // Takes the arcs over: their ends are renumbered along with the nodes.
    NetworkSimplex(Network& network, std::span<const Forest::Link> forest, const Duals& duals)
        : network_(network), pricing_(network.n_arcs()) {
        build_tree(forest, duals);
        recompute_potentials();
    }

    Status run(std::int64_t max_pivots) {
        for (std::int64_t k = 0; k < max_pivots;) {
            const Arc entering = pricing_.find(network_, potential_, slack_);
            if (entering == no_arc) {
                if (potentials_are_fresh_) return Status::optimal;
                recompute_potentials();
                slack_ *= 2.0;
                continue;
            }
            pivot(entering);
            ++k;
            if (++since_renumbering_ >= pivots_between_renumberings()) renumber();
        }
        return Status::pivot_limit;
    }

    // Arcs appended to the network since the last call, in original node numbers, join the pool.
    void accept_new_arcs(Arc first_new) {
        for (Arc e = first_new; e < network_.n_arcs(); ++e) {
            network_.tail[e] = position_[network_.tail[e]];
            network_.head[e] = position_[network_.head[e]];
        }
        pricing_ = Pricing(network_.n_arcs());
        slack_ = 1.0;
    }

    [[nodiscard]] const SimplexStats& stats() const { return stats_; }
    [[nodiscard]] Cost potential(Node original) const { return potential_[position_[original]]; }

    // Calls visit(arc, flow) for every basic arc of the network.
    template <class Visit>
    void for_each_basic_arc(Visit&& visit) const {
        for (Node x = 0; x < tree_.root; ++x)
            if (tree_.node[x].pred != no_arc) visit(tree_.node[x].pred, tree_.node[x].flow);
    }

    // Everything the essay promises, checked the slow way. For tests and debug builds.
    [[nodiscard]] bool check_invariants(std::span<const Mass> supply) const;

private:
    struct Leaving {
        Node out = no_node;  // the node whose pred arc leaves
        Mass delta = std::numeric_limits<Mass>::max();
        bool on_tail_side = false;
    };

    void pivot(Arc entering) {
        const Node tail = network_.tail[entering], head = network_.head[entering];
        const Node join = tree_.find_join(tail, head);
        const Leaving leaving = find_leaving_arc(tail, head, join);
        if (leaving.delta > 0) push_flow(tail, head, join, leaving.delta);
        const Cost reduced = reduced_cost(network_, potential_.data(), entering);
        const Node in = leaving.on_tail_side ? tail : head;
        tree_.move_subtree(leaving.out, in, leaving.on_tail_side ? head : tail, join, entering,
                           leaving.on_tail_side, leaving.delta);
        // The entering arc becomes tight: its end inside the moved subtree gives way.
        update_potentials(in, leaving.on_tail_side ? -reduced : reduced);
        potentials_are_fresh_ = false;
        ++stats_.pivots;
        stats_.degenerate_pivots += leaving.delta == 0;
    }

    // Flow runs from the join down to the tail, over the entering arc, and from the head up to the
    // join. Arcs walked against their direction lose flow; the emptied one leaves. Ties go to the
    // last blocking arc met on that way round, which keeps the tree strongly feasible (Cunningham
    // 1976): hence `<` on the tail side (climbed in reverse) and `<=` on the head side.
    [[nodiscard]] Leaving find_leaving_arc(Node tail, Node head, Node join) const {
        Leaving leaving;
        for (Node x = tail; x != join; x = tree_.node[x].parent)
            if (tree_.node[x].up && tree_.node[x].flow < leaving.delta)
                leaving = {x, tree_.node[x].flow, true};
        for (Node x = head; x != join; x = tree_.node[x].parent)
            if (!tree_.node[x].up && tree_.node[x].flow <= leaving.delta)
                leaving = {x, tree_.node[x].flow, false};
        return leaving;
    }

    void push_flow(Node tail, Node head, Node join, Mass delta) {
        for (Node x = tail; x != join; x = tree_.node[x].parent)
            tree_.node[x].flow += tree_.node[x].up ? -delta : delta;
        for (Node x = head; x != join; x = tree_.node[x].parent)
            tree_.node[x].flow += tree_.node[x].up ? delta : -delta;
    }

    // Potentials matter only up to a constant, so the smaller of the subtree and the rest moves.
    void update_potentials(Node top, Cost shift) {
        const Node last = tree_.node[top].last_succ;
        const Node moved = tree_.node[top].succ_num;
        if (2 * moved <= tree_.size()) {
            shift_along_thread(top, moved, shift);
            stats_.potentials_updated += moved;
        } else {
            shift_along_thread(tree_.node[last].thread, tree_.size() - moved, -shift);
            stats_.potentials_updated += tree_.size() - moved;
        }
    }

    void shift_along_thread(Node x, Node count, Cost shift) {
        const TreeNode* node = tree_.node.data();
        Cost* potential = potential_.data();
        for (; count > 0; --count) {
            potential[x] += shift;
            // After a renumbering the successor is mostly x + 1: a predicted branch lets the
            // processor run ahead, where a plain `x = thread[x]` makes it wait for each load.
            const Node next = node[x].thread;
            if (next == x + 1)
                ++x;
            else
                x = next;
        }
    }

    void recompute_potentials() {
        for (Node x = tree_.node[tree_.root].thread; x != tree_.root; x = tree_.node[x].thread) {
            const TreeNode& t = tree_.node[x];
            if (t.pred == no_arc) continue;  // an artificial arc costs what its potentials say
            const Cost cost = network_.cost[t.pred];
            potential_[x] = potential_[t.parent] + (t.up ? -cost : cost);
        }
        potentials_are_fresh_ = true;
    }

    // A renumbering costs a pass over arcs and nodes; spread over this many pivots it stays a
    // few percent of the time.
    [[nodiscard]] std::int64_t pivots_between_renumberings() const {
        return 2000 + network_.n_arcs() / 200;
    }

    void renumber() {
        std::vector<Node> preorder;
        preorder.reserve(tree_.size());
        for (Node x = tree_.node[tree_.root].thread; x != tree_.root; x = tree_.node[x].thread)
            preorder.push_back(x);
        renumber_as(preorder);
        ++stats_.renumberings;
        since_renumbering_ = 0;
    }

    // preorder[k] becomes node k; the root keeps the last number.
    void renumber_as(std::span<const Node> preorder) {
        const Node count = static_cast<Node>(preorder.size());
        std::vector<Node> renamed(count + 1);
        for (Node k = 0; k < count; ++k) renamed[preorder[k]] = k;
        renamed[tree_.root] = count;
        std::vector<TreeNode> node(count + 1);
        std::vector<Cost> potential(count + 1);
        for (Node x = 0; x <= count; ++x) {
            TreeNode t = tree_.node[x];
            if (t.parent != no_node) t.parent = renamed[t.parent];
            t.thread = renamed[t.thread];
            t.rev_thread = renamed[t.rev_thread];
            t.last_succ = renamed[t.last_succ];
            node[renamed[x]] = t;
            potential[renamed[x]] = potential_[x];
        }
        tree_.node.swap(node);
        potential_.swap(potential);
        for (Node& x : position_) x = renamed[x];
        for (Node& x : network_.tail) x = renamed[x];
        for (Node& x : network_.head) x = renamed[x];
    }

    void build_tree(std::span<const Forest::Link> forest, const Duals& duals) {
        const Node count = network_.n_nodes();
        tree_.reset(count);
        potential_.assign(count + 1, 0.0);
        position_.resize(count);
        std::iota(position_.begin(), position_.end(), Node{0});
        std::vector<Node> first_child(count + 1, no_node), sibling(count, no_node);
        for (Node x = count; x-- > 0;) {
            const bool is_source = x < network_.n_sources;
            potential_[x] = is_source ? -duals.u[x] : duals.v[x - network_.n_sources];
            TreeNode& t = tree_.node[x];
            t.parent = forest[x].parent == no_node ? tree_.root : forest[x].parent;
            t.pred = forest[x].pred;
            t.flow = forest[x].flow;
            t.up = t.pred == no_arc || is_source;
            sibling[x] = std::exchange(first_child[t.parent], x);
        }
        std::vector<Node> preorder{tree_.root}, open;
        preorder.reserve(count + 1);
        for (Node x = first_child[tree_.root];;) {
            while (x != no_node) {
                preorder.push_back(x);
                open.push_back(x);
                x = first_child[x];
            }
            if (open.empty()) break;
            x = sibling[open.back()];
            open.pop_back();
        }
        tree_.thread_in_order(preorder);
        renumber_as(std::span<const Node>(preorder).subspan(1));
    }

    Network& network_;
    Pricing pricing_;
    SpanningTree tree_;
    std::vector<Cost> potential_;  // by current node number, the root last
    std::vector<Node> position_;   // original node number -> current one
    bool potentials_are_fresh_ = false;
    double slack_ = 1.0;
    std::int64_t since_renumbering_ = 0;
    SimplexStats stats_;
};

template <class Pricing>
bool NetworkSimplex<Pricing>::check_invariants(std::span<const Mass> supply) const {
    const Node count = tree_.size();
    const auto& node = tree_.node;
    std::vector<Node> preorder;
    std::vector<Mass> balance(count, 0);
    for (Node x = tree_.root;;) {
        if (node[node[x].thread].rev_thread != x) return false;
        preorder.push_back(x);
        x = node[x].thread;
        if (x == tree_.root) break;
        if (static_cast<Node>(preorder.size()) > count) return false;
    }
    if (static_cast<Node>(preorder.size()) != count) return false;
    SpanningTree copy = tree_;
    std::vector<char> seen(count, 0);
    for (Node x : preorder) {
        if (x != tree_.root && !seen[node[x].parent]) return false;
        seen[x] = 1;
    }
    copy.thread_in_order(preorder);
    for (Node x = 0; x < count; ++x) {
        if (copy.node[x].succ_num != node[x].succ_num) return false;
        if (copy.node[x].last_succ != node[x].last_succ) return false;
        if (x == tree_.root) continue;
        const TreeNode& t = node[x];
        if (t.flow < 0 || (t.flow == 0 && !t.up)) return false;  // strongly feasible
        if (t.pred == no_arc) {
            if (t.flow != 0 || t.parent != tree_.root) return false;
            continue;
        }
        const Node tail = network_.tail[t.pred], head = network_.head[t.pred];
        if (t.up ? (tail != x || head != t.parent) : (head != x || tail != t.parent)) return false;
        balance[tail] += t.flow;
        balance[head] += t.flow;
        const Cost scale = 1.0 + std::abs(network_.cost[t.pred]) + std::abs(potential_[x]);
        if (std::abs(reduced_cost(network_, potential_.data(), t.pred)) > 1e-9 * scale) return false;
    }
    for (std::size_t x = 0; x < position_.size(); ++x)
        if (balance[position_[x]] != supply[x]) return false;
    return true;
}

}  // namespace sparse_ot
