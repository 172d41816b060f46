// A transportation problem before it is solved: masses, arcs, and the first fault in them.
//
// Add arcs, in any number of calls, or a matrix; then call `start`. It returns a basis to run, a
// proof that no plan exists, or a fault in the numbers. A basis takes over the arcs and leaves the
// instance empty. After a violation the instance stays usable: more arcs and another start may
// succeed. Nothing here throws on bad numbers, prints, or depends on Python.
//
// The first basis. Without anything given, costs are reduced by feasible duals, masses are placed
// on the cheapest arcs (starts/place_masses.hpp), and a maximum flow places the rest, which decides
// feasibility. Cancelling cycles makes the plan a forest (simplex/forest.hpp). Potentials, if
// given, serve as the duals. A given plan needs only the last step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/given_masses.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/matrix/pool.hpp"
#include "sparse_ot/simplex/forest.hpp"
#include "sparse_ot/solve/basis.hpp"
#include "sparse_ot/solve/hall_violation.hpp"
#include "sparse_ot/starts/arc_order.hpp"
#include "sparse_ot/starts/balanced_parts.hpp"
#include "sparse_ot/starts/max_flow.hpp"
#include "sparse_ot/starts/place_masses.hpp"

namespace sparse_ot {

// Dual variables u (n), v (m) to start from; both empty if there are none.
struct StartingDuals {
    std::span<const Cost> u, v;

    [[nodiscard]] bool none() const { return u.empty() && v.empty(); }
    [[nodiscard]] Duals copy() const { return {{u.begin(), u.end()}, {v.begin(), v.end()}, true}; }
};

// A flow in the integers of `GivenMasses::perturbed`: on all given arcs, or on these entries of a
// matrix, which are distinct.
struct StartingPlan {
    std::span<const std::int64_t> entries;
    std::span<const Mass> flow;
};

class Instance {
public:
    using Started = std::variant<Basis, HallViolation, Fault>;

    explicit Instance(std::shared_ptr<const GivenMasses> masses)
        : given_(std::move(masses)), fault_(given_->fault()), network_(new Network) {
        network_->n_sources = static_cast<Node>(given_->a().size());
        network_->n_targets = static_cast<Node>(given_->b().size());
    }

    // The first fault of the numbers given so far. After it, arcs and starts have no effect.
    [[nodiscard]] const Fault& fault() const { return fault_; }
    [[nodiscard]] const Network& network() const { return *network_; }

    // Adds arcs; if one is faulty, only those before it.
    template <class Index>
    void add_arcs(std::span<const Index> rows, std::span<const Index> cols,
                  std::span<const Cost> costs) {
        if (!fault_) fault_ = network_->append(rows, cols, costs);
    }

    // Adds every pair of a matrix, in place of add_arcs. A small matrix becomes arcs at once; a
    // large one is only referred to, and must stay where it is.
    void add_matrix(std::span<const Cost> costs) {
        if (fault_) return;
        if (costs.size() <= MatrixPool::small_matrix) {
            fault_ = network_->append_matrix(costs);
            return;
        }
        const CostMatrix matrix{costs, network_->n_sources, network_->n_targets};
        pool_.emplace(matrix);
        network_->n_given = static_cast<Arc>(costs.size());
        fault_ = check_matrix(matrix);
    }

    // Decides feasibility, and builds the first basis. `complete` says that no arc is missing; if
    // so, a part of the graph that no arc leaves may be off by the rounding of the caller's sums.
    Started start(const StartingDuals& given = {}, bool complete = true) {
        check(given);
        if (fault_) return fault_;
        const bool cold = given.none();
        Duals duals = !cold   ? given.copy()
                      : pool_ ? pool_->reduce_costs()
                              : reduce_costs(*network_);
        if (pool_) pool_->open(*network_, duals);
        mix_arcs(*network_);
        Masses masses = given_->plain();
        for (int rescaled = 0;; ++rescaled) {
            std::vector<Mass> flow(network_->n_arcs(), 0);
            std::vector<Mass> left = masses_of_nodes(masses);
            if (!cold || !place_by_auction(*network_, duals, flow, left))
                place_in_stages(*network_, duals, flow, left);
            const bool may_rescale = complete && rescaled < most_rescalings;
            Placing done = place_rest(duals, flow, left, masses, may_rescale);
            if (std::holds_alternative<Placed>(done))
                return basis_of(flow, std::move(masses), duals);
            if (auto* violation = std::get_if<HallViolation>(&done)) return std::move(*violation);
        }
    }

    // Starts from a feasible plan; the duals say where its trees hang relative to each other.
    // Returns nothing, and leaves the instance fit for `start`, if the plan does not match the
    // masses, sends mass along +inf, or gives entries of a small matrix, whose arcs are all listed.
    // Non-finite duals give nothing as well, and a fault.
    std::optional<Basis> start_from(const StartingPlan& plan, const StartingDuals& given) {
        check(given);
        if (fault_) return std::nullopt;
        return plan.entries.empty() ? start_from_flow(plan.flow, given)
                                    : start_from_entries(plan, given);
    }

private:
    void check(const StartingDuals& given) {
        for (const auto& [x, kind] : {std::pair{given.u, FaultKind::non_finite_u},
                                      std::pair{given.v, FaultKind::non_finite_v}})
            for (std::size_t k = 0; k < x.size() && !fault_; ++k)
                if (!std::isfinite(x[k])) fault_ = {kind, static_cast<std::int64_t>(k), x[k], 0.0};
    }

