// The network knows the place of each kept arc in the caller's list.
#include <limits>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "support/check.hpp"

using namespace sparse_ot;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

struct List {
    std::vector<std::int32_t> rows, cols;
    std::vector<double> costs;
};

Network network_of(Node n, Node m) {
    Network network;
    network.n_sources = n;
    network.n_targets = m;
    return network;
}

Fault append(Network& network, const List& list) {
    return network.append<std::int32_t>(list.rows, list.cols, list.costs);
}

const Claim maps("every kept arc knows its place among the arcs given, in any number of lists", [] {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        Network network = network_of(3, 4);
        List all;
        const double drop = random.chance(0.3) ? 0.0 : random.unit();
        for (int k = 0; k < 4; ++k) {
            List list;
            for (auto left = random.below(6); left > 0; --left) {
                const bool dropped = random.chance(drop), padding = random.chance(0.5);
                list.rows.push_back(static_cast<std::int32_t>(random.below(3)));
                list.cols.push_back(static_cast<std::int32_t>(random.below(4)));
                list.costs.push_back(static_cast<double>(all.costs.size() + list.costs.size()));
                if (dropped && padding) list.rows.back() = random.chance(0.5) ? 3 : -1;
                if (dropped && !padding) list.costs.back() = infinity;
            }
            check(!append(network, list), "no fault");
            all.rows.insert(all.rows.end(), list.rows.begin(), list.rows.end());
            all.cols.insert(all.cols.end(), list.cols.begin(), list.cols.end());
            all.costs.insert(all.costs.end(), list.costs.begin(), list.costs.end());
        }
        check(network.n_given == static_cast<Arc>(all.costs.size()), "all arcs given counted");
        Arc kept = 0;
        for (std::size_t k = 0; k < all.costs.size(); ++k) {
            if (all.costs[k] == infinity || all.rows[k] < 0 || all.rows[k] > 2) continue;
            if (!check(
                    kept < network.n_arcs() && network.given_index(kept) == static_cast<Arc>(k) &&
                        network.cost[kept] == all.costs[k] && network.tail[kept] == all.rows[k] &&
                        network.head[kept] == 3 + all.cols[k],
                    "kept arcs in the order given, with their given index"))
                return;
            ++kept;
        }
        check(kept == network.n_arcs(), "nothing else kept");
    }
});

const Claim faults(
    "a cost that is no number is a fault at its given index, also behind padding", [] {
        Network network = network_of(2, 2);
        check(!append(network, {{0, 7}, {0, 0}, {1.0, nan}}), "padding to hide its cost");
        Fault fault = append(network, {{0, 1, 1}, {1, 0, 1}, {infinity, 2.0, nan}});
        check(fault.kind == FaultKind::nan_cost && fault.index == 4, "the NaN at 2 + 2");
        check(network.n_arcs() == 2, "the arcs before the faulty one");
        network = network_of(2, 2);
        fault = append(network, {{0, 1}, {0, 1}, {1.0, -infinity}});
        check(fault.kind == FaultKind::minus_infinite_cost && fault.index == 1 &&
                  fault.value == -infinity,
              "minus infinity named");
    });

const Claim incidence("incidence lists every arc once, at its end, in order", [] {
    const std::vector<Node> end{2, 0, 2, 3, 0, 2};
    const Incidence at(end, 5);
    check(at.arcs_of(1).empty() && at.arcs_of(4).empty(), "nodes without arcs");
    const auto two = at.arcs_of(2);
    check(two.size() == 3 && two[0] == 0 && two[1] == 2 && two[2] == 5, "arcs 0, 2, 5 at node 2");
    check(at.arcs_of(0).size() == 2 && at.arcs_of(3).size() == 1, "the rest");
});

}  // namespace

int main() { return test::run(); }
