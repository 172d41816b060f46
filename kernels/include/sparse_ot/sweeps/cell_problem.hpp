// One small transportation problem cut out of a large plan: a cell, or domain.
//
// It consists of some sources, the targets they now send to, and the masses sent. Both marginals
// are kept, so a change inside does not affect the rest of the plan, and an optimal answer never
// costs more than the shipments it replaces.
//
// The simplex starts from the present plan, as a forest with the potentials of the last sweep. A
// small domain has all its pairs as arcs. A large one has the arcs of its plan and the few of least
// reduced cost at each point. After each solve it gets those that are still violated, until there
// are none or `patience` rounds have passed. It need not be solved exactly, because the next sweep
// covers the same points again.
//
// Sources are numbered locally in golden steps, so that a pricing block sees sources from all over
// the domain (starts/arc_order.hpp, simplex/block_search.hpp).
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/cloud.hpp"
#include "sparse_ot/geometry/metrics.hpp"
#include "sparse_ot/search/nearest.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/simplex/network_simplex.hpp"
#include "sparse_ot/starts/arc_order.hpp"

namespace sparse_ot {

struct Shipment {
    Node target = 0;
    Mass mass = 0;
    friend bool operator==(const Shipment&, const Shipment&) = default;
};

// A plan, grouped by source: source i sends shipments[first[i]] .. shipments[first[i + 1] - 1].
struct ShippingPlan {
    std::vector<std::int64_t> first;
    std::vector<Shipment> shipments;

    [[nodiscard]] std::span<const Shipment> of(Node i) const {
        return {shipments.data() + first[i], static_cast<std::size_t>(first[i + 1] - first[i])};
    }
};

// The result for a domain: its new shipments, source by source, and its potentials.
struct Improved {
    std::vector<std::int64_t> first;  // by position in the domain's list of sources
    std::vector<Shipment> shipments;
    std::vector<Cost> u;         // by position in that list
    std::vector<Node> targets;   // distinct
    std::vector<Cost> v;         // by position in `targets`
    std::vector<Mass> received;  // likewise
    bool settled = true;         // no pair inside violates its potentials
};

class DomainSolver {
public:
    using Clock = std::chrono::steady_clock;

    // `patience`: at most this many rounds of pricing in a large domain.
    DomainSolver(Cloud x, Cloud y, const Metric& metric, int patience)
        : x_(x), y_(y), metric_(metric), patience_(patience), local_(y.count(), no_node) {}

    // After the deadline it stops, with a plan that is feasible but not settled.
    Improved solve(std::span<const Node> sources, const ShippingPlan& plan, const Duals& duals,
                   Clock::time_point deadline) {
        deadline_ = deadline;
        return solve_within(sources, plan, duals);
    }

private:
    // Up to this many pairs, all are arcs: pricing them costs less than choosing among them.
    static constexpr std::int64_t few_pairs = 1 << 16;
    static constexpr std::int64_t arcs_per_source = 4;
    static constexpr std::int64_t arcs_per_target = 2;
    static constexpr std::int64_t arcs_per_round = 2;
    static constexpr std::int64_t pivots_between_clocks = 1024;
    static constexpr double negligible = 1e-12;  // violation relative to the potential

    Improved solve_within(std::span<const Node> sources, const ShippingPlan& plan,
                          const Duals& duals) {
        Improved improved;
        gather(sources, plan, improved);
        const auto n = static_cast<std::int64_t>(source_.size());
        const auto m = static_cast<std::int64_t>(improved.targets.size());
        if (n > 1 && m > 1) {
            Network network;
            network.n_sources = static_cast<Node>(n);
            network.n_targets = static_cast<Node>(m);
            Duals local = take_duals(improved.targets, duals);
            const bool all = n * m <= few_pairs;
            ends_.clear();
            if (all)
                add_all_pairs(network, improved.targets);
            else
                add_candidates(network, improved.targets, local);
            Forest forest(network);
            for (const Sent& s : sent_) forest.add(arc_of(s, all ? m : 0), s.mass);
            forest.drop_empty();
            Simplex simplex(network, forest.links(), local);
            bool in_time = run(simplex);
            improved.settled = in_time && all;
            for (int round = 0; in_time && !improved.settled && round < patience_; ++round) {
                read_duals(simplex, local);
                const Arc first_new = network.n_arcs();
                add_violated(network, improved.targets, local);
                improved.settled = network.n_arcs() == first_new;
                if (improved.settled) break;
                simplex.accept_new_arcs(first_new);
                in_time = run(simplex);
            }
            read_duals(simplex, local);
            align(local, duals, improved);
            read_plan(simplex, improved);
        } else {
            keep(sources, plan, duals, improved);
        }
        for (Node j : improved.targets) local_[j] = no_node;
        return improved;
    }

