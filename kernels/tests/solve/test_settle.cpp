// Plans in the caller's own masses: forests summed from the leaves, light masses on a second scale,
// paths for what is left, and refusals by name. Every plan is proved from the caller's numbers:
// rows and columns to 14 digits of their own mass, no negative reduced cost, none but zero where
// mass flows.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sparse_ot/solve/forest_flow.hpp"
#include "sparse_ot/solve/reroute.hpp"
#include "sparse_ot/solve/solve.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"
#include "support/solving.hpp"
#include "support/whole_solve.hpp"

using namespace sparse_ot;
using namespace problems;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

// Masses over `decades`, some of them 0; b has the total of a.
Problem light(Random& random, std::int64_t n, std::int64_t m, double decades, double density) {
    Problem p;
    for (auto* side : {&p.a, &p.b}) {
        side->resize(side == &p.a ? n : m);
        for (double& x : *side)
            x = random.chance(0.05) ? 0.0 : std::pow(10.0, -decades * random.unit());
        // The corner joins all nodes, and is heavy enough for a plan.
        (*side)[0] = 1.0 + 2.0 * std::accumulate(side->begin(), side->end(), 0.0);
    }
    const double total_a = std::accumulate(p.a.begin(), p.a.end(), 0.0);
    const double total_b = std::accumulate(p.b.begin(), p.b.end(), 0.0);
    for (double& x : p.b) x *= total_a / total_b;
    const bool whole = random.chance(0.5);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < m; ++j)
            if (i == 0 || j == 0 || random.chance(density))
                p.add(i, j, whole ? static_cast<double>(random.below(6)) : random.unit());
    return p;
}

bool is(const Whole& x, Status status) {
    return x.report.status == static_cast<std::int64_t>(status);
}

void check_settled(const Problem& p, const Whole& x) {
    if (!check(is(x, Status::optimal), "an optimum")) return;
    Doubles sent(p.a.size(), 0.0), received(p.b.size(), 0.0);
    for (std::size_t e = 0; e < x.flow.size(); ++e) {
        const double u = x.u[p.rows[e]], v = x.v[p.cols[e]];
        const double reduced = p.costs[e] - u - v;
        const double most = 1e-12 * (std::abs(p.costs[e]) + std::abs(u) + std::abs(v));
        check(x.flow[e] >= 0.0, "no negative flow");
        check(reduced >= -most, "no negative reduced cost");
        check(x.flow[e] == 0.0 || reduced <= most, "flow on tight arcs only");
        sent[p.rows[e]] += x.flow[e];
        received[p.cols[e]] += x.flow[e];
    }
    for (std::size_t i = 0; i < p.a.size(); ++i)
        check(std::abs(sent[i] - p.a[i]) <= 1e-14 * p.a[i], "every supply to its last digits");
    for (std::size_t j = 0; j < p.b.size(); ++j)
        check(std::abs(received[j] - p.b[j]) <= 1e-14 * p.b[j], "every demand to its last digits");
}

const Claim all_scales(
    "Masses over 5 to 280 decades are sent to their last digits, over arcs and matrices", [] {
        for (const double decades : {5.0, 15.0, 25.0, 40.0, 80.0, 160.0, 280.0})
            for (int seed = 0; seed < 60; ++seed) {
                Random random(seed);
                const Note note(std::to_string(decades) + " decades, seed " + std::to_string(seed));
                const Problem p = light(random, random.between(1, 30), random.between(1, 30),
                                        decades, random.unit());
                check_settled(p, solve_whole(p, list_of(p)));
                const Problem q = light(random, random.between(1, 60), random.between(1, 60),
                                        decades, 1.0);  // some with a pool
                check_settled(q, solve_whole(q, WholeMatrix{q.costs}));
            }
    });

const Claim a_pool_finds_the_arcs("A pool is given the arcs that only light masses need", [] {
    Random random(3);
    const std::int64_t n = 300;
    Problem p;
    for (std::int64_t i = 0; i < n; ++i) {  // two bells on a line, with tails below 1e-200
        const auto x = static_cast<double>(i);
        p.a.push_back(std::exp(-(x - 60.0) * (x - 60.0) / 72.0));
        p.b.push_back(std::exp(-(x - 180.0) * (x - 180.0) / 128.0));
    }
    const double total_a = std::accumulate(p.a.begin(), p.a.end(), 0.0);
    const double total_b = std::accumulate(p.b.begin(), p.b.end(), 0.0);
    for (double& x : p.b) x *= total_a / total_b;
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) p.add(i, j, static_cast<double>((i - j) * (i - j)));
    check_settled(p, solve_whole(p, WholeMatrix{p.costs}));
});

// A problem on the diagonal, and the flow that the forest of it has.
ForestFlow on_the_diagonal(const Doubles& a, const Doubles& b, double tolerance) {
    std::vector<CarryingArc> arcs;
    const auto n = static_cast<Node>(a.size());
    for (Node i = 0; i < n; ++i) arcs.push_back({i, i, n + i, 0.0});
    return {a, b, std::move(arcs), tolerance};
}

const Claim components("Components are rescaled within the tolerance, and have a surplus beyond it",
                       [] {
                           const Doubles a{1.0, 1.0, 1e-30}, b{1.0 + 1e-9, 2.0, 1e-30};
                           const ForestFlow flow = on_the_diagonal(a, b, 1e-8);
                           check(flow.arcs()[0].flow == 1.0, "the supply, where targets give way");
                           check(std::abs(flow.demands()[0] - 1.0) < 1e-15, "the demand met");
                           check(flow.arcs()[2].flow == 1e-30, "a light mass as it is");
                           check(flow.unbalanced().size() == 1, "one component out of balance");
                           check(flow.surplus(flow.unbalanced()[0]) == -1.0, "its deficit");
                           check(flow.demands()[1] == 2.0, "a demand that is not rescaled");
                       });

