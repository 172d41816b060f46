// The basis: a rooted spanning tree over all nodes, stored as a preorder thread.
//
// Every node except the root hangs on its parent by its `pred` arc, which carries `flow`. `up` says
// that this arc points from the node to its parent. A component of the plan hangs on the root by an
// artificial arc (pred = no_arc). This arc points up and can never carry anything, because no arc
// leaves the root.
//
// `thread` lists the nodes in preorder, cyclically; the subtree of x consists of the
// node[x].succ_num nodes from x to last_succ[x]. A pivot cuts off a subtree T2, turns it round so
// that another node is its top, and hangs it elsewhere. This splices the thread along the stem (the
// path that is turned round) and corrects sizes up to the join. Cost O(stem + depth), without the
// potentials.
//
// Invariant: the tree is strongly feasible (Cunningham 1976, Math. Programming 11, 105-116), that
// is, every arc that carries nothing points up. The simplex keeps it by its choice of the leaving
// arc.
// References: Ahuja, Magnanti, Orlin 1993, Network Flows, pp. 409-421 (tree indices), pp. 421-425
// (strong feasibility).
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// The data read by a climb, which is half the time of a pivot: four nodes per cache line. The flow
// leaves a bit for the direction, since masses stay below 2^62.
struct TreeNode {
    Node parent = no_node;
    Node succ_num = 1;
    std::int64_t flow : 63 = 0;
    std::uint64_t up : 1 = 1;

    TreeNode() = default;
    TreeNode(Node above, Node size, Mass mass, bool points_up)
        : parent(above), succ_num(size), up(points_up) {
        set_flow(mass);
    }

    // A mass fits 63 bits (base/masses.hpp), which the compiler cannot know.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
    void set_flow(Mass mass) { flow = mass; }
#pragma GCC diagnostic pop
};
static_assert(sizeof(TreeNode) == 16);

class SpanningTree {
public:
    std::vector<TreeNode> node;
    std::vector<Node> thread;
    std::vector<Node> rev_thread;
    std::vector<Node> last_succ;
    std::vector<Arc> pred;
    Node root = 0;

    [[nodiscard]] Node size() const { return static_cast<Node>(node.size()); }

    // All nodes hang on the root by artificial arcs.
    void reset(Node n_nodes) {
        root = n_nodes;
        const auto count = static_cast<std::size_t>(n_nodes) + 1;
        node.assign(count, TreeNode{});
        for (auto* links : {&thread, &rev_thread, &last_succ}) links->assign(count, no_node);
        pred.assign(count, no_arc);
    }

    // The nodes in preorder, from their parents alone; children come by increasing number.
    [[nodiscard]] std::vector<Node> preorder() const {
        const Node count = size();
        std::vector<Node> first_child(count, no_node), sibling(count, no_node);
        for (Node x = count; x-- > 0;)
            if (x != root) sibling[x] = std::exchange(first_child[node[x].parent], x);
        std::vector<Node> order{root}, open;
        order.reserve(count);
        for (Node x = first_child[root];;) {
            while (x != no_node) {
                order.push_back(x);
                open.push_back(x);
                x = first_child[x];
            }
            if (open.empty()) return order;
            x = sibling[open.back()];
            open.pop_back();
        }
    }

    // Derives thread, sizes and last successors from parents, given nodes in preorder.
    void thread_in_order(std::span<const Node> preorder) {
        const auto count = preorder.size();
        for (std::size_t k = 0; k < count; ++k) {
            const Node x = preorder[k], next = preorder[k + 1 < count ? k + 1 : 0];
            thread[x] = next;
            rev_thread[next] = x;
            node[x].succ_num = 1;
            last_succ[x] = x;
        }
        for (std::size_t k = count; k-- > 1;) {
            const Node x = preorder[k], parent = node[x].parent;
            if (last_succ[parent] == parent) last_succ[parent] = last_succ[x];
            node[parent].succ_num += node[x].succ_num;
        }
    }

    // Cuts off the subtree of `out`, makes `in` its top and hangs it on `target` by `arc`, which
    // points up if `up` and carries `flow`. `join` is where the climbs from `out` and from `target`
    // meet.
    void move_subtree(Node out, Node in, Node target, Node join, Arc arc, bool up, Mass flow) {
        const Node moved = node[out].succ_num;
        detach(out, join, moved);
        const Node end = turn_round(out, in);
        node[in] = {target, moved, flow, up};
        pred[in] = arc;
        attach(in, end, target, join, moved);
    }

private:
    void link(Node x, Node y) {
        thread[x] = y;
        rev_thread[y] = x;
    }

    void detach(Node out, Node join, Node moved) {
        const Node last = last_succ[out];
        const Node before = rev_thread[out];
        link(before, thread[last]);
        for (Node x = node[out].parent; x != no_node && last_succ[x] == last; x = node[x].parent)
            last_succ[x] = before;
        for (Node x = node[out].parent; x != join; x = node[x].parent) node[x].succ_num -= moved;
    }

    // Turns round the path from `in` to `out`. The new preorder is the old subtree of `in`, then
    // for each next stem node the nodes of its subtree that are not in the previous one's (a prefix
    // that starts with the stem node itself, and a suffix). Every stem node is the last child of
    // the previous one, so all their subtrees end where the whole list ends. Returns that end.
    Node turn_round(Node out, Node in) {
        const Node total = node[out].succ_num;
        Node below = in;  // the last stem node done, and what its links were before
        Node below_before = rev_thread[in];
        Node below_last = last_succ[in];
        Node below_after = thread[below_last];
        Node below_size = node[in].succ_num;
        Arc moving_pred = pred[in];  // each pred arc moves to the node above
        Mass moving_flow = node[in].flow;
        bool moving_up = node[in].up;
        Node end = below_last;
        Node x = node[in].parent;
        for (bool done = in == out; !done;) {
            done = x == out;
            TreeNode& stem = node[x];
            const Node before = rev_thread[x], last = last_succ[x], size = stem.succ_num;
            const bool has_suffix = last != below_last;
            const Node after = has_suffix ? thread[last] : below_after;
            link(end, x);
            end = below_before;
            if (has_suffix) {
                link(end, below_after);
                end = last;
            }
            const TreeNode old = stem;
            stem = {below, total - below_size, moving_flow, !moving_up};  // seen from its other end
            moving_flow = old.flow;
            moving_up = old.up;
            std::swap(pred[x], moving_pred);
            const Node next = old.parent;
            below = x;
            below_before = before;
            below_last = last;
            below_after = after;
            below_size = size;
            x = next;
        }
        for (Node y = out; y != in; y = node[y].parent) last_succ[y] = end;
        last_succ[in] = end;
        return end;
    }

    void attach(Node in, Node end, Node target, Node join, Node moved) {
        const Node old_last = last_succ[target];
        link(end, thread[target]);
        link(target, in);
        if (old_last == target)  // a leaf until now
            for (Node x = target; x != no_node && last_succ[x] == target; x = node[x].parent)
                last_succ[x] = end;
        for (Node x = target; x != join; x = node[x].parent) node[x].succ_num += moved;
    }
};

}  // namespace sparse_ot
