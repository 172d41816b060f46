// Pricing: which arc enters the basis. Defines what a rule is, and lists the rules.
//
// A rule is constructed from the number of arcs and the place in the list to begin at (new arcs,
// when appended, are the most promising). `find(network, potentials, slack)` returns an arc whose
// reduced cost is negative beyond rounding, or no_arc after it has seen every arc. It changes only
// its own place in the list.
//
// To add a rule, write a header and enter it in AllPivotRules: the tests run over this list.
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
