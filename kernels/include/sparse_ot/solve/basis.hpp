// A live basis: a feasible plan on a tree, its potentials, and the arcs that may still enter.
//
// Only `Instance::start` and `Instance::start_from` make one, so a basis always has a plan. It runs
// up to the limits given and is valid between runs: arcs may be added and dropped, plan and
// potentials be read at any time. If the arcs are a matrix too large to list, a run includes passes
// over the matrix (matrix/pool.hpp).
//
// Integers inside, the caller's masses outside: an optimal basis is settled (solve/settle.hpp)
// before it is called so.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/given_masses.hpp"
#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/matrix/pool.hpp"
#include "sparse_ot/simplex/check_invariants.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/simplex/network_simplex.hpp"
#include "sparse_ot/solve/hall_violation.hpp"
#include "sparse_ot/solve/settle.hpp"

namespace sparse_ot {

// The arcs that carry mass, by place in the given list, ascending, and their masses.
struct Support {
    std::vector<std::int64_t> arcs;
    std::vector<double> mass;
};

class Basis {
public:
    Basis(std::unique_ptr<Network> network, std::shared_ptr<const GivenMasses> given, Masses masses,
          std::optional<MatrixPool> pool, const Forest& forest, const Duals& duals,
          SolveListed solve_listed)
        : network_(std::move(network)),
          given_(std::move(given)),
          masses_(std::move(masses)),
          pool_(pool),
          simplex_(*network_, forest.links(), duals),
          solve_listed_(solve_listed) {}

    // Pivots until no arc would improve the plan, or a limit is reached.
    Status run(std::int64_t max_pivots, double seconds) {
        using Clock = std::chrono::steady_clock;
        const auto begin = Clock::now();
        settled_.reset();
        while (max_pivots > 0) {
            const std::int64_t chunk = std::min(max_pivots, pivots_between_clocks);
            const std::int64_t before = stats().pivots;
            if (simplex_.run(chunk) == Status::optimal && !add_violated()) {
                if (!settle_optimum()) return Status::optimal;
            }
            max_pivots -= stats().pivots - before;
            if (std::chrono::duration<double>(Clock::now() - begin).count() >= seconds)
                return Status::time_limit;
        }
        return Status::pivot_limit;
    }

    // Adds arcs; if one is faulty, only those before it.
    template <class Index>
    Fault add_arcs(std::span<const Index> rows, std::span<const Index> cols,
                   std::span<const Cost> costs) {
        const Arc first_new = network_->n_arcs();
        const Fault fault = network_->append(rows, cols, costs);
        simplex_.accept_new_arcs(first_new);
        return fault;
    }

    // Drops the given arcs that `keep`, with one entry per given arc, does not mark. The arcs of
    // the basis and of the plan are marked here as well, so that both stay valid. Places in the
    // list of given arcs close up. Not for a matrix.
    void retain(std::span<std::uint8_t> keep) {
        if (settled_)
            for (const CarryingArc& e : settled_->plan) keep[network_->given_index(e.arc)] = 1;
        const std::vector<Arc> renamed = simplex_.retain(keep);
        if (settled_)
            for (CarryingArc& e : settled_->plan) e.arc = renamed[e.arc];
    }

    // The same, keeping the `most` arcs of least reduced cost.
    void shrink(Arc most) {
        if (most >= network_->n_arcs()) return;
        std::vector<std::uint8_t> keep = simplex_.least_reduced(most);
        retain(keep);
    }

    // A mass that an optimal basis cannot place on the arcs so far, because it is too light next to
    // the others, and the starved nodes if their masses show it.
    [[nodiscard]] Fault misfit() const { return settled_ ? settled_->fault : Fault{}; }
    [[nodiscard]] std::optional<HallViolation> starved() const {
        return settled_ ? settled_->violation : std::nullopt;
    }

    [[nodiscard]] const Network& network() const { return *network_; }
    [[nodiscard]] const SimplexStats& stats() const { return simplex_.stats(); }
    [[nodiscard]] double quantisation_error() const { return masses_.quantisation_error; }

    // Writes the given arcs in the given order, provided that none was forbidden or padding.
    template <class Index>
    void write_arcs(std::span<Index> rows, std::span<Index> cols, std::span<Cost> costs) const {
        simplex_.write_arcs(rows, cols, costs);
    }

