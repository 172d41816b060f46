// Pricing in blocks: takes the most negative arc of the first block that has one.
//
// The arcs are scanned cyclically, one block at a time. This is a compromise between two textbook
// rules (simplex/textbook_rules.hpp), the first eligible arc and the most negative of all, and the
// best rule in practice (Kelly and O'Neill 1991; Kiraly and Kovacs 2012, Acta Univ. Sapientiae 4,
// 67-118, section 5). The sources should be well mixed along the list (starts/arc_order.hpp), so
// that a block is a fair sample of the graph.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class BlockSearch {
public:
    // block = sqrt(arcs) / 2: on the graphs of the benchmark suite, with arcs grouped by source, a
    // larger block costs more in scanning than it saves in pivots.
    explicit BlockSearch(Arc n_arcs, Arc first = 0)
        : block_(std::max<Arc>(32, static_cast<Arc>(0.5 * std::sqrt(static_cast<double>(n_arcs))))),
          next_(first) {}

    [[nodiscard]] Arc find(const Network& network, const std::vector<Cost>& potentials,
                           double slack) {
        const Arc n_arcs = network.n_arcs();
        const Cost* potential = potentials.data();
        for (Arc seen = 0; seen < n_arcs;) {
            if (next_ >= n_arcs) next_ = 0;
            const Arc end = std::min({next_ + block_, n_arcs, next_ + n_arcs - seen});
            Arc entering = no_arc;
            Cost best = 0.0;
            for (Arc e = next_; e < end; ++e) {
                const Cost reduced = reduced_cost(network, potential, e);
                if (reduced < best && is_negative(reduced, network, potential, e, slack)) {
                    best = reduced;
                    entering = e;
                }
            }
            seen += end - next_;
            next_ = end;
            if (entering != no_arc) return entering;
        }
        return no_arc;
    }

private:
    Arc block_;
    Arc next_;
};

}  // namespace sparse_ot
