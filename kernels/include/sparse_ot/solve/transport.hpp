// One live transportation problem: masses, arcs, basis. What the bindings hold.
//
// Order of calls: construct with masses, add_arcs as often as wanted, start, run as often as
// wanted; between runs arcs may be added and dropped, the basis lives on. A fault in the numbers is
// kept and stops everything after it. Nothing here throws on bad numbers, prints, or knows Python.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/matrix/pool.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/simplex/network_simplex.hpp"
#include "sparse_ot/starts/arc_order.hpp"
#include "sparse_ot/starts/balanced_parts.hpp"
#include "sparse_ot/starts/max_flow.hpp"
#include "sparse_ot/starts/place_masses.hpp"

namespace sparse_ot {

struct HallViolation {
    std::vector<std::int64_t> sources;
    std::vector<std::int64_t> targets;
    double supply = 0.0;
    double demand = 0.0;
};

class Transport {
public:
    Transport(std::span<const double> a, std::span<const double> b, double totals_tolerance)
        : masses_(quantise(a, b, totals_tolerance)), fault_(masses_.fault) {
        network_.n_sources = static_cast<Node>(a.size());
        network_.n_targets = static_cast<Node>(b.size());
    }

    [[nodiscard]] const Fault& fault() const { return fault_; }
    [[nodiscard]] const HallViolation& violation() const { return violation_; }
    [[nodiscard]] const Network& network() const { return network_; }
    [[nodiscard]] double quantisation_error() const { return masses_.quantisation_error; }
    [[nodiscard]] SimplexStats stats() const {
        return simplex_ ? simplex_->stats() : SimplexStats{};
    }
    [[nodiscard]] bool started() const { return simplex_ != nullptr; }

    template <class Index>
    void add_arcs(std::span<const Index> rows, std::span<const Index> cols,
                  std::span<const Cost> costs) {
        if (fault_) return;
        const Arc first_new = network_.n_arcs();
        fault_ = network_.append(rows, cols, costs);
        // The arcs before a faulty one are in; the fault stops everything else.
        if (simplex_) simplex_->accept_new_arcs(first_new);
    }

    // Every pair of a matrix, before start and instead of add_arcs. A small matrix becomes arcs
    // at once; a large one is only looked at, and must stay where it is.
    void add_matrix(std::span<const Cost> costs) {
        if (fault_) return;
        if (costs.size() <= small_matrix) {
            fault_ = network_.append_matrix(costs);
            return;
        }
        matrix_ = {costs, network_.n_sources, network_.n_targets};
        network_.n_given = static_cast<Arc>(costs.size());
        fault_ = check_matrix(matrix_);
    }

    // Decides feasibility, then builds the first basis. False: see violation().
    bool start(std::span<const Cost> u, std::span<const Cost> v) {
        fault_ = check_potentials(u, v);
        if (fault_) return false;
        const bool cold = u.empty();
        Duals duals{{u.begin(), u.end()}, {v.begin(), v.end()}, true};
        if (has_matrix()) {
            if (cold) duals = reduce_costs(matrix_);
            add_entries(least_entries(matrix_, duals, entries_at_start));
        } else if (cold) {
            duals = reduce_costs(network_);
        }
        mix_arcs(network_);
        std::vector<Mass> flow(network_.n_arcs(), 0);
        std::vector<Mass> left = supplies();
        if (!cold || !place_by_auction(network_, duals, flow, left))
            place_in_stages(network_, duals, flow, left);
        while (std::any_of(left.begin(), left.end(), [](Mass x) { return x > 0; })) {
            MaxFlow max_flow(network_, flow, left);
            if (max_flow.run()) break;
            const std::vector<char> reached = max_flow.reached();
            if (!add_escapes(duals, reached)) {
                const std::vector<Mass> mass = supplies();
                const double off = masses_.rounded ? 1.0 : 0.0;
                if (parts_are_balanced(network_, mass, reached, off) &&
                    parts_are_balanced(network_, mass, max_flow.reaching(), off)) {
                    drop(left);
                    break;
                }
                record_violation(reached);
                return false;
            }
            flow.resize(network_.n_arcs(), 0);
        }
        Forest forest(network_);
        for (Arc e = 0; e < network_.n_arcs(); ++e)
            if (flow[e] > 0) forest.add(e, flow[e]);
        forest.drop_empty();
        simplex_ = std::make_unique<NetworkSimplex<>>(network_, forest.links(), duals);
        return true;
    }

    // Starts from a plan in integers, an entry for every arc given, that is feasible for the
    // perturbed masses (quantise, then perturb); the potentials say where its trees hang relative
    // to each other. False: it is not feasible. Arcs only, no matrix.
    bool start_from_plan(std::span<const Mass> plan, std::span<const Cost> u,
                         std::span<const Cost> v) {
        fault_ = check_potentials(u, v);
        if (fault_) return false;
        mix_arcs(network_);
        const Duals duals{{u.begin(), u.end()}, {v.begin(), v.end()}, true};
        return start_from([&](Arc e) { return plan[network_.given_index(e)]; }, duals);
    }

