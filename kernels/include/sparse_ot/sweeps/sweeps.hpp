// Improves a feasible plan by exact solves of many small, independent problems.
//
// The cost of a pivot grows with the size of its tree: about 2 microseconds with 500 nodes,
// hundreds with a million. Most pivots should therefore be made on small trees. A sweep cuts the
// sources into cells and solves each cell, together with the targets it now sends to, with both
// marginals fixed (sweeps/cell_problem.hpp). The cost never rises. The next sweep cuts elsewhere.
// Later sweeps have larger cells, whose only work is what the smaller ones could not see. In the
// end the plan is so near the optimum that the simplex on the whole problem needs few pivots.
//
// Cells share no sources, and none changes the shipments of another. They are solved on threads and
// their answers are stored in the order of the cells, so the plan is the same for any number of
// threads. Potentials are updated along with the plan: a target used by several cells gets the mean
// of its potentials there, weighted by mass.
//
// The sources should be the side with more points, so that cells are small on both sides. Equal
// masses should be perturbed (base/masses.hpp); otherwise most pivots are degenerate.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/threads.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/random_cells.hpp"
#include "sparse_ot/sweeps/cell_problem.hpp"

namespace sparse_ot {

class DomainSweeps {
public:
    DomainSweeps(Cloud x, Cloud y, const Metric& metric, ShippingPlan plan, Duals duals)
        : x_(x), y_(y), metric_(metric), plan_(std::move(plan)), duals_(std::move(duals)) {}

    // Cuts new cells of at most `most` sources. `run` then solves them, with at most `patience`
    // rounds of pricing in each.
    void cut(std::int64_t most, std::uint64_t seed, int patience) {
        patience_ = patience;
        cells_ = CellCutter(x_, most, seed).cut();
        improved_.assign(cells_.count(), {});
        done_ = 0;
    }

    // Solves cells until all are done or `seconds` have passed. A cell that has begun is finished,
    // unless `patience_seconds` pass first: then it stops early, with a feasible plan. Returns true
    // once all cells are done and the new plan is in place. Calling `cut` before that abandons the
    // sweep, and the plan is unchanged.
    bool run(int threads, double seconds, double patience_seconds) {
        using Clock = DomainSolver::Clock;
        const Clock::time_point slice_end = after(seconds), deadline = after(patience_seconds);
        const std::int64_t from = done_;
        std::vector<char> solved(cells_.count() - from, 0);
        for_each_piece(cells_.count() - from, threads, [&] {
            return [&, solver = DomainSolver(x_, y_, metric_, patience_)](std::int64_t k) mutable {
                if (k > 0 && Clock::now() >= slice_end) return;
                improved_[from + k] = solver.solve(cells_.of(from + k), plan_, duals_, deadline);
                solved[k] = 1;
            };
        });
        // Pieces are handed out in order; cells solved beyond the first gap are solved again.
        while (done_ < cells_.count() && solved[done_ - from]) ++done_;
        if (done_ < cells_.count()) return false;
        put_in_place();
        return true;
    }

    [[nodiscard]] const ShippingPlan& plan() const { return plan_; }
    [[nodiscard]] const Duals& duals() const { return duals_; }

    // Whether no pair inside any cell of the last sweep violates the potentials of that cell.
    [[nodiscard]] bool settled() const { return settled_; }

private:
    static DomainSolver::Clock::time_point after(double seconds) {
        using Clock = DomainSolver::Clock;
        constexpr double a_year = 3e7;  // a clock cannot hold infinity
        const std::chrono::duration<double> wait(std::clamp(seconds, 0.0, a_year));
        return Clock::now() + std::chrono::duration_cast<Clock::duration>(wait);
    }

    void put_in_place() {
        ShippingPlan plan;
        plan.first.assign(plan_.first.size(), 0);
        for (std::int64_t c = 0; c < cells_.count(); ++c) {
            const auto sources = cells_.of(c);
            const auto& first = improved_[c].first;
            for (std::size_t p = 0; p < sources.size(); ++p)
                plan.first[sources[p] + 1] = first[p + 1] - first[p];
        }
        for (std::size_t i = 1; i < plan.first.size(); ++i) plan.first[i] += plan.first[i - 1];
        plan.shipments.resize(plan.first.back());
        std::vector<Cost> v(duals_.v.size(), 0.0);
        std::vector<double> weight(duals_.v.size(), 0.0);
        settled_ = true;
        for (std::int64_t c = 0; c < cells_.count(); ++c) {
            const auto sources = cells_.of(c);
            const Improved& cell = improved_[c];
            for (std::size_t p = 0; p < sources.size(); ++p) {
                std::copy(cell.shipments.begin() + cell.first[p],
                          cell.shipments.begin() + cell.first[p + 1],
                          plan.shipments.begin() + plan.first[sources[p]]);
                duals_.u[sources[p]] = cell.u[p];
            }
            for (std::size_t j = 0; j < cell.targets.size(); ++j) {
                const auto mass = static_cast<double>(cell.received[j]);
                v[cell.targets[j]] += mass * cell.v[j];
                weight[cell.targets[j]] += mass;
            }
            settled_ = settled_ && cell.settled;
        }
        for (std::size_t j = 0; j < v.size(); ++j)
            if (weight[j] > 0.0) duals_.v[j] = v[j] / weight[j];
        plan_ = std::move(plan);
        improved_.clear();
    }

    Cloud x_, y_;
    Metric metric_;
    ShippingPlan plan_;
    Duals duals_;
    Cells cells_;
    int patience_ = 1;
    std::vector<Improved> improved_;  // by cell
    std::int64_t done_ = 0;           // so far, the first `done_` cells are solved
    bool settled_ = false;
};

}  // namespace sparse_ot
