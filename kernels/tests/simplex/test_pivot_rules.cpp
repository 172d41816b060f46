// Every pivot rule there is, on random problems of many families, one pivot at a time.
//
// A rule decides how many pivots are made, but not whether the basis is valid or the plan optimal:
// all invariants are checked after every pivot, and all rules end at the same value.
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/simplex/check_invariants.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/simplex/network_simplex.hpp"
#include "sparse_ot/simplex/pivot_rules.hpp"
#include "sparse_ot/starts/arc_order.hpp"
#include "sparse_ot/starts/max_flow.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

using namespace sparse_ot;
using namespace problems;
using test::check;
using test::Claim;
using test::Note;

namespace {

struct Outcome {
    double value = 0.0;
    std::int64_t pivots = 0;
};

// Starts from a feasible plan, independent of the rule.
template <PivotRule Rule>
bool solve_with(const Problem& p, Outcome& outcome) {
    Network network;
    network.n_sources = static_cast<Node>(p.n());
    network.n_targets = static_cast<Node>(p.m());
    network.append<Index>(p.rows, p.cols, p.costs);
    mix_arcs(network);
    const std::vector<Mass> supply = masses_of_nodes(quantise(p.a, p.b, 1e-7));
    std::vector<Mass> flow(network.n_arcs(), 0), left = supply;
    if (!MaxFlow(network, flow, left).run()) return false;
    Forest forest(network);
    for (Arc e = 0; e < network.n_arcs(); ++e)
        if (flow[e] > 0) forest.add(e, flow[e]);
    forest.drop_empty();
    NetworkSimplex<Rule> simplex(network, forest.links(), reduce_costs(network));
    check(check_invariants(simplex, supply), "a sound first basis");
    while (simplex.run(1) != Status::optimal)
        if (!check(check_invariants(simplex, supply), "a sound basis after every pivot") ||
            !check(simplex.stats().pivots < 20000, "an end to the pivots"))
            return false;
    simplex.for_each_basic_arc(
        [&](Arc e, Mass mass) { outcome.value += network.cost[e] * static_cast<double>(mass); });
    outcome.pivots = simplex.stats().pivots;
    return true;
}

template <PivotRule Rule, PivotRule... Others>
void compare(std::tuple<Rule, Others...>*) {
    std::int64_t pivots = 0, solved = 0;
    std::vector<std::int64_t> by_others(sizeof...(Others), 0);
    for_each_problem(40, 20, [&](const Problem& p, test::Random&) {
        Outcome first;
        if (!solve_with<Rule>(p, first)) return;
        pivots += first.pivots;
        ++solved;
        double size = std::abs(first.value);
        for (const double cost : p.costs)
            if (cost < infinity) size = std::max(size, std::abs(cost));
        std::size_t k = 0;
        const auto same_end = [&](const Outcome& other, bool feasible) {
            check(feasible, "the same feasibility");
            check(std::abs(other.value - first.value) <= 1e-9 * size, "the same value");
            by_others[k++] += other.pivots;
        };
        const auto run_other = [&]<class Other>() {
            Outcome other;
            const bool feasible = solve_with<Other>(p, other);
            same_end(other, feasible);
        };
        (run_other.template operator()<Others>(), ...);
    });
    check(solved > 300 && pivots > 3000, "feasible problems, and work to do on them");
    for (const std::int64_t count : by_others)
        check(count != pivots && count > 0, "rules that are different");
}

const Claim rules("every pivot rule keeps the basis sound and ends at the optimum",
                  [] { compare(static_cast<AllPivotRules*>(nullptr)); });

}  // namespace

int main() { return test::run(); }