    using Ends = std::pair<Node, Node>;  // local

    [[nodiscard]] bool run(Simplex& simplex) const {
        while (simplex.run(pivots_between_clocks) != Status::optimal)
            if (Clock::now() >= deadline_) return false;
        return true;
    }

    struct Sent {
        Node source, target;  // local
        Mass mass;
    };

    void gather(std::span<const Node> sources, const ShippingPlan& plan, Improved& improved) {
        const auto n = static_cast<std::int64_t>(sources.size());
        const std::int64_t step = golden_step(n);
        source_.resize(n);
        place_.resize(n);
        sent_.clear();
        for (std::int64_t k = 0, p = 0; k < n; ++k, p = (p + step) % n) {
            source_[k] = sources[p];
            place_[p] = static_cast<Node>(k);
            for (const Shipment& s : plan.of(sources[p])) {
                Node& j = local_[s.target];
                if (j == no_node) {
                    j = static_cast<Node>(improved.targets.size());
                    improved.targets.push_back(s.target);
                    improved.received.push_back(0);
                }
                improved.received[j] += s.mass;
                sent_.push_back({static_cast<Node>(k), j, s.mass});
            }
        }
    }

    [[nodiscard]] Duals take_duals(std::span<const Node> targets, const Duals& duals) const {
        Duals local{std::vector<Cost>(source_.size()), std::vector<Cost>(targets.size()), true};
        for (std::size_t i = 0; i < source_.size(); ++i) local.u[i] = duals.u[source_[i]];
        for (std::size_t j = 0; j < targets.size(); ++j) local.v[j] = duals.v[targets[j]];
        return local;
    }

    void add_all_pairs(Network& network, std::span<const Node> targets) {
        std::vector<Ends> pairs;
        pairs.reserve(source_.size() * targets.size());
        for (Node i = 0; i < network.n_sources; ++i)
            for (Node j = 0; j < network.n_targets; ++j) pairs.emplace_back(i, j);
        add_pairs(network, targets, pairs);
    }

    // Adds the arcs of the plan and those of least reduced cost from either side, sorted.
    void add_candidates(Network& network, std::span<const Node> targets, const Duals& local) {
        std::vector<Ends> pairs;
        pairs.reserve(sent_.size() + arcs_per_source * source_.size() +
                      arcs_per_target * targets.size());
        for (const Sent& s : sent_) pairs.emplace_back(s.source, s.target);
        gather_points(y_, targets, y_local_);
        gather_points(x_, source_, x_local_);
        y_index_.emplace(y_local_, y_.d, metric_, 1);
        search(*y_index_, local.v, x_local_, {}, arcs_per_source,
               [&](Node i, Node j) { pairs.emplace_back(i, j); });
        search(NearestIndex(x_local_, x_.d, metric_, 1), local.u, y_local_, {}, arcs_per_target,
               [&](Node j, Node i) { pairs.emplace_back(i, j); });
        std::sort(pairs.begin(), pairs.end());
        pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
        add_pairs(network, targets, pairs);
    }

    void add_violated(Network& network, std::span<const Node> targets, const Duals& local) {
        std::vector<Ends> pairs;
        std::vector<Cost> limit(local.u);
        for (Cost& u : limit) u -= negligible * std::abs(u);
        search(*y_index_, local.v, x_local_, limit, arcs_per_round,
               [&](Node i, Node j) { pairs.emplace_back(i, j); });
        add_pairs(network, targets, pairs);
    }

    void add_pairs(Network& network, std::span<const Node> targets, std::span<const Ends> pairs) {
        network.reserve(pairs.size());
        with_metric(metric_, [&](const auto& m) {
            for (const auto& [i, j] : pairs) {
                network.tail.push_back(i);
                network.head.push_back(network.n_sources + j);
                network.cost.push_back(cost_of_pair(m, x_.at(source_[i]), y_.at(targets[j]), x_.d));
            }
        });
        ends_.insert(ends_.end(), pairs.begin(), pairs.end());
    }

    static void gather_points(const Cloud& cloud, std::span<const Node> which,
                              std::vector<double>& out) {
        out.resize(which.size() * cloud.d);
        for (std::size_t k = 0; k < which.size(); ++k)
            std::copy_n(cloud.at(which[k]), cloud.d, out.begin() + k * cloud.d);
    }