    // The same for a matrix, from a plan on a few of its entries (indices into the matrix, each
    // once). False, and nothing has happened, if it is not feasible or sends mass along +inf.
    bool start_from_entries(std::span<const std::int64_t> entries, std::span<const Mass> plan,
                            std::span<const Cost> u, std::span<const Cost> v) {
        fault_ = check_potentials(u, v);
        if (fault_ || !has_matrix()) return false;
        std::vector<std::pair<std::int64_t, Mass>> carried;
        for (std::size_t k = 0; k < entries.size(); ++k) {
            if (matrix_.costs[entries[k]] == std::numeric_limits<Cost>::infinity()) return false;
            carried.emplace_back(entries[k], plan[k]);
        }
        std::sort(carried.begin(), carried.end());
        const Duals duals{{u.begin(), u.end()}, {v.begin(), v.end()}, true};
        std::vector<std::int64_t> pool = least_entries(matrix_, duals, entries_beside_plan);
        pool.insert(pool.end(), entries.begin(), entries.end());
        detail::sort_unique(pool);
        add_entries(pool);
        mix_arcs(network_);
        const bool started = start_from(
            [&](Arc e) {
                const auto at = std::lower_bound(
                    carried.begin(), carried.end(),
                    std::pair{network_.given_index(e), std::numeric_limits<Mass>::min()});
                return at != carried.end() && at->first == network_.given_index(e) ? at->second : 0;
            },
            duals);
        if (!started) network_.clear();
        return started;
    }

    // Forgets the arcs given that keep, an entry for each, does not mark. The basis lives on, so
    // the basic arcs are marked as well. Places in the list of arcs given close up. No matrix.
    void retain(std::span<std::uint8_t> keep) { simplex_->retain(keep); }

    // The same for all but the `most` arcs of least reduced cost.
    void shrink(Arc most) { simplex_->shrink(most); }

    Status run(std::int64_t max_pivots, double seconds) {
        using Clock = std::chrono::steady_clock;
        const auto begin = Clock::now();
        while (max_pivots > 0) {
            const std::int64_t chunk = std::min<std::int64_t>(max_pivots, pivots_between_clocks);
            const std::int64_t before = simplex_->stats().pivots;
            if (simplex_->run(chunk) == Status::optimal && !add_violated()) return Status::optimal;
            max_pivots -= simplex_->stats().pivots - before;
            if (std::chrono::duration<double>(Clock::now() - begin).count() >= seconds)
                return Status::time_limit;
        }
        return Status::pivot_limit;
    }

    // The arcs given, where none was forbidden or padding; in the order given.
    template <class Index>
    void write_arcs(std::span<Index> rows, std::span<Index> cols, std::span<Cost> costs) const {
        simplex_->write_arcs(rows, cols, costs);
    }

    // Cost of the plan.
    [[nodiscard]] double value() const {
        double sum = 0.0;
        simplex_->for_each_basic_arc(
            [&](Arc e, Mass flow) { sum += network_.cost[e] * masses_.mass_of(flow); });
        return sum;
    }

    // Mass on every arc given, in the order given.
    void write_flow(std::span<double> out) const {
        std::fill(out.begin(), out.end(), 0.0);
        write_flow_into_zeros(out);
    }

    // The same where all is zero already, as in memory fresh from the system: what carries nothing
    // is not touched, which counts where the arcs are all entries of a matrix.
    void write_flow_into_zeros(std::span<double> out) const {
        simplex_->for_each_basic_arc(
            [&](Arc e, Mass flow) { out[network_.given_index(e)] = masses_.mass_of(flow); });
    }

    // The arcs given that carry mass, in the order given, and how much.
    [[nodiscard]] std::pair<std::vector<std::int64_t>, std::vector<double>> support() const {
        std::vector<std::pair<std::int64_t, double>> found;
        simplex_->for_each_basic_arc([&](Arc e, Mass flow) {
            if (const double mass = masses_.mass_of(flow); mass > 0.0)
                found.emplace_back(network_.given_index(e), mass);
        });
        std::sort(found.begin(), found.end());
        std::vector<std::int64_t> arcs;
        std::vector<double> mass;
        for (const auto& [arc, carried] : found) {
            arcs.push_back(arc);
            mass.push_back(carried);
        }
        return {std::move(arcs), std::move(mass)};
    }

    // The flow in integers, as start_from_plan takes it.
    void write_plan(std::span<Mass> out) const {
        std::fill(out.begin(), out.end(), Mass{0});
        simplex_->for_each_basic_arc(
            [&](Arc e, Mass flow) { out[network_.given_index(e)] = flow; });
    }

    void write_potentials(std::span<double> u, std::span<double> v) const {
        for (std::size_t i = 0; i < u.size(); ++i)
            u[i] = -simplex_->potential(static_cast<Node>(i));
        for (std::size_t j = 0; j < v.size(); ++j)
            v[j] = simplex_->potential(network_.n_sources + static_cast<Node>(j));
    }

