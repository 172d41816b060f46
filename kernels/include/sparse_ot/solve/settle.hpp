// From the last basis, which is in integers, to the plan that is handed out, in the caller's
// masses.
//
// Integers that are exact multiples of one mass give the plan as they are. Rounded ones
// (base/masses.hpp) say which arcs carry mass, and the masses say how much (solve/forest_flow.hpp).
// If light masses then do not fit, because they are below the integers' resolution, they are a
// problem of their own (solve/second_scale.hpp); the few that this leaves are sent along shortest
// paths (solve/reroute.hpp). Duals change with them. What still does not fit has no arcs that lead
// on: it is rounding of the caller's sums, up to the tolerance of totals, or a mass too light to be
// told from nothing next to the others, which is refused by name.
//
// Arcs may be missing. The duals of nodes that are stuck are therefore raised so high that only an
// arc that leads out is worth its cost, as in Farkas pricing: a pricing at these duals finds them.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/simplex/network_simplex.hpp"
#include "sparse_ot/solve/forest_flow.hpp"
#include "sparse_ot/solve/hall_violation.hpp"
#include "sparse_ot/solve/reroute.hpp"
#include "sparse_ot/solve/second_scale.hpp"

namespace sparse_ot {

struct Settled {
    std::vector<CarryingArc> plan;
    std::vector<double> b;       // the demands that it meets
    std::optional<Duals> duals;  // if light masses changed them
    // If mass is left without a place: a mass too light for the others, and if they show it, the
    // nodes that are starved.
    Fault fault;
    std::optional<HallViolation> violation;
};

namespace detail {

// The arcs that carry integer flow, and the mass that it stands for.
template <PivotRule Rule>
std::vector<CarryingArc> carrying_arcs(const NetworkSimplex<Rule>& simplex, const Masses& masses) {
    const std::vector<Node> original = simplex.order().originals();
    const Network& network = simplex.network();
    std::vector<CarryingArc> arcs;
    simplex.for_each_basic_arc([&](Arc e, Mass flow) {
        if (const double mass = masses.mass_of(flow); mass > 0.0)
            arcs.push_back({e, original[network.tail[e]], original[network.head[e]], mass});
    });
    return arcs;
}

// The network with the original numbers of the nodes.
template <PivotRule Rule>
Network original_network(const NetworkSimplex<Rule>& simplex) {
    const std::vector<Node> original = simplex.order().originals();
    Network network = simplex.network();
    for (auto* ends : {&network.tail, &network.head})
        for (Node& x : *ends) x = original[x];
    return network;
}

// The mass that has no place: the lightest of its component.
inline Fault too_light(const ForestFlow& forest, std::span<const double> a,
                       std::span<const double> b) {
    const auto n = static_cast<Node>(a.size()), count = static_cast<Node>(a.size() + b.size());
    Fault fault;
    double lightest = std::numeric_limits<double>::infinity();
    for (Node x = 0; x < count; ++x) {
        const double mass = x < n ? a[x] : b[x - n];
        if (forest.surplus(forest.root(x)) == 0.0 || !(mass > 0.0) || mass >= lightest) continue;
        lightest = mass;
        fault = {x < n ? FaultKind::light_supply : FaultKind::light_demand, x < n ? x : x - n, mass,
                 exact_sum(a)};
    }
    return fault;
}

// Raises duals so that only arcs out of these nodes have a negative reduced cost. Digits are left
// for the costs, so that the cheapest of such arcs can be told.
inline void raise_duals(Duals& duals, std::span<const Node> stuck, const Network& network) {
    constexpr Cost penalty = 0x1p30;
    Cost largest = 0.0;
    for (const Cost c : network.cost) largest = std::max(largest, std::abs(c));
    const Cost more = penalty * (largest > 0.0 ? largest : 1.0);
    for (const Node x : stuck)
        if (x < network.n_sources)
            duals.u[x] += more;
        else
            duals.v[x - network.n_sources] -= more;
}

// The stuck nodes as a violation of Hall's condition, if their masses show it.
inline std::optional<HallViolation> violation_at(std::span<const Node> stuck,
                                                 std::span<const double> a, const Masses& masses) {
    std::vector<char> reached(a.size() + masses.b.size(), 0);
    for (const Node x : stuck) reached[x] = 1;
    HallViolation violation = violation_of(a, masses, reached);
    const double deficit = violation.supply - violation.demand;
    if (!(deficit > balance_ulps * violation.supply)) return std::nullopt;
    return violation;
}

}  // namespace detail

// Whether every mass is so well visible that flows have the right signs: the least flow of a tree
// over all nodes is more than all their roundings. Then the basis is optimal for the caller's
// masses too.
template <PivotRule Rule>
[[nodiscard]] bool is_plain(const NetworkSimplex<Rule>& simplex, const Masses& masses) {
    if (!masses.rounded) return true;
    const auto nodes = static_cast<Mass>(masses.supply.size() + masses.demand.size());
    Mass carrying = 0, least = std::numeric_limits<Mass>::max();
    simplex.for_each_basic_arc([&](Arc, Mass flow) {
        if (flow == 0) return;
        ++carrying;
        least = std::min(least, flow);
    });
    return carrying == nodes - 1 && least > 4 * nodes;
}

// Solves a problem from the beginning (solve/instance.hpp), which needs all that is built on this.
using SolveListed = ListedPlan (*)(const ListedProblem&);

// The plan of a basis in the caller's masses; light ones stay where the integers put them.
template <PivotRule Rule>
[[nodiscard]] ForestFlow plain_plan(const NetworkSimplex<Rule>& simplex, std::span<const double> a,
                                    const Masses& masses) {
    return {a, masses.b, detail::carrying_arcs(simplex, masses), balance_ulps};
}

// The plan of an optimal basis with these duals in the caller's masses, light ones in their place.
// `tolerance` says how much of a component may be put down to rounding. If the problem of the
// second scale has no plan, its proof says which nodes are stuck; `thorough` looks for paths
// nevertheless.
template <PivotRule Rule>
[[nodiscard]] Settled settle(const NetworkSimplex<Rule>& simplex, std::span<const double> a,
                             const Masses& masses, Duals duals, double tolerance,
                             SolveListed solve_listed, bool thorough) {
    ForestFlow forest = plain_plan(simplex, a, masses);
    if (forest.unbalanced().empty())
        return {forest.arcs(), forest.demands(), std::nullopt, {}, std::nullopt};
    const Network network = detail::original_network(simplex);
    std::vector<Node> stuck;
    if (const SecondScale light(network, forest, duals); light.leads_on(detail::exact_sum(a))) {
        const ListedPlan plan = solve_listed(light.problem());
        if (plan.feasible)
            forest = ForestFlow(a, masses.b, light.take(plan, duals), balance_ulps);
        else
            stuck = light.starved(plan);
    }
    if (!forest.unbalanced().empty() && (stuck.empty() || thorough)) {
        Reroute reroute(network, forest, duals);
        forest = ForestFlow(a, masses.b, reroute.run(), tolerance);
        stuck = reroute.stuck();
    }
    Settled settled{forest.arcs(), forest.demands(), std::nullopt, {}, std::nullopt};
    if (!forest.unbalanced().empty()) {
        settled.fault = detail::too_light(forest, a, masses.b);
        settled.violation = detail::violation_at(stuck, a, masses);
        detail::raise_duals(duals, stuck, network);
    }
    settled.duals = std::move(duals);
    return settled;
}

}  // namespace sparse_ot