    // Calls found(p, q) for the k points q of least cost - dual[q], below the limit of p if there
    // is one.
    template <class Found>
    void search(const NearestIndex& index, const std::vector<Cost>& dual,
                std::span<const double> from, std::span<const Cost> limit, std::int64_t k,
                Found&& found) {
        std::vector<double> offset(dual.size());
        for (std::size_t q = 0; q < dual.size(); ++q) offset[q] = -dual[q];
        const auto count = static_cast<std::int64_t>(from.size()) / x_.d;
        near_.resize(count * k);
        near_costs_.resize(count * k);
        index.query({from, count, k, offset, limit, 1, Ties::loose}, {near_, near_costs_});
        for (std::int64_t p = 0; p < count; ++p)
            for (std::int64_t at = p * k; at < (p + 1) * k && near_[at] >= 0; ++at)
                found(static_cast<Node>(p), static_cast<Node>(near_[at]));
    }

    // The local arc of a shipment. The first arcs include those of the plan and are sorted. m > 0:
    // all pairs are arcs, m per row.
    [[nodiscard]] Arc arc_of(const Sent& s, std::int64_t m) const {
        if (m > 0) return s.source * m + s.target;
        return std::lower_bound(ends_.begin(), ends_.end(), Ends(s.source, s.target)) -
               ends_.begin();
    }

    static void read_duals(const Simplex& simplex, Duals& local) {
        const auto n = static_cast<Node>(local.u.size());
        for (Node i = 0; i < n; ++i) local.u[i] = -simplex.potential(i);
        for (std::size_t j = 0; j < local.v.size(); ++j)
            local.v[j] = simplex.potential(n + static_cast<Node>(j));
    }

    // Inside a domain potentials matter only up to a constant. It is chosen so that the mean of v,
    // weighted by mass, stays the same, which keeps neighbouring domains consistent with each
    // other.
    void align(const Duals& local, const Duals& duals, Improved& improved) const {
        double shift = 0.0, total = 0.0;
        for (std::size_t j = 0; j < improved.targets.size(); ++j) {
            const auto weight = static_cast<double>(improved.received[j]);
            shift += weight * (duals.v[improved.targets[j]] - local.v[j]);
            total += weight;
        }
        shift /= total;
        improved.u.resize(place_.size());
        for (std::size_t p = 0; p < place_.size(); ++p) improved.u[p] = local.u[place_[p]] - shift;
        improved.v = local.v;
        for (Cost& v : improved.v) v += shift;
    }

    void read_plan(const Simplex& simplex, Improved& improved) const {
        const std::size_t n = source_.size();
        improved.first.assign(n + 1, 0);
        std::vector<std::int64_t> count(n, 0);  // by local number
        simplex.for_each_basic_arc([&](Arc e, Mass flow) { count[ends_[e].first] += flow > 0; });
        for (std::size_t p = 0; p < n; ++p)
            improved.first[p + 1] = improved.first[p] + count[place_[p]];
        for (std::size_t p = 0; p < n; ++p) count[place_[p]] = improved.first[p];
        improved.shipments.resize(improved.first[n]);
        simplex.for_each_basic_arc([&](Arc e, Mass flow) {
            const auto [i, j] = ends_[e];
            if (flow > 0) improved.shipments[count[i]++] = {improved.targets[j], flow};
        });
    }

    // One source or one target: there is only one plan, and its potentials need no simplex.
    void keep(std::span<const Node> sources, const ShippingPlan& plan, const Duals& duals,
              Improved& improved) const {
        const auto cost = [&](Node i, Node j) {
            return with_metric(
                metric_, [&](const auto& m) { return cost_of_pair(m, x_.at(i), y_.at(j), x_.d); });
        };
        improved.first.assign(1, 0);
        for (Node i : sources) {
            const auto row = plan.of(i);
            improved.shipments.insert(improved.shipments.end(), row.begin(), row.end());
            improved.first.push_back(static_cast<std::int64_t>(improved.shipments.size()));
            improved.u.push_back(duals.u[i]);
        }
        for (Node j : improved.targets) improved.v.push_back(duals.v[j]);
        if (improved.targets.size() == 1)
            for (std::size_t p = 0; p < sources.size(); ++p)
                improved.u[p] = cost(sources[p], improved.targets[0]) - improved.v[0];
        else
            for (std::size_t j = 0; j < improved.targets.size(); ++j)
                improved.v[j] = cost(sources[0], improved.targets[j]) - improved.u[0];
    }

    Cloud x_, y_;
    Metric metric_;
    int patience_;
    Clock::time_point deadline_;
    std::vector<Node> local_;   // target -> local number; all no_node between solves
    std::vector<Node> source_;  // local number -> source
    std::vector<Node> place_;   // position in the list of sources -> local number
    std::vector<Sent> sent_;
    std::vector<Ends> ends_;  // of every arc, as the simplex renumbers those of the network
    std::vector<double> x_local_, y_local_;
    std::optional<NearestIndex> y_index_;
    std::vector<std::int64_t> near_;
    std::vector<double> near_costs_;
};

}  // namespace sparse_ot