    [[nodiscard]] bool check_invariants() const { return simplex_->check_invariants(supplies()); }

private:
    // From the plan that flow_of(arc) tells, if it fits the perturbed masses.
    template <class FlowOf>
    bool start_from(FlowOf&& flow_of, const Duals& duals) {
        Masses masses = masses_;
        perturb(masses);
        std::vector<Mass> left = supplies(masses);
        std::vector<Mass> plan(network_.n_arcs());
        for (Arc e = 0; e < network_.n_arcs(); ++e) {
            plan[e] = flow_of(e);
            if (plan[e] < 0) return false;
            left[network_.tail[e]] -= plan[e];
            left[network_.head[e]] -= plan[e];
        }
        if (std::any_of(left.begin(), left.end(), [](Mass x) { return x != 0; })) return false;
        masses_ = std::move(masses);
        Forest forest(network_);
        for (Arc e = 0; e < network_.n_arcs(); ++e)
            if (plan[e] > 0) forest.add(e, plan[e]);
        forest.drop_empty();
        simplex_ = std::make_unique<NetworkSimplex<>>(network_, forest.links(), duals);
        return true;
    }

    static constexpr std::int64_t pivots_between_clocks = 256;
    // Figures of the pool that a large matrix is solved through (benchmarks/NOTES.md).
    static constexpr std::size_t small_matrix = 1024;
    static constexpr std::size_t entries_at_start = 6;
    static constexpr std::size_t entries_per_round = 3;
    static constexpr std::size_t entries_beside_plan = 4;

    [[nodiscard]] bool has_matrix() const { return !matrix_.costs.empty(); }

    void add_entries(const std::vector<std::int64_t>& entries) {
        for (std::int64_t e : entries)
            network_.append_entry(e / matrix_.m, e % matrix_.m, matrix_.costs[e], e);
    }

    bool add_escapes(const Duals& duals, const std::vector<char>& reached) {
        if (!has_matrix()) return false;
        const auto entries = escaping_entries(matrix_, duals, reached, entries_per_round);
        add_entries(entries);
        return !entries.empty();
    }

    // The pool is solved: looks through the matrix for arcs that would still improve the plan.
    bool add_violated() {
        if (!has_matrix()) return false;
        Duals duals{std::vector<Cost>(matrix_.n), std::vector<Cost>(matrix_.m)};
        write_potentials(duals.u, duals.v);
        const auto entries = violated_entries(matrix_, duals, simplex_->slack(), entries_per_round);
        if (entries.empty()) return false;
        const Arc first_new = network_.n_arcs();
        add_entries(entries);
        simplex_->accept_new_arcs(first_new);
        return true;
    }

    [[nodiscard]] std::vector<Mass> supplies() const { return supplies(masses_); }

    static std::vector<Mass> supplies(const Masses& masses) {
        std::vector<Mass> all(masses.supply);
        all.insert(all.end(), masses.demand.begin(), masses.demand.end());
        return all;
    }

    static Fault check_potentials(std::span<const Cost> u, std::span<const Cost> v) {
        for (const auto& [x, kind] :
             {std::pair{u, FaultKind::non_finite_u}, std::pair{v, FaultKind::non_finite_v}})
            for (std::size_t k = 0; k < x.size(); ++k)
                if (!std::isfinite(x[k])) return {kind, static_cast<std::int64_t>(k), x[k], 0.0};
        return {};
    }

    // Takes leftovers that are only rounding out of the masses; both sides lose the same.
    void drop(const std::vector<Mass>& left) {
        const double total = static_cast<double>(
            std::accumulate(masses_.supply.begin(), masses_.supply.end(), Mass{0}));
        const auto n = static_cast<std::size_t>(network_.n_sources);
        for (std::size_t x = 0; x < left.size(); ++x) {
            (x < n ? masses_.supply[x] : masses_.demand[x - n]) -= left[x];
            masses_.quantisation_error =
                std::max(masses_.quantisation_error, static_cast<double>(left[x]) / total);
        }
    }

    void record_violation(const std::vector<char>& reached) {
        violation_ = {};
        Mass supply = 0, demand = 0;
        for (Node i = 0; i < network_.n_sources; ++i)
            if (reached[i]) {
                violation_.sources.push_back(i);
                supply += masses_.supply[i];
            }
        for (Node j = 0; j < network_.n_targets; ++j)
            if (reached[network_.n_sources + j]) {
                violation_.targets.push_back(j);
                demand += masses_.demand[j];
            }
        violation_.supply = static_cast<double>(supply) * masses_.unit;
        violation_.demand = static_cast<double>(demand) * masses_.unit;
    }

    Masses masses_;
    Fault fault_;
    Network network_;
    CostMatrix matrix_;
    HallViolation violation_;
    std::unique_ptr<NetworkSimplex<>> simplex_;
};

}  // namespace sparse_ot
