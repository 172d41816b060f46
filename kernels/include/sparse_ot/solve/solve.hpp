// Solves one problem, from numbers to proof. Python's solves in one call and the XLA handler all go
// through here.
//
// The steps are: start (solve/instance.hpp), pivot in slices of a fraction of a second, hand out,
// prove. After each slice the caller's hook decides whether to go on; Python checks for Ctrl-C
// there and reports progress, compiled programs use no hook. How a run is cut into slices does not
// change the pivots.
//
// An optimal basis may have potentials far larger than its costs, and then the proof is blunt: its
// bounds show a gap. In that case smaller potentials are tried (proof/small_potentials.hpp), and
// the pair with the smaller gap is handed out. The certificate is therefore computed once or twice.
//
// Failure is data. An infeasible problem comes back with a dual ray in place of potentials (1 on
// starved sources, -1 on the targets they reach, 0 elsewhere: u + v <= 0 on every arc, and a.u +
// b.v > 0, which is the violation of Hall's condition). A faulty one comes back with its fault.
// Plan and value are NaN in both cases, so that they cannot be mistaken for an answer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
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
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/proof/certificate.hpp"
#include "sparse_ot/proof/rounding.hpp"
#include "sparse_ot/solve/basis.hpp"
#include "sparse_ot/solve/given_arcs.hpp"
#include "sparse_ot/solve/instance.hpp"
#include "sparse_ot/solve/report.hpp"

namespace sparse_ot {

inline constexpr double slice_seconds = 0.1;

struct SolveSettings {
    bool center = true;            // shift potentials so that <u, a> == <v, b>
    std::int64_t max_pivots = -1;  // negative: no limit
    double seconds = std::numeric_limits<double>::infinity();
    double elapsed = 0.0;  // part of `seconds` that the caller has used already
    double slice = slice_seconds;
};

// The arrays that the answer is written to.
struct SolveResults {
    std::span<double> flow, u, v;
    bool flow_is_zero = false;  // fresh from the system: write only what is not zero
};

// The problem, and the arrays for the answer. If the plan to start from does not fit, the solve
// starts from nothing: without the plan and without its duals.
struct TransportProblem {
    std::shared_ptr<const GivenMasses> masses;
    GivenArcs arcs;
    StartingDuals start;
    StartingPlan plan;
    SolveResults results;
};

// Called after every slice, including the last, with pivots and seconds so far and the cost of the
// plan; returns whether to go on. Exceptions pass through the solve.
template <class Hooks>
concept SolveHooks = requires(Hooks hooks, std::int64_t pivots, double seconds, double value) {
    { hooks.between_slices(pivots, seconds, value) } -> std::same_as<bool>;
};

struct NoHooks {
    bool between_slices(std::int64_t, double, double) { return true; }
};

namespace detail {

class Stopwatch {
public:
    explicit Stopwatch(double elapsed) : elapsed_(elapsed) {}
    [[nodiscard]] double seconds() const {
        return elapsed_ + std::chrono::duration<double>(Clock::now() - begin_).count();
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point begin_ = Clock::now();
    double elapsed_;
};

inline Instance::Started begin(const TransportProblem& problem) {
    Instance instance(problem.masses);
    problem.arcs.add_to(instance);
    if (!problem.plan.flow.empty()) {
        if (auto basis = instance.start_from(problem.plan, problem.start)) return std::move(*basis);
        return instance.start();
    }
    return instance.start(problem.start);
}

template <SolveHooks Hooks>
Status run_in_slices(Basis& basis, const SolveSettings& settings, const Stopwatch& watch,
                     Hooks& hooks) {
    const std::int64_t most =
        settings.max_pivots < 0 ? std::numeric_limits<std::int64_t>::max() : settings.max_pivots;
    for (;;) {
        const double left = std::max(0.0, settings.seconds - watch.seconds());
        const Status reached =
            basis.run(most - basis.stats().pivots, std::min(settings.slice, left));
        const double now = watch.seconds();
        const bool go_on = hooks.between_slices(basis.stats().pivots, now, basis.value());
        if (reached != Status::time_limit || now >= settings.seconds) return reached;
        if (!go_on) return Status::interrupted;
    }
}

inline constexpr double unseen_shift = 1e-12;  // relative to the potentials

inline double largest(std::span<const double> x) {
    double most = 0.0;
    for (const double value : x) most = std::max(most, std::abs(value));
    return most;
}

// Potentials and what they prove.
struct Proof {
    std::span<double> u, v;
    Certificate bounds;

