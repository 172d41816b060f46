// The primal network simplex for transportation problems.
//
// Problem. min sum cost * flow over the arcs, flow >= 0, every source sends its supply, every
// target receives its demand. There are no capacities, so a non-basic arc carries nothing and the
// whole plan is on the spanning tree.
//
// Loop. Find an entering arc with negative reduced cost; send as much flow as possible round the
// cycle it closes with the tree; the arc that is emptied leaves; update tree and potentials. Repeat
// until no arc can enter. The potentials are then dual feasible, the plan is primal feasible, and
// complementary slackness holds on the tree arcs: the plan is optimal.
//
// There is no big M. The first basis is a feasible plan (simplex/forest.hpp; solve/instance.hpp
// makes the plan), whose components hang on the root by artificial arcs that all point at the root.
// No arc leaves the root, so these arcs can never carry flow: they need no cost, and no large cost
// enters the potentials.
//
// Wide costs. Before optimality is declared, every arc is priced once in double-double
// (simplex/exact_pricing.hpp): an arc whose reduced cost is visible relative to the mean cost of
// the plan still enters.
//
// Termination. Integer flows and a strongly feasible tree (Cunningham 1976) exclude cycling.
// Potentials are recomputed from the tree before optimality is declared. A recomputation that finds
// new entering arcs is usually right; after 32 of them the tolerance of pricing doubles each time,
// so that rounding cannot prolong the loop for ever.
//
// Nodes are renumbered into preorder every few thousand pivots (simplex/node_order.hpp).
//
// References: Dantzig 1951; Ahuja, Magnanti, Orlin 1993, Network Flows, chapter 11;
// Bonneel et al. 2011, ACM TOG 30(6), for its use in optimal transport.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/exact_pricing.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/simplex/node_order.hpp"
#include "sparse_ot/simplex/pivot_rules.hpp"
#include "sparse_ot/simplex/spanning_tree.hpp"

namespace sparse_ot {

struct SimplexStats {
    std::int64_t pivots = 0;
    std::int64_t degenerate_pivots = 0;
    std::int64_t renumberings = 0;
};

template <PivotRule Rule>
class NetworkSimplex {
public:
    // Takes over the arcs of `network`: their ends are renumbered along with the nodes.
    NetworkSimplex(Network& network, std::span<const Forest::Link> forest, const Duals& duals)
        : network_(network),
          pricing_(network.n_arcs()),
          order_(network.n_nodes()),
          foreign_duals_(duals.foreign) {
        build_tree(forest, duals);
        recompute_potentials();
    }

    Status run(std::int64_t max_pivots) {
        for (std::int64_t k = 0; k < max_pivots;) {
            Arc entering = pricing_.find(network_, potential_, slack_);
            if (entering == no_arc && !potentials_are_fresh_) {
                recompute_potentials();
                if (++recomputations_ > patient_recomputations) slack_ *= 2.0;
                continue;
            }
            if (entering == no_arc) entering = find_what_rounding_hid(network_, tree_, potential_);
            if (entering == no_arc) return Status::optimal;
            pivot(entering);
            ++k;
            if (++since_renumbering_ >= pivots_between_renumberings()) renumber();
        }
        return Status::pivot_limit;
    }

    // Accepts the arcs that were appended to the network, in original node numbers, from
    // `first_new` on.
    void accept_new_arcs(Arc first_new) {
        for (Arc e = first_new; e < network_.n_arcs(); ++e) {
            network_.tail[e] = order_.of(network_.tail[e]);
            network_.head[e] = order_.of(network_.head[e]);
        }
        pricing_ = Rule(network_.n_arcs(), first_new);
        recomputations_ = 0;
    }

    // Drops the arcs of the caller's list that `keep` does not mark. The basic arcs are marked here
    // as well, so that tree, flow and potentials stay the same. Returns the new numbers of arcs, as
    // Network::retain.
    std::vector<Arc> retain(std::span<std::uint8_t> keep) {
        for_each_basic_arc([&](Arc e, Mass) { keep[network_.given_index(e)] = 1; });
        std::vector<Arc> renamed = network_.retain(keep);
        for (Arc& e : tree_.pred)
            if (e != no_arc) e = renamed[e];
        pricing_ = Rule(network_.n_arcs());
        return renamed;
    }

    // Marks the arcs of least reduced cost in the caller's list, fewer than there are.
    [[nodiscard]] std::vector<std::uint8_t> least_reduced(Arc most) const {
        std::vector<Arc> order(network_.n_arcs());
        std::iota(order.begin(), order.end(), Arc{0});
        const auto before = [&](Arc e, Arc f) {
            const Cost of_e = reduced_cost(network_, potential_.data(), e);
            const Cost of_f = reduced_cost(network_, potential_.data(), f);
            return of_e < of_f || (of_e == of_f && e < f);
        };
        std::nth_element(order.begin(), order.begin() + most, order.end(), before);
        std::vector<std::uint8_t> keep(network_.n_given, 0);
        for (Arc k = 0; k < most; ++k) keep[network_.given_index(order[k])] = 1;
        return keep;
    }

