// The auction: every source is matched once, within epsilon of its best, or the auction gives up.
#include <cmath>
#include <limits>
#include <vector>

#include "sparse_ot/starts/auction.hpp"
#include "support/check.hpp"
#include "support/solving.hpp"

using namespace sparse_ot;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

// A random graph with every pair (i, i), arcs grouped by source.
Network random_graph(Random& random, Node n, double density, bool ties) {
    Network network;
    network.n_sources = network.n_targets = n;
    std::vector<Node> rows, cols;
    std::vector<Cost> costs;
    for (Node i = 0; i < n; ++i)
        for (Node j = 0; j < n; ++j) {
            if (i != j && !random.chance(density)) continue;
            rows.push_back(i);
            cols.push_back(j);
            costs.push_back(ties ? static_cast<double>(random.below(4)) : random.unit() - 0.3);
        }
    network.append<Node>(rows, cols, costs);
    return network;
}

const Claim matched("a finished auction matches everyone, near the best of each", [] {
    int finished = 0;
    for (int seed = 0; seed < 300; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const Node n = static_cast<Node>(random.between(1, 60));
        const Network network = random_graph(random, n, random.unit(), random.chance(0.3));
        Auction auction(network);
        if (!auction.run()) continue;
        ++finished;
        const Duals duals = auction.duals();
        std::vector<int> taken(n, 0);
        for (Node i = 0; i < n; ++i) {
            const Arc e = auction.matching()[i];
            if (!check(e != no_arc && network.tail[e] == i, "a match for every source")) return;
            ++taken[network.head[e] - n];
            check(reduced_cost(network, duals, e) < 2e-4, "a matched arc that is nearly tight");
        }
        for (int count : taken) check(count == 1, "every target taken once");
        for (Arc e = 0; e < network.n_arcs(); ++e)
            check(reduced_cost(network, duals, e) > -1e-12, "feasible potentials");
    }
    check(finished > 250, "most auctions to finish");
});

const Claim starved("where no matching exists the auction ends, and says so", [] {
    Network network;
    network.n_sources = network.n_targets = 100;
    std::vector<Node> rows, cols;
    std::vector<Cost> costs;
    for (Node i = 0; i < 100; ++i)
        for (Node j = 0; j < 99; ++j) {
            rows.push_back(i);
            cols.push_back(j);
            costs.push_back(static_cast<double>((i * j) % 7));
        }
    network.append<Node>(rows, cols, costs);
    check(!Auction(network).run(), "no matching");
});

const Claim alone("a source without arcs ends the auction at once", [] {
    Network network;
    network.n_sources = network.n_targets = 2;
    const std::vector<Node> rows{0, 0}, cols{0, 1};
    const std::vector<Cost> costs{1.0, 2.0};
    network.append<Node>(rows, cols, costs);
    check(!Auction(network).run(), "no matching");
});

const Claim exact("what the auction starts, the simplex finishes", [] {
    for (int seed = 0; seed < 40; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const Node n = static_cast<Node>(random.between(64, 90));
        const Network graph = random_graph(random, n, 0.2, random.chance(0.3));
        const std::vector<double> ones(n, 1.0);
        std::vector<Node> cols;
        for (Node head : graph.head) cols.push_back(head - n);
        const auto solved = [&](bool cold) {
            Instance instance(problems::masses_of(ones, ones));
            instance.add_arcs<Node>(graph.tail, cols, graph.cost);
            const std::vector<Cost> zero(n, 0.0);  // given potentials: no auction
            const problems::Answer warm{{}, zero, zero, 0.0, {}};
            auto basis = problems::begin(instance, cold ? nullptr : &warm);
            if (!check(basis.has_value(), "a plan")) return 0.0;
            check(basis->run(1 << 20, 1e9) == Status::optimal, "an optimum");
            check(basis->check_invariants(), "a sound basis");
            std::vector<double> flow(cols.size());
            basis->write_flow(basis->plan(), flow);
            double value = 0.0;
            for (std::size_t e = 0; e < flow.size(); ++e) value += flow[e] * graph.cost[e];
            return value;
        };
        check(std::abs(solved(true) - solved(false)) < 1e-9, "one value from both starts");
    }
});

}  // namespace

int main() { return test::run(); }