const Claim light_bridges(
    "Heavy parts that hang together by light arcs keep their rounding to themselves", [] {
        // Sources 0, 1 are heavy, 2 is light and joins them: 0 -> 3 <- 2 -> 4 <- 1.
        const Doubles a{0.3, 0.7, 1e-25}, b{0.1 + 0.2, 1.0 - 0.3};
        const ForestFlow flow(a, b,
                              {{0, 0, 3, 0.3}, {1, 1, 4, 0.7}, {2, 2, 3, 1e-25}, {3, 2, 4, 2e-25}},
                              balance_ulps);
        double light_sent = 0.0;
        for (const CarryingArc& e : flow.arcs())
            if (e.tail == 2) light_sent += e.flow;
        check(light_sent == 1e-25, "the light supply and no more");
        check(flow.arcs().size() == 3, "one of the two light arcs is taken out");
    });

const Claim paths("What the second scale leaves is sent along shortest paths", [] {
    for (int seed = 0; seed < 200; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        // All masses are heavy, and the plan to begin with is a wrong one: nothing is sent.
        const Problem p = light(random, random.between(1, 8), random.between(1, 8), 2.0, 0.7);
        Network network;
        network.n_sources = static_cast<Node>(p.a.size());
        network.n_targets = static_cast<Node>(p.b.size());
        network.append<Index>(p.rows, p.cols, p.costs);
        Duals duals = reduce_costs(network);
        const ForestFlow nothing(p.a, p.b, {}, balance_ulps);
        Reroute reroute(network, nothing, duals);
        const ForestFlow flow(p.a, p.b, reroute.run(), 1e-9);
        check(reroute.stuck().empty() && flow.unbalanced().empty(), "a place for all mass");
        Whole x{Doubles(p.costs.size(), 0.0), duals.u, duals.v, {}};
        for (const CarryingArc& e : flow.arcs()) x.flow[e.arc] = e.flow;
        check_settled(p, x);
    }
});

const Claim refusals("A light mass without a place is refused by name, or as a violation", [] {
    const auto diagonal = [](const Doubles& a, const Doubles& b) {
        Problem p{a, b, {}, {}, {}};
        p.add(0, 0, 0.0);
        p.add(1, 1, 5.0);
        return p;
    };
    const Problem lacking = diagonal({1e20, 1.0}, {1e20, 2.0});
    const Whole refused = solve_whole(lacking, list_of(lacking));
    check(is(refused, Status::invalid), "a fault");
    check(refused.report.fault_kind == static_cast<std::int64_t>(FaultKind::light_supply) &&
              refused.report.fault_index == 1 && refused.report.fault_value == 1.0,
          "the mass that it names");
    check(std::isnan(refused.report.value) && std::isnan(refused.flow[0]), "no number");

    const Problem starving = diagonal({1e20, 2.0}, {1e20, 1.0});
    const Whole starved = solve_whole(starving, list_of(starving));
    if (!check(is(starved, Status::infeasible), "a refusal")) return;
    check(starved.report.violation->sources == std::vector<std::int64_t>{1}, "the starved source");
    check(starved.report.violation->supply == 2.0 && starved.report.violation->demand == 1.0,
          "its mass, and what it reaches, in the caller's numbers");
    check(starved.u[1] == 1.0 && starved.v[1] == -1.0, "a dual ray");
});

const Claim groups("Groups that are off by rounding are rescaled, counts never", [] {
    Problem p{{0.5 + 1.6e-8, 0.25, 0.25 - 1.6e-8}, {0.5, 0.3, 0.2}, {}, {}, {}};
    p.add(0, 0, 1.0);
    for (int i : {1, 2})
        for (int j : {1, 2}) p.add(i, j, i * j);
    const Whole solved = solve_whole(p, list_of(p));
    check(is(solved, Status::optimal), "an optimum");
    check(std::abs(solved.report.rescaling - 3.2e-8) < 1e-10, "the change of demands, reported");
    check(solved.flow[0] == p.a[0], "the supply of the group");
    const Whole strict = solve_whole(p, list_of(p), {}, NoHooks{}, {}, {}, 1e-9);
    check(is(strict, Status::infeasible), "no more than the tolerance of totals");

    Problem counts{{1000001.0, 999999.0}, {1000000.0, 1000000.0}, {}, {}, {}};
    counts.add(0, 0, 1.0);
    counts.add(1, 1, 1.0);
    check(is(solve_whole(counts, list_of(counts), {}, NoHooks{}, {}, {}, 1e-5), Status::infeasible),
          "one count too many");
});

const Claim live("A live basis keeps its settled plan while arcs are dropped", [] {
    Random random(11);
    const Problem p = light(random, 40, 40, 90.0, 1.0);
    Instance instance = instance_of(p);
    auto basis = begin(instance);
    if (!check(basis.has_value(), "a plan")) return;
    check(basis->run(plenty, infinity) == Status::optimal, "an optimum");
    const double value = basis->value();
    basis->shrink(90);
    check(basis->value() == value, "the same plan after the arcs were dropped");
    std::vector<double> sent(p.a.size(), 0.0);
    for (const CarryingArc& e : basis->plan().plan) sent[e.tail] += e.flow;
    for (std::size_t i = 0; i < sent.size(); ++i)
        check(std::abs(sent[i] - p.a[i]) <= 1e-14 * p.a[i], "every supply still");
});

}  // namespace

int main() { return test::run(); }
