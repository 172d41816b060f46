// The basis: a rooted spanning tree over all nodes, in preorder threads.
//
// Every node but the root hangs on its parent by its `pred` arc, which carries `flow`. `up` says
// that this arc points from the node to its parent. A component of the plan hangs on the root by
// an artificial arc (pred = no_arc): it points up, carries nothing, and never can, because
// nothing leaves the root.
//
// `thread` lists the nodes in preorder, cyclically, the subtree of x being the succ_num[x] nodes
// from x to last_succ[x]. A pivot cuts a subtree T2 off, turns it round so that another node is
// its top, and hangs it elsewhere: a splice of the thread along the stem (the path that is turned
// round), and size corrections up to the join. Cost O(stem + depth), the potentials apart.
//
// Invariant, kept strongly feasible (Cunningham 1976, Math. Programming 11, 105-116): every arc
// that carries nothing points up. References: Ahuja, Magnanti, Orlin 1993, Network Flows,
// pp. 409-421 (tree indices), pp. 421-425 (strong feasibility).
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/types.hpp"

namespace sparse_ot {

struct TreeNode {  // 40 bytes: one cache line for each step of a climb
    Node parent = no_node;
    Node thread = no_node;
    Node rev_thread = no_node;
    Node last_succ = no_node;
    Node succ_num = 1;
    bool up = true;
    Arc pred = no_arc;
    Mass flow = 0;
};

class SpanningTree {
public:
    std::vector<TreeNode> node;
    Node root = 0;

    [[nodiscard]] Node size() const { return static_cast<Node>(node.size()); }

    // All nodes hang on the root by artificial arcs; forest arcs are attached by `build`.
    void reset(Node n_nodes) {
        node.assign(n_nodes + 1, TreeNode{});
        root = n_nodes;
    }

    // Derives thread, sizes and last successors from parents, given nodes in preorder.
    void thread_in_order(std::span<const Node> preorder) {
        const auto count = preorder.size();
        for (std::size_t k = 0; k < count; ++k) {
            const Node x = preorder[k], next = preorder[k + 1 < count ? k + 1 : 0];
            node[x].thread = next;
            node[next].rev_thread = x;
            node[x].succ_num = 1;
            node[x].last_succ = x;
        }
        for (std::size_t k = count; k-- > 1;) {
            const TreeNode& x = node[preorder[k]];
            TreeNode& parent = node[x.parent];
            if (parent.last_succ == x.parent) parent.last_succ = x.last_succ;
            parent.succ_num += x.succ_num;
        }
    }

    [[nodiscard]] Node find_join(Node x, Node y) const {
        while (x != y) {
            if (node[x].succ_num < node[y].succ_num)
                x = node[x].parent;
            else if (node[y].succ_num < node[x].succ_num)
                y = node[y].parent;
            else {
                x = node[x].parent;
                y = node[y].parent;
            }
        }
        return x;
    }

    // Cuts the subtree of `out` off, makes `in` its top and hangs it on `target` by `arc`.
    // `join` is where the climbs from `out` and from `target` meet.
    void move_subtree(Node out, Node in, Node target, Node join, Arc arc, bool up, Mass flow) {
        const Node moved = node[out].succ_num;
        detach(out, join, moved);
        const Node end = turn_round(out, in);
        TreeNode& top = node[in];
        top.parent = target;
        top.pred = arc;
        top.up = up;
        top.flow = flow;
        top.succ_num = moved;
        attach(in, end, target, join, moved);
    }

private:
    void link(Node x, Node y) {
        node[x].thread = y;
        node[y].rev_thread = x;
    }

    void detach(Node out, Node join, Node moved) {
        const Node last = node[out].last_succ;
        const Node before = node[out].rev_thread;
        link(before, node[last].thread);
        Node x = node[out].parent;
        for (; x != join; x = node[x].parent) {
            node[x].succ_num -= moved;
            if (node[x].last_succ == last) node[x].last_succ = before;
        }
        for (; x != no_node && node[x].last_succ == last; x = node[x].parent)
            node[x].last_succ = before;
    }

    // Turns the path in .. out round. The new preorder is the old subtree of `in`, then for each
    // next stem node what its subtree holds beyond the previous one (a prefix that starts with
    // the stem node itself, and a suffix). Every stem node is the last child of the one before,
    // so all their subtrees end where the whole list ends. Returns that end.
    Node turn_round(Node out, Node in) {
        const Node total = node[out].succ_num;
        Node below = in;  // the last stem node done, and what its links were before
        Node below_before = node[in].rev_thread;
        Node below_last = node[in].last_succ;
        Node below_after = node[below_last].thread;
        Node below_size = node[in].succ_num;
        Arc pred = node[in].pred;
        Mass flow = node[in].flow;
        bool up = node[in].up;
        Node end = below_last;
        Node x = node[in].parent;
        for (bool done = in == out; !done;) {
            done = x == out;
            TreeNode& stem = node[x];
            const Node before = stem.rev_thread, last = stem.last_succ, size = stem.succ_num;
            const bool has_suffix = last != below_last;
            const Node after = has_suffix ? node[last].thread : below_after;
            link(end, x);
            end = below_before;
            if (has_suffix) {
                link(end, below_after);
                end = last;
            }
            std::swap(stem.pred, pred);
            std::swap(stem.flow, flow);
            const bool stem_up = std::exchange(stem.up, !up);  // the same arc from its other end
            up = stem_up;
            stem.succ_num = total - below_size;
            const Node next = std::exchange(stem.parent, below);
            below = x;
            below_before = before;
            below_last = last;
            below_after = after;
            below_size = size;
            x = next;
        }
        for (Node y = out; y != in; y = node[y].parent) node[y].last_succ = end;
        node[in].last_succ = end;
        return end;
    }

    void attach(Node in, Node end, Node target, Node join, Node moved) {
        const Node old_last = node[target].last_succ;
        link(end, node[target].thread);
        link(target, in);
        const bool was_leaf = old_last == target;
        Node x = target;
        for (; x != join; x = node[x].parent) {
            node[x].succ_num += moved;
            if (was_leaf && node[x].last_succ == target) node[x].last_succ = end;
        }
        if (was_leaf)
            for (; x != no_node && node[x].last_succ == target; x = node[x].parent)
                node[x].last_succ = end;
    }
};

}  // namespace sparse_ot
