// Groups of nodes that arcs join which carry so much that light mass cannot empty them.
//
// What is decided for light masses (solve/second_scale.hpp, solve/reroute.hpp) treats such a group
// as one node: mass passes through it either way at no cost, and its potentials move together.
#pragma once

#include <vector>

#include "sparse_ot/base/disjoint_sets.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/solve/forest_flow.hpp"

namespace sparse_ot {

struct HeavyGroups {
    std::vector<Node> of;                   // each node: the member that stands for its group
    std::vector<CarryingArc> heavy, light;  // arcs that carry more than `much`, and the others

    HeavyGroups(const ForestFlow& forest, Node n_nodes, double much) : of(n_nodes) {
        DisjointSets sets(n_nodes);
        for (const CarryingArc& e : forest.arcs()) {
            if (e.flow > much) sets.unite(e.tail, e.head);
            (e.flow > much ? heavy : light).push_back(e);
        }
        for (Node x = 0; x < n_nodes; ++x) of[x] = sets.find(x);
    }
};

}  // namespace sparse_ot