    // The factor by which the tolerance of pricing has grown; 1 unless recomputations were many.
    [[nodiscard]] double slack() const { return slack_; }

    [[nodiscard]] const SimplexStats& stats() const { return stats_; }
    [[nodiscard]] Cost potential(Node original) const { return potential_[order_.of(original)]; }

    // Calls visit(arc, flow) for every basic arc of the network.
    template <class Visit>
    void for_each_basic_arc(Visit&& visit) const {
        for (Node x = 0; x < tree_.root; ++x)
            if (tree_.pred[x] != no_arc) visit(tree_.pred[x], tree_.node[x].flow);
    }

    // Writes ends and costs of all arcs as the caller gave them, in the caller's order.
    template <class Index>
    void write_arcs(std::span<Index> rows, std::span<Index> cols, std::span<Cost> costs) const {
        const std::vector<Node> original = order_.originals();
        for (Arc e = 0; e < network_.n_arcs(); ++e) {
            const Arc k = network_.given_index(e);
            rows[k] = original[network_.tail[e]];
            cols[k] = original[network_.head[e]] - network_.n_sources;
            costs[k] = network_.cost[e];
        }
    }

    // By current node numbers, for simplex/check_invariants.hpp.
    [[nodiscard]] const SpanningTree& tree() const { return tree_; }
    [[nodiscard]] const std::vector<Cost>& potentials() const { return potential_; }
    [[nodiscard]] const Network& network() const { return network_; }
    [[nodiscard]] const NodeOrder& order() const { return order_; }

private:
    static constexpr int patient_recomputations = 32;
    static constexpr Mass unbounded = std::numeric_limits<Mass>::max();

    struct Leaving {
        Node join = no_node;  // where the climbs from both ends of the entering arc meet
        Node out = no_node;   // the node whose pred arc leaves
        Mass delta = unbounded;
        bool on_tail_side = false;
    };

    void pivot(Arc entering) {
        const Node tail = network_.tail[entering], head = network_.head[entering];
        const Leaving leaving = find_leaving_arc(tail, head);
        const Node join = leaving.join;
        if (leaving.delta > 0) push_flow(tail, head, join, leaving.delta);
        const Cost reduced = reduced_cost(network_, potential_.data(), entering);
        const Node in = leaving.on_tail_side ? tail : head;
        tree_.move_subtree(leaving.out, in, leaving.on_tail_side ? head : tail, join, entering,
                           leaving.on_tail_side, leaving.delta);
        // The moved subtree is shifted so that the entering arc becomes tight.
        update_potentials(in, leaving.on_tail_side ? -reduced : reduced);
        potentials_are_fresh_ = false;
        ++stats_.pivots;
        stats_.degenerate_pivots += leaving.delta == 0;
    }

    // Flow runs from the join down to the tail, over the entering arc, and from the head up to the
    // join. Arcs walked against their direction lose flow; one that is emptied leaves. Ties go to
    // the last blocking arc met on this way round, which keeps the tree strongly feasible
    // (Cunningham 1976). The comparison is therefore `<` on the tail side (climbed in reverse) and
    // `<=` on the head side, and between the sides ties go to the head side.
    [[nodiscard]] Leaving find_leaving_arc(Node tail, Node head) const {
        const TreeNode* node = tree_.node.data();
        Node out_tail = no_node, out_head = no_node;
        Mass delta_tail = unbounded, delta_head = unbounded;
        while (tail != head) {  // climb from the smaller subtree: its top is not the join
            const TreeNode x = node[tail], y = node[head];
            if (x.succ_num <= y.succ_num) {
                if (x.up && x.flow < delta_tail) {
                    delta_tail = x.flow;
                    out_tail = tail;
                }
                tail = x.parent;
            }
            if (y.succ_num <= x.succ_num) {
                if (!y.up && y.flow <= delta_head) {
                    delta_head = y.flow;
                    out_head = head;
                }
                head = y.parent;
            }
        }
        const bool on_tail_side = delta_tail < delta_head;
        return {tail, on_tail_side ? out_tail : out_head, std::min(delta_tail, delta_head),
                on_tail_side};
    }

    static void change_flow(TreeNode& node, Mass by) { node.set_flow(node.flow + by); }

