// Disjoint sets of nodes: which tree, or which part of a graph, a node belongs to.
//
// Every set has a representative. `find` halves the paths it follows. If the smaller set always
// joins the larger one (`unite` sees to it, callers of `join` know both sizes), a find takes
// logarithmic time, in practice a step or two.
// Reference: Tarjan and van Leeuwen 1984, J. ACM 31(2), 245-281.
#pragma once

#include <numeric>
#include <vector>

#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class DisjointSets {
public:
    explicit DisjointSets(Node count) : parent_(count), size_(count, 1) {
        std::iota(parent_.begin(), parent_.end(), Node{0});
    }

    [[nodiscard]] Node find(Node x) {
        while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
        return x;
    }

    // The size of the set with this representative.
    [[nodiscard]] Node size(Node representative) const { return size_[representative]; }

    // Joins two different sets, given by their representatives; `larger` represents both.
    void join(Node smaller, Node larger) {
        parent_[smaller] = larger;
        size_[larger] += size_[smaller];
    }

    // Joins the sets of two nodes unless they are in one set.
    void unite(Node x, Node y) {
        x = find(x);
        y = find(y);
        if (x == y) return;
        if (size_[x] > size_[y])
            join(y, x);
        else
            join(x, y);
    }

private:
    std::vector<Node> parent_;
    std::vector<Node> size_;
};

}  // namespace sparse_ot
