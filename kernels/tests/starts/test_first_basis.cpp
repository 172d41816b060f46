// The first basis: greedy plans account for all mass, forests cost no more than their plans.
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/starts/greedy.hpp"
#include "support/check.hpp"

using namespace sparse_ot;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

Network random_network(Random& random, Node n, Node m, Arc n_arcs) {
    Network network;
    network.n_sources = n;
    network.n_targets = m;
    std::vector<Node> rows(n_arcs), cols(n_arcs);
    std::vector<Cost> costs(n_arcs);
    const bool ties = random.chance(0.4);
    for (Arc e = 0; e < n_arcs; ++e) {
        rows[e] = static_cast<Node>(random.below(n));
        cols[e] = static_cast<Node>(random.below(m));
        // Whole numbers, so that costs of plans are sums without rounding.
        costs[e] = static_cast<double>(random.between(-3, ties ? 3 : 100000));
    }
    network.append<Node>(rows, cols, costs);
    return network;
}

struct Totals {
    std::vector<Mass> at_node;
    double cost = 0.0;
};

void add_to(Totals& totals, const Network& network, Arc e, Mass flow) {
    totals.at_node[network.tail[e]] += flow;
    totals.at_node[network.head[e]] += flow;
    totals.cost += network.cost[e] * static_cast<double>(flow);
}

// The forest as a plan. Checks that it is a forest: links lead to a root, no arc occurs twice.
bool read_forest(const Forest& forest, const Network& network, Totals& totals) {
    totals = {std::vector<Mass>(network.n_nodes(), 0)};
    std::map<Arc, int> seen;
    const auto links = forest.links();
    for (Node x = 0; x < network.n_nodes(); ++x) {
        Node y = x;
        for (Node steps = 0; y != no_node; y = links[y].parent)
            if (!check(++steps <= network.n_nodes(), "links without a cycle")) return false;
        const auto& link = links[x];
        if (link.parent == no_node) {
            if (!check(link.pred == no_arc && link.flow == 0, "a root to carry nothing"))
                return false;
            continue;
        }
        const Node tail = network.tail[link.pred], head = network.head[link.pred];
        const bool joins = (tail == x && head == link.parent) || (head == x && tail == link.parent);
        if (!check(joins, "a link along its arc")) return false;
        if (!check(link.flow >= 0, "no negative flow")) return false;
        if (!check(++seen[link.pred] == 1, "an arc used once")) return false;
        add_to(totals, network, link.pred, link.flow);
    }
    return true;
}

const Claim cancelling("any plan becomes a forest that conserves flow and costs no more", [] {
    int cycles = 0;
    for (std::uint64_t seed = 0; seed < 1500; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n = static_cast<Node>(random.between(1, 9));
        const auto m = static_cast<Node>(random.between(1, 9));
        const Network network = random_network(random, n, m, random.between(1, 60));
        const Mass most = random.chance(0.5) ? 2 : 1000000;  // small flows: many ties, many zeros
        Forest forest(network);
        Totals plan, kept;
        plan.at_node.assign(network.n_nodes(), 0);
        double cost = 0.0;
        for (Arc e = 0; e < network.n_arcs(); ++e) {
            const Mass flow = random.between(1, most);
            add_to(plan, network, e, flow);
            forest.add(e, flow);
            if (!read_forest(forest, network, kept)) return;
            const double raised = cost + network.cost[e] * static_cast<double>(flow);
            if (!check(kept.cost <= raised, "a step that never raises the cost")) return;
            if (!check(kept.at_node == plan.at_node, "every marginal kept")) return;
            cycles += kept.cost < raised;
            cost = kept.cost;
        }
        forest.drop_empty();
        if (!read_forest(forest, network, kept)) return;
        check(kept.at_node == plan.at_node && kept.cost == cost, "nothing lost with empty arcs");
        for (const auto& link : forest.links())
            check(link.parent == no_node || link.flow > 0, "no empty arc left");
    }
    check(cycles > 1000, "cycles to be cancelled often");
});

