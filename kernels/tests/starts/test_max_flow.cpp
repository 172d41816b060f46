// Feasibility, compared with Hall's condition on every set of sources.
#include <algorithm>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/starts/greedy.hpp"
#include "sparse_ot/starts/max_flow.hpp"
#include "support/check.hpp"

using namespace sparse_ot;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

struct Case {
    Network network;
    std::vector<Mass> masses;  // supplies, then demands
    std::vector<Mass> flow;
    std::vector<Mass> left;

    [[nodiscard]] Mass placed_at(Node x) const {
        Mass placed = 0;
        for (Arc e = 0; e < network.n_arcs(); ++e)
            if (network.tail[e] == x || network.head[e] == x) placed += flow[e];
        return placed;
    }
};

Case random_case(Random& random, Node most_sources, Node most_targets, double density) {
    Case c;
    const auto n = static_cast<Node>(random.between(1, most_sources));
    const auto m = static_cast<Node>(random.between(1, most_targets));
    c.network.n_sources = n;
    c.network.n_targets = m;
    c.masses.assign(n + m, 0);
    for (auto units = random.between(1, 4 * n); units > 0; --units) {
        ++c.masses[random.below(n)];
        ++c.masses[n + random.below(m)];
    }
    std::vector<Node> rows, cols;
    for (Node i = 0; i < n; ++i)
        for (Node j = 0; j < m; ++j)
            for (int copy = random.chance(0.1) ? 2 : 1; copy > 0; --copy)
                if (random.chance(density)) {
                    rows.push_back(i);
                    cols.push_back(j);
                }
    std::vector<Cost> costs(rows.size());
    for (Cost& cost : costs) cost = static_cast<double>(random.below(5));
    c.network.append<Node>(rows, cols, costs);
    c.flow.assign(rows.size(), 0);
    c.left = c.masses;
    if (random.chance(0.5))
        place_greedily(c.network, by_reduced_cost(c.network, reduce_costs(c.network)), c.flow,
                       c.left);
    return c;
}

// The largest mass that can be placed: min over S of demand(N(S)) + supply(outside S).
Mass most_placed(const Case& c) {
    const Node n = c.network.n_sources;
    Mass least = std::numeric_limits<Mass>::max();
    for (std::uint32_t set = 0; set < 1u << n; ++set) {
        std::vector<char> neighbour(c.network.n_nodes(), 0);
        for (Arc e = 0; e < c.network.n_arcs(); ++e)
            if (set >> c.network.tail[e] & 1) neighbour[c.network.head[e]] = 1;
        Mass cut = 0;
        for (Node i = 0; i < n; ++i) cut += set >> i & 1 ? 0 : c.masses[i];
        for (Node j = n; j < c.network.n_nodes(); ++j) cut += neighbour[j] ? c.masses[j] : 0;
        least = std::min(least, cut);
    }
    return least;
}

bool check_plan(const Case& c) {
    for (const Mass flow : c.flow)
        if (!check(flow >= 0, "no negative flow")) return false;
    for (Node x = 0; x < c.network.n_nodes(); ++x)
        if (!check(c.left[x] >= 0 && c.placed_at(x) + c.left[x] == c.masses[x],
                   "what is placed and what is left to make the mass"))
            return false;
    return true;
}

// S = reached sources: N(S) is among the reached targets, and S has more than they take.
void check_violation(const Case& c, const std::vector<char>& reached) {
    const Node n = c.network.n_sources;
    Mass supply = 0, demand = 0;
    for (Node i = 0; i < n; ++i) supply += reached[i] ? c.masses[i] : 0;
    for (Node j = n; j < c.network.n_nodes(); ++j) demand += reached[j] ? c.masses[j] : 0;
    for (Arc e = 0; e < c.network.n_arcs(); ++e)
        check(!reached[c.network.tail[e]] || reached[c.network.head[e]],
              "every neighbour of the set in the set");
    for (Node j = n; j < c.network.n_nodes(); ++j) {
        bool is_neighbour = false;
        for (Arc e = 0; e < c.network.n_arcs(); ++e)
            is_neighbour |= c.network.head[e] == j && reached[c.network.tail[e]];
        check(!reached[j] || is_neighbour, "only neighbours of the set in the set");
    }
    check(supply > demand, "more supply than its neighbours take");
}

const Claim hall("all mass is placed exactly when Hall's condition holds for every set", [] {
    int feasible = 0, infeasible = 0;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        Case c = random_case(random, 6, 6, 0.2 + 0.7 * random.unit());
        const Mass total =
            std::accumulate(c.masses.begin(), c.masses.begin() + c.network.n_sources, Mass{0});
        MaxFlow max_flow(c.network, c.flow, c.left);
        const bool all = max_flow.run();
        const Mass left =
            std::accumulate(c.left.begin(), c.left.begin() + c.network.n_sources, Mass{0});
        if (!check_plan(c)) return;
        if (!check(total - left == most_placed(c), "as much placed as any plan can")) return;
        check(all == (left == 0), "the answer to say whether all is placed");
        if (!all) check_violation(c, max_flow.reached());
        ++(all ? feasible : infeasible);
    }
    check(feasible > 300 && infeasible > 300, "both outcomes to occur often");
});

const Claim larger("larger problems keep the books and name a true violation", [] {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        Case c = random_case(random, 60, 60, 0.04 + 0.1 * random.unit());
        MaxFlow max_flow(c.network, c.flow, c.left);
        const bool all = max_flow.run();
        if (!check_plan(c)) return;
        if (!all) check_violation(c, max_flow.reached());
    }
});

const Claim zigzag("the one plan of a long zigzag is found, though greedy starts it wrong", [] {
    const Node n = 400;  // source i reaches targets i and i + 1, the last only its own
    Case c;
    c.network.n_sources = c.network.n_targets = n;
    std::vector<Node> rows, cols;
    std::vector<Cost> costs;
    for (Node i = 0; i < n; ++i)
        for (Node j = i; j <= std::min(i + 1, n - 1); ++j) {
            rows.push_back(i);
            cols.push_back(j);
            costs.push_back(i == j ? 1.0 : 0.0);
        }
    c.network.append<Node>(rows, cols, costs);
    c.masses.assign(2 * n, 1);
    c.left = c.masses;
    c.flow.assign(rows.size(), 0);
    const Duals zero{std::vector<Cost>(n, 0.0), std::vector<Cost>(n, 0.0)};
    place_greedily(c.network, by_reduced_cost(c.network, zero), c.flow, c.left);
    check(c.left[n - 1] == 1, "greedy to leave the last source out");
    check(MaxFlow(c.network, c.flow, c.left).run(), "a feasible problem");
    check_plan(c);
    for (Arc e = 0; e < c.network.n_arcs(); ++e)
        check(c.flow[e] == (rows[e] == cols[e] ? 1 : 0), "the diagonal, the only plan");
});

const Claim empty("without arcs nothing is placed, and every source with mass is in the set", [] {
    Case c;
    c.network.n_sources = 3;
    c.network.n_targets = 2;
    c.left = c.masses = {1, 0, 2, 2, 1};
    MaxFlow max_flow(c.network, c.flow, c.left);
    check(!max_flow.run(), "an infeasible problem");
    check(max_flow.reached() == std::vector<char>({1, 0, 1, 0, 0}), "the sources with mass");
});

}  // namespace

int main() { return test::run(); }
