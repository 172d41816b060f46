// The two textbook rules of pricing; simplex/block_search.hpp is a compromise between them.
//
// MostNegative looks at every arc and takes the most negative: fewest pivots, each O(arcs).
// FirstEligible scans cyclically and takes the first negative arc: cheapest to find, most pivots.
// Block search beats both (Kiraly and Kovacs 2012, section 5). They are here because the simplex
// must be correct under any rule, and the tests run it under these.
// References: Dantzig 1951; Ahuja, Magnanti, Orlin 1993, Network Flows, pp. 416-417.
#pragma once

#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class MostNegative {
public:
    explicit MostNegative(Arc /*n_arcs*/, Arc /*first*/ = 0) {}

    [[nodiscard]] Arc find(const Network& network, const std::vector<Cost>& potentials,
                           double slack) const {
        const Cost* potential = potentials.data();
        Arc entering = no_arc;
        Cost best = 0.0;
        for (Arc e = 0; e < network.n_arcs(); ++e) {
            const Cost reduced = reduced_cost(network, potential, e);
            if (reduced >= best || !is_negative(reduced, network, potential, e, slack)) continue;
            best = reduced;
            entering = e;
        }
        return entering;
    }
};

class FirstEligible {
public:
    explicit FirstEligible(Arc /*n_arcs*/, Arc first = 0) : next_(first) {}

    [[nodiscard]] Arc find(const Network& network, const std::vector<Cost>& potentials,
                           double slack) {
        const Cost* potential = potentials.data();
        for (Arc seen = 0; seen < network.n_arcs(); ++seen) {
            if (next_ >= network.n_arcs()) next_ = 0;
            const Arc e = next_++;
            if (is_negative(reduced_cost(network, potential, e), network, potential, e, slack))
                return e;
        }
        return no_arc;
    }

private:
    Arc next_;
};

}  // namespace sparse_ot