const Claim greedy("greedy placement keeps the books and leaves no arc open", [] {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n = static_cast<Node>(random.between(1, 12));
        const auto m = static_cast<Node>(random.between(1, 12));
        const Network network = random_network(random, n, m, random.between(0, 80));
        std::vector<Mass> masses(n + m), flow(network.n_arcs(), 0);
        for (Mass& x : masses) x = random.below(5);
        std::vector<Mass> left = masses;
        place_greedily(network, by_reduced_cost(network, reduce_costs(network)), flow, left);
        Totals plan;
        plan.at_node.assign(n + m, 0);
        for (Arc e = 0; e < network.n_arcs(); ++e) {
            check(flow[e] >= 0, "no negative flow");
            check(left[network.tail[e]] == 0 || left[network.head[e]] == 0, "an end to be closed");
            add_to(plan, network, e, flow[e]);
        }
        for (Node x = 0; x < n + m; ++x)
            check(plan.at_node[x] + left[x] == masses[x], "placed and left to make the mass");
    }
});

const Claim first_duals("the first duals are feasible, and each arc is cheapest for someone", [] {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        const auto n = static_cast<Node>(random.between(1, 12));
        const auto m = static_cast<Node>(random.between(1, 12));
        const Network network = random_network(random, n, m, random.between(0, 80));
        const Duals duals = reduce_costs(network);
        std::vector<char> tight(m, 0), touched(m, 0);
        for (Arc e = 0; e < network.n_arcs(); ++e) {
            const Node j = network.head[e] - n;
            const double rest = network.cost[e] - duals.u[network.tail[e]] - duals.v[j];
            check(rest >= 0.0, "no negative reduced cost");
            tight[j] |= rest == 0.0;
            touched[j] = 1;
        }
        for (Node j = 0; j < m; ++j) {
            check(tight[j] == touched[j], "a tight arc at every target with arcs");
            check(std::isfinite(duals.v[j]), "finite duals, with arcs or without");
        }
        for (const double u : duals.u) check(std::isfinite(u), "finite duals");
    }
});

const Claim wild("costs at the ends of the doubles, or potentials that are no numbers, do no harm",
                 [] {
                     const double most = std::numeric_limits<double>::max();
                     const double big = largest_cost(20, 20);
                     const double nan = std::numeric_limits<double>::quiet_NaN();
                     Random random(1);
                     Network network;
                     network.n_sources = network.n_targets = 20;
                     std::vector<Node> rows, cols;
                     std::vector<Cost> costs;
                     for (Node k = 0; k < 400; ++k) {
                         rows.push_back(k / 20);
                         cols.push_back(k % 20);
                         const double sign = random.chance(0.5) ? 1.0 : -1.0;
                         costs.push_back(random.chance(0.5) ? sign * big : sign * random.unit());
                     }
                     check(!network.append<Node>(rows, cols, costs), "all costs taken");
                     for (const double sign : {1.0, -1.0}) {
                         Network refusing = network;
                         costs[7] = sign * big * 1.01;
                         const Fault fault = refusing.append<Node>(rows, cols, costs);
                         check(fault.kind == FaultKind::cost_too_large && fault.index == 407,
                               "a cost that cannot be added up, by its place");
                     }
                     for (const double odd :
                          {0.0, nan, std::numeric_limits<double>::infinity(), -most}) {
                         Duals duals = reduce_costs(network);
                         if (odd != 0.0)
                             for (std::size_t i = 0; i < 20; i += 3)
                                 duals.u[i] = duals.v[i + i % 2] = odd;
                         std::vector<Mass> flow(400, 0), left(40, 1);
                         place_greedily(network, by_reduced_cost(network, duals), flow, left);
                         check(std::accumulate(flow.begin(), flow.end(), Mass{0}) == 20,
                               "all twenty units placed");
                     }
                 });

}  // namespace

int main() { return test::run(); }