    void push_flow(Node tail, Node head, Node join, Mass delta) {
        for (Node x = tail; x != join; x = tree_.node[x].parent)
            change_flow(tree_.node[x], tree_.node[x].up ? -delta : delta);
        for (Node x = head; x != join; x = tree_.node[x].parent)
            change_flow(tree_.node[x], tree_.node[x].up ? delta : -delta);
    }

    // Potentials matter only up to a constant, so the smaller of the subtree and the rest moves.
    void update_potentials(Node top, Cost shift) {
        const Node last = tree_.last_succ[top];
        const Node moved = tree_.node[top].succ_num;
        if (2 * moved <= tree_.size())
            shift_along_thread(top, moved, shift);
        else
            shift_along_thread(tree_.thread[last], tree_.size() - moved, -shift);
    }

    // After a renumbering the successor of x is mostly x + 1. Where this holds for the next four
    // nodes, they take one vector addition; elsewhere the thread is followed link by link.
    void shift_along_thread(Node x, Node count, Cost shift) {
        const Node* thread = tree_.thread.data();
        Cost* potential = potential_.data();
        const Node last_four = tree_.size() - 4;
        while (count > 0) {
            if (count >= 4 && x <= last_four) {
                const Node* next = thread + x;
                const Node breaks = (next[0] ^ (x + 1)) | (next[1] ^ (x + 2)) |
                                    (next[2] ^ (x + 3)) | (next[3] ^ (x + 4));
                if (breaks == 0) {
                    for (int k = 0; k < 4; ++k) potential[x + k] += shift;
                    x += 4;
                    count -= 4;
                    continue;
                }
            }
            potential[x] += shift;
            x = thread[x];
            --count;
        }
    }

    // Also resets the constant that all potentials share: it drifts when the rest of the tree is
    // shifted in place of a subtree, and a large constant costs the last digits of the differences
    // that matter. Normally the root goes back to 0, because our own duals are as small as the
    // costs near them. Foreign potentials may be anywhere; once all nodes are in one tree, the top
    // of that tree goes to 0 instead.
    void recompute_potentials() {
        const Node top = tree_.thread[tree_.root];
        const bool one_tree = foreign_duals_ && tree_.node[top].succ_num + 1 == tree_.size();
        const Cost wandered = potential_[one_tree ? top : tree_.root];
        potential_[tree_.root] -= wandered;
        for (Node x = tree_.thread[tree_.root]; x != tree_.root; x = tree_.thread[x]) {
            if (tree_.pred[x] == no_arc) {  // artificial: tight at any potential
                potential_[x] -= wandered;
                continue;
            }
            const TreeNode& t = tree_.node[x];
            const Cost cost = network_.cost[tree_.pred[x]];
            potential_[x] = potential_[t.parent] + (t.up ? -cost : cost);
        }
        potentials_are_fresh_ = true;
    }

    // A renumbering costs a pass over arcs and nodes; once per this many pivots it takes a few
    // percent of the time.
    [[nodiscard]] std::int64_t pivots_between_renumberings() const {
        return 1000 + network_.n_arcs() / 500;
    }

    void renumber() {
        std::vector<Node> preorder;
        preorder.reserve(tree_.size());
        for (Node x = tree_.thread[tree_.root]; x != tree_.root; x = tree_.thread[x])
            preorder.push_back(x);
        order_.renumber(preorder, tree_, potential_, network_);
        recompute_potentials();  // cheap relative to the renumbering; stops drift
        ++stats_.renumberings;
        since_renumbering_ = 0;
    }

    void build_tree(std::span<const Forest::Link> forest, const Duals& duals) {
        const Node count = network_.n_nodes();
        tree_.reset(count);
        potential_.assign(count + 1, 0.0);
        for (Node x = 0; x < count; ++x) {
            const bool is_source = x < network_.n_sources;
            potential_[x] = is_source ? -duals.u[x] : duals.v[x - network_.n_sources];
            TreeNode& t = tree_.node[x];
            t.parent = forest[x].parent == no_node ? tree_.root : forest[x].parent;
            t.set_flow(forest[x].flow);
            t.up = forest[x].pred == no_arc || is_source;
            tree_.pred[x] = forest[x].pred;
        }
        const std::vector<Node> preorder = tree_.preorder();
        tree_.thread_in_order(preorder);
        order_.renumber(std::span<const Node>(preorder).subspan(1), tree_, potential_, network_);
    }

    Network& network_;
    Rule pricing_;
    SpanningTree tree_;
    std::vector<Cost> potential_;  // by current node number, the root last
    NodeOrder order_;
    bool foreign_duals_ = false;
    bool potentials_are_fresh_ = false;
    double slack_ = 1.0;
    int recomputations_ = 0;
    std::int64_t since_renumbering_ = 0;
    SimplexStats stats_;
};

// The instance that the library uses.
using Simplex = NetworkSimplex<BlockSearch>;

}  // namespace sparse_ot
