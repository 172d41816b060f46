// A last pricing of all arcs, in twice the precision of a double.
//
// A tree path through a cost of 1e12 makes its potentials too coarse for costs of 1e-12. Before
// optimality is declared, potentials are therefore summed once in double-double, and every arc is
// priced with them; an arc whose reduced cost is visible relative to the mean cost of the plan
// still enters. O(nodes + arcs), usually once per solve.
#pragma once

#include <cmath>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/spanning_tree.hpp"

namespace sparse_ot {

// The arc of most negative reduced cost, if that would change the value of the plan visibly;
// otherwise no_arc.
[[nodiscard]] inline Arc find_what_rounding_hid(const Network& network, const SpanningTree& tree,
                                                const std::vector<Cost>& potential) {
    constexpr double visible_share = 1e-13;  // of the plan's mean cost
    std::vector<DoubleDouble> exact(potential.size());
    double carried = 0.0, mass = 0.0;
    exact[tree.root] = {potential[tree.root], 0.0};
    for (Node x = tree.thread[tree.root]; x != tree.root; x = tree.thread[x]) {
        const Arc e = tree.pred[x];
        const TreeNode& t = tree.node[x];
        exact[x] = e == no_arc ? DoubleDouble{potential[x], 0.0}
                               : exact[t.parent] + (t.up ? -network.cost[e] : network.cost[e]);
        if (e == no_arc || t.flow == 0) continue;
        carried += std::abs(network.cost[e]) * static_cast<double>(t.flow);
        mass += static_cast<double>(t.flow);
    }
    Arc entering = no_arc;
    Cost best = mass > 0.0 ? -visible_share * carried / mass : 0.0;
    for (Arc e = 0; e < network.n_arcs(); ++e) {
        const DoubleDouble between = exact[network.tail[e]] - exact[network.head[e]];
        const Cost reduced = (between + network.cost[e]).value();
        if (reduced >= best) continue;
        best = reduced;
        entering = e;
    }
    return entering;
}

}  // namespace sparse_ot