    // Rescaling one part may show another; a bound, since each takes a maximum flow.
    static constexpr int most_rescalings = 16;

    struct Placed {};
    struct Rescaled {};  // demands were, so that placing begins again
    using Placing = std::variant<Placed, Rescaled, HallViolation>;

    // Places the leftover mass by maximum flow, except for rounding, or says why that is
    // impossible.
    Placing place_rest(const Duals& duals, std::vector<Mass>& flow, std::vector<Mass>& left,
                       Masses& masses, bool may_rescale) {
        while (std::any_of(left.begin(), left.end(), [](Mass x) { return x > 0; })) {
            MaxFlow max_flow(*network_, flow, left);
            if (max_flow.run()) break;
            const std::vector<char> reached = max_flow.reached();
            if (pool_ && pool_->add_escapes(*network_, duals, reached)) {
                flow.resize(network_->n_arcs(), 0);
                continue;
            }
            const Parts from(*network_, masses, reached);
            const Parts to(*network_, masses, max_flow.reaching());
            if (from.are_balanced() && to.are_balanced()) {
                take_out(masses, left);
                break;
            }
            const double tolerance = may_rescale ? given_->tolerance() : 0.0;
            if (!from.are_balanced_to(tolerance) || !to.are_balanced_to(tolerance))
                return violation_of(given_->a(), masses, reached);
            from.rescale(masses);
            to.rescale(masses);
            return Rescaled{};
        }
        return Placed{};
    }

    std::optional<Basis> start_from_flow(std::span<const Mass> flow, const StartingDuals& given) {
        mix_arcs(*network_);
        std::vector<Mass> plan(network_->n_arcs());
        for (Arc e = 0; e < network_->n_arcs(); ++e) plan[e] = flow[network_->given_index(e)];
        return if_feasible(plan, given);
    }

    std::optional<Basis> start_from_entries(const StartingPlan& plan, const StartingDuals& given) {
        if (!pool_ || !pool_->open_around(*network_, given.copy(), plan.entries))
            return std::nullopt;
        mix_arcs(*network_);
        std::vector<std::pair<std::int64_t, Mass>> carried;
        for (std::size_t k = 0; k < plan.entries.size(); ++k)
            carried.emplace_back(plan.entries[k], plan.flow[k]);
        std::sort(carried.begin(), carried.end());
        std::vector<Mass> flow(network_->n_arcs(), 0);
        for (Arc e = 0; e < network_->n_arcs(); ++e) {
            const Arc entry = network_->given_index(e);
            const auto at = std::lower_bound(carried.begin(), carried.end(),
                                             std::pair{entry, std::numeric_limits<Mass>::min()});
            if (at != carried.end() && at->first == entry) flow[e] = at->second;
        }
        auto basis = if_feasible(flow, given);
        if (!basis) network_->clear();
        return basis;
    }

    // The basis of a plan on the present arcs, if the plan matches the perturbed masses.
    std::optional<Basis> if_feasible(std::span<const Mass> flow, const StartingDuals& given) {
        std::vector<Mass> left = masses_of_nodes(given_->perturbed());
        for (Arc e = 0; e < network_->n_arcs(); ++e) {
            if (flow[e] < 0) return std::nullopt;
            left[network_->tail[e]] -= flow[e];
            left[network_->head[e]] -= flow[e];
        }
        if (std::any_of(left.begin(), left.end(), [](Mass x) { return x != 0; }))
            return std::nullopt;
        return basis_of(flow, given_->perturbed(), given.copy());
    }

    Basis basis_of(std::span<const Mass> flow, Masses masses, const Duals& duals) {
        Forest forest(*network_);
        for (Arc e = 0; e < network_->n_arcs(); ++e)
            if (flow[e] > 0) forest.add(e, flow[e]);
        forest.drop_empty();
        return {std::move(network_), given_, std::move(masses), pool_, forest, duals,
                &solve_listed};
    }

    // Solves a problem from the beginning, whatever its totals. The basis needs this for masses
    // that are light next to the others (solve/settle.hpp).
    static ListedPlan solve_listed(const ListedProblem& problem) {
        constexpr double any = std::numeric_limits<double>::infinity();
        Instance instance(std::make_shared<GivenMasses>(problem.a, problem.b, any));
        instance.add_arcs<std::int32_t>(problem.rows, problem.cols, problem.costs);
        Started started = instance.start();
        ListedPlan plan;
        if (auto* violation = std::get_if<HallViolation>(&started)) {
            plan.starved_sources = std::move(violation->sources);
            plan.starved_targets = std::move(violation->targets);
        }
        auto* basis = std::get_if<Basis>(&started);
        if (basis == nullptr) return plan;
        basis->run(std::numeric_limits<std::int64_t>::max(), any);
        plan.feasible = !basis->misfit();
        Support support = basis->support(basis->plan());
        plan.arcs = std::move(support.arcs);
        plan.mass = std::move(support.mass);
        plan.u.resize(problem.a.size());
        plan.v.resize(problem.b.size());
        basis->write_potentials(plan.u, plan.v);
        return plan;
    }

    std::shared_ptr<const GivenMasses> given_;
    Fault fault_;
    std::unique_ptr<Network> network_;
    std::optional<MatrixPool> pool_;
};

}  // namespace sparse_ot
