// Pricing: which arc enters the basis. What a rule is, and the rules there are.
//
// A rule is made for a number of arcs and a place in their list to begin at (where new arcs were
// appended, they are the most promising). `find(network, potentials, slack)` then returns an arc
// whose reduced cost is negative beyond rounding, or no_arc after it has seen every arc. It changes
// nothing but its own place in the list.
//
// Another rule is one header and one entry of AllPivotRules: the tests run over the list.
#pragma once

#include <concepts>
#include <tuple>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/block_search.hpp"
#include "sparse_ot/simplex/textbook_rules.hpp"

namespace sparse_ot {

template <class Rule>
concept PivotRule =
    std::constructible_from<Rule, Arc> && std::constructible_from<Rule, Arc, Arc> &&
    requires(Rule rule, const Network& network, const std::vector<Cost>& potentials, double slack) {
        { rule.find(network, potentials, slack) } -> std::same_as<Arc>;
    };

using AllPivotRules = std::tuple<BlockSearch, MostNegative, FirstEligible>;

}  // namespace sparse_ot