    [[nodiscard]] double gap() const { return std::abs(bounds.value - bounds.lower_bound); }
    // Whether the bounds are further apart than the rounding of their own sums explains.
    [[nodiscard]] bool is_blunt() const { return gap() > 1e-12 * std::abs(bounds.value); }
};

// `b` holds the demands that the plan meets.
inline Proof prove(const TransportProblem& problem, const SolveSettings& settings,
                   std::span<const double> b, const HandedOut& plan, std::span<double> u,
                   std::span<double> v) {
    const auto a = problem.masses->a();
    if (settings.center) {
        const double shift = centring_shift(a, b, u, v);
        // One that is lost in the digits of the others would only make the bounds blunt.
        if (std::abs(shift) > unseen_shift * std::max(largest(u), largest(v))) {
            for (double& x : u) x += shift;
            for (double& x : v) x -= shift;
        }
    }
    return {u, v, problem.arcs.certify(a, b, plan, u, v)};
}

// Writes the plan and the potentials with the smaller gap; returns what these prove.
inline Certificate hand_out(const TransportProblem& problem, const SolveSettings& settings,
                            const Basis& basis, const Settled& settled, bool optimal) {
    const SolveResults& x = problem.results;
    if (x.flow_is_zero)
        basis.write_flow_into_zeros(settled, x.flow);
    else
        basis.write_flow(settled, x.flow);
    const HandedOut plan = problem.arcs.hand_out(basis, settled, x.flow);
    basis.write_potentials(x.u, x.v);
    const Proof own = prove(problem, settings, settled.b, plan, x.u, x.v);
    if (!optimal || !own.is_blunt()) return own.bounds;
    std::vector<double> u(x.u.size()), v(x.v.size());
    if (!problem.arcs.small_potentials(plan, u, v)) return own.bounds;
    const Proof small = prove(problem, settings, settled.b, plan, u, v);
    if (small.gap() >= own.gap()) return own.bounds;
    std::copy(u.begin(), u.end(), x.u.begin());
    std::copy(v.begin(), v.end(), x.v.begin());
    return small.bounds;
}

// The largest relative change from the demands given to those that the plan meets.
inline double rescaling(std::span<const double> given, std::span<const double> met) {
    double most = 0.0;
    for (std::size_t j = 0; j < given.size(); ++j)
        if (given[j] > 0.0) most = std::max(most, std::abs(met[j] / given[j] - 1.0));
    return most;
}

inline void write_nothing(const SolveResults& x, double potential) {
    std::fill(x.flow.begin(), x.flow.end(), Report::nan);
    std::fill(x.u.begin(), x.u.end(), potential);
    std::fill(x.v.begin(), x.v.end(), potential);
}

inline void write_ray(const SolveResults& x, const HallViolation& violation) {
    for (const std::int64_t i : violation.sources) x.u[static_cast<std::size_t>(i)] = 1.0;
    for (const std::int64_t j : violation.targets) x.v[static_cast<std::size_t>(j)] = -1.0;
}

}  // namespace detail

template <SolveHooks Hooks>
Report solve(const TransportProblem& problem, const SolveSettings& settings, Hooks&& hooks) {
    const detail::Stopwatch watch(settings.elapsed);
    const SolveResults& x = problem.results;
    Report report;
    const auto refuse = [&](const Fault& fault, std::optional<HallViolation> violation) {
        detail::write_nothing(x, violation ? 0.0 : Report::nan);
        if (violation) {
            report.set(Status::infeasible);
            detail::write_ray(x, *violation);
            report.violation = std::move(violation);
        } else {
            report.set(fault);
        }
        return report;
    };
    Instance::Started started = detail::begin(problem);
    if (const auto* fault = std::get_if<Fault>(&started)) return refuse(*fault, std::nullopt);
    if (auto* violation = std::get_if<HallViolation>(&started))
        return refuse({}, std::move(*violation));
    Basis& basis = std::get<Basis>(started);
    report.start_seconds = watch.seconds();
    const Status reached = detail::run_in_slices(basis, settings, watch, hooks);
    report.pivot_seconds = watch.seconds() - report.start_seconds;
    if (const Fault misfit = basis.misfit()) return refuse(misfit, basis.starved());
    report.set(reached);
    const Settled& plan = basis.plan();
    report.set(detail::hand_out(problem, settings, basis, plan, reached == Status::optimal));
    const auto a = problem.masses->a();
    report.total_mass = sparse_ot::detail::exact_sum(a);
    report.rounding = rounding_of_bounds(a, x.u, plan.b, x.v);
    report.rescaling = detail::rescaling(problem.masses->b(), plan.b);
    report.quantisation_error = basis.quantisation_error();
    report.pivots = basis.stats().pivots;
    report.degenerate_pivots = basis.stats().degenerate_pivots;
    report.arcs = basis.network().n_arcs();
    return report;
}

}  // namespace sparse_ot