    // Cost of the plan.
    [[nodiscard]] double value() const {
        CompensatedSum sum;
        if (settled_)
            for (const CarryingArc& e : settled_->plan)
                sum.add_product(network_->cost[e.arc], e.flow);
        else
            simplex_.for_each_basic_arc([&](Arc e, Mass flow) {
                sum.add_product(network_->cost[e], masses_.mass_of(flow));
            });
        return sum.total();
    }

    // The plan in the caller's masses, and the demands that it meets. Valid until the next run.
    [[nodiscard]] const Settled& plan() const {
        if (settled_) return *settled_;
        Settled& plan = settled_.emplace();
        if (masses_.rounded) {
            const ForestFlow forest = plain_plan(simplex_, given_->a(), masses_);
            plan.plan = forest.arcs();
            plan.b = forest.demands();
        } else {
            plan.plan = detail::carrying_arcs(simplex_, masses_);
            plan.b = masses_.b;
        }
        return plan;
    }

    // The mass that a plan puts on every given arc, in the given order.
    void write_flow(const Settled& plan, std::span<double> out) const {
        std::fill(out.begin(), out.end(), 0.0);
        write_flow_into_zeros(plan, out);
    }

    // The same for memory that is zero already, such as pages fresh from the system: arcs that
    // carry nothing are not touched, which saves time if the arcs are all entries of a matrix.
    void write_flow_into_zeros(const Settled& plan, std::span<double> out) const {
        for (const CarryingArc& e : plan.plan) out[network_->given_index(e.arc)] = e.flow;
    }

    [[nodiscard]] Support support(const Settled& plan) const {
        std::vector<std::pair<std::int64_t, double>> found;
        for (const CarryingArc& e : plan.plan)
            found.emplace_back(network_->given_index(e.arc), e.flow);
        std::sort(found.begin(), found.end());
        Support support;
        for (const auto& [arc, mass] : found) {
            support.arcs.push_back(arc);
            support.mass.push_back(mass);
        }
        return support;
    }

    void write_potentials(std::span<double> u, std::span<double> v) const {
        if (settled_ && settled_->duals) {
            std::copy(settled_->duals->u.begin(), settled_->duals->u.end(), u.begin());
            std::copy(settled_->duals->v.begin(), settled_->duals->v.end(), v.begin());
            return;
        }
        for (std::size_t i = 0; i < u.size(); ++i) u[i] = -simplex_.potential(static_cast<Node>(i));
        for (std::size_t j = 0; j < v.size(); ++j)
            v[j] = simplex_.potential(network_->n_sources + static_cast<Node>(j));
    }

    [[nodiscard]] bool check_invariants() const {
        return sparse_ot::check_invariants(simplex_, masses_of_nodes(masses_));
    }

private:
    static constexpr std::int64_t pivots_between_clocks = 256;

    [[nodiscard]] Duals duals() const {
        Duals duals{std::vector<Cost>(network_->n_sources), std::vector<Cost>(network_->n_targets)};
        write_potentials(duals.u, duals.v);
        return duals;
    }

    // Settles an optimal basis, unless the integers say all. Returns whether that showed arcs of
    // the matrix that would still improve the plan.
    bool settle_optimum() {
        if (is_plain(simplex_, masses_)) return false;
        for (const bool thorough : {false, true}) {
            settled_.reset();
            settled_ = settle(simplex_, given_->a(), masses_, duals(), given_->tolerance(),
                              solve_listed_, thorough);
            if (settled_->duals && add_violated()) {
                settled_.reset();
                return true;
            }
            if (!settled_->fault) break;
        }
        return false;
    }

    // After the pool is solved: adds entries of the matrix that would still improve the plan.
    bool add_violated() {
        if (!pool_) return false;
        const Duals duals = this->duals();
        const Arc first_new = network_->n_arcs();
        if (!pool_->add_violated(*network_, duals, simplex_.slack())) return false;
        simplex_.accept_new_arcs(first_new);
        return true;
    }

    std::unique_ptr<Network> network_;  // the simplex keeps a reference to it
    std::shared_ptr<const GivenMasses> given_;
    Masses masses_;
    std::optional<MatrixPool> pool_;
    Simplex simplex_;
    SolveListed solve_listed_;
    mutable std::optional<Settled> settled_;  // once it was asked for, until the basis runs again
};

}  // namespace sparse_ot
