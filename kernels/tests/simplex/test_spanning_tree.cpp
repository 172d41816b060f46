// move_subtree, compared with the definition: a tree is its parents, and all else follows.
#include <algorithm>
#include <vector>

#include "sparse_ot/simplex/spanning_tree.hpp"
#include "support/check.hpp"

using namespace sparse_ot;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

struct Hook {  // how a node hangs on its parent
    Node parent;
    Arc pred;
    Mass flow;
    bool up;
};

// The naive model: a list of hooks, turned round node by node.
struct NaiveTree {
    std::vector<Hook> hook;

    [[nodiscard]] bool is_above(Node x, Node y) const {  // x on the path from y to the root
        for (; y != no_node; y = hook[y].parent)
            if (y == x) return true;
        return false;
    }
    [[nodiscard]] Node join(Node x, Node y) const {
        while (!is_above(x, y)) x = hook[x].parent;
        return x;
    }
    [[nodiscard]] Node count_below(Node x) const {
        Node count = 0;
        for (Node y = 0; y < static_cast<Node>(hook.size()); ++y) count += is_above(x, y);
        return count;
    }
    void move(Node out, Node in, Node target, Arc arc, bool up, Mass flow) {
        Hook carried{target, arc, flow, up};
        for (Node x = in;;) {
            const Hook old = std::exchange(hook[x], carried);
            if (x == out) return;
            carried = {x, old.pred, old.flow, !old.up};
            x = old.parent;
        }
    }
};

struct Trees {
    SpanningTree fast;
    NaiveTree naive;
};

// chain = 0: attach anywhere; chain = 1: always below the last node (a path).
Trees random_trees(Node n_nodes, double chain, Random& random) {
    Trees t;
    t.fast.reset(n_nodes);
    t.naive.hook.assign(n_nodes + 1, {no_node, no_arc, 0, true});
    std::vector<Node> names(n_nodes);
    for (Node x = 0; x < n_nodes; ++x) names[x] = x;
    for (Node x = n_nodes; x-- > 1;) std::swap(names[x], names[random.below(x + 1)]);
    std::vector<std::vector<Node>> children(n_nodes + 1);
    for (Node k = 0; k < n_nodes; ++k) {
        const Node x = names[k];
        Node parent = n_nodes;
        if (k > 0 && random.chance(chain))
            parent = names[k - 1];
        else if (const auto pick = random.below(k + 1); pick < k)
            parent = names[pick];
        const bool up = parent == n_nodes || random.chance(0.5);
        const Hook hook{parent, parent == n_nodes ? no_arc : random.below(1000), random.below(5),
                        up};
        t.naive.hook[x] = hook;
        TreeNode& node = t.fast.node[x];
        node.parent = hook.parent;
        t.fast.pred[x] = hook.pred;
        node.flow = hook.flow;
        node.up = hook.up;
        children[parent].push_back(x);
    }
    std::vector<Node> preorder, open{n_nodes};
    while (!open.empty()) {
        const Node x = open.back();
        open.pop_back();
        preorder.push_back(x);
        open.insert(open.end(), children[x].begin(), children[x].end());
    }
    t.fast.thread_in_order(preorder);
    return t;
}

bool agree(const Trees& t) {
    const auto& node = t.fast.node;
    const auto& thread = t.fast.thread;
    const auto& rev_thread = t.fast.rev_thread;
    const auto& last_succ = t.fast.last_succ;
    const auto& pred = t.fast.pred;
    const auto& hook = t.naive.hook;
    for (Node x = 0; x < t.fast.size(); ++x) {
        if (!check(node[x].parent == hook[x].parent, "the parent of the model")) return false;
        if (!check(
                pred[x] == hook[x].pred && node[x].flow == hook[x].flow && node[x].up == hook[x].up,
                "the arc of the model"))
            return false;
        if (!check(rev_thread[thread[x]] == x, "thread and rev_thread to be inverse")) return false;
        const Node size = t.naive.count_below(x);
        if (!check(node[x].succ_num == size, "the subtree's size")) return false;
        // The subtree of x is the next `size` nodes of the thread, and last_succ ends it.
        Node y = x;
        for (Node k = 0; k < size; ++k, y = thread[y]) {
            if (!check(t.naive.is_above(x, y), "a subtree to be contiguous in preorder"))
                return false;
            if (k == size - 1 && !check(last_succ[x] == y, "last_succ to end the subtree"))
                return false;
        }
    }
    return true;
}

void move_at_random(Trees& t, Random& random) {
    const Node root = t.fast.root;
    const Node out = static_cast<Node>(random.below(root));  // any node but the root
    std::vector<Node> inside, outside;
    for (Node x = 0; x <= root; ++x) (t.naive.is_above(out, x) ? inside : outside).push_back(x);
    const Node in = inside[random.below(static_cast<std::int64_t>(inside.size()))];
    const Node target = outside[random.below(static_cast<std::int64_t>(outside.size()))];
    const Node join = t.naive.join(out, target);
    const Arc arc = random.below(1000);
    const bool up = random.chance(0.5);
    const Mass flow = random.below(5);
    t.fast.move_subtree(out, in, target, join, arc, up, flow);
    t.naive.move(out, in, target, arc, up, flow);
}

const Claim moves("a moved subtree leaves the tree a naive model has", [] {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n_nodes = static_cast<Node>(random.between(1, 24));
        Trees t = random_trees(n_nodes, random.unit(), random);
        if (!agree(t)) return;
        for (int k = 0; k < 40; ++k) {
            move_at_random(t, random);
            if (!agree(t)) return;
        }
    }
});

const Claim star("hung on the root by artificial arcs, all nodes are leaves", [] {
    SpanningTree tree;
    tree.reset(3);
    std::vector<Node> preorder{3, 0, 1, 2};
    for (Node x = 0; x < 3; ++x) tree.node[x].parent = 3;
    tree.thread_in_order(preorder);
    check(tree.node[3].succ_num == 4 && tree.last_succ[3] == 2, "the root above all");
    for (Node x = 0; x < 3; ++x)
        check(tree.node[x].succ_num == 1 && tree.last_succ[x] == x && tree.node[x].up &&
                  tree.pred[x] == no_arc,
              "a leaf on an artificial arc that points up");
});

}  // namespace

int main() { return test::run(); }
