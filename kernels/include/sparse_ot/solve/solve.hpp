// One problem from numbers to proof, for callers without Python: what solvers/network_simplex.py
// does in slices, here in one go, with the same results in the same places.
//
// Failure is data. An infeasible problem comes back with a dual ray in place of potentials (1 on
// starved sources, -1 on the targets they reach), a faulty one with its fault; plan and value are
// NaN in both, so that no plausible number can leak out.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "sparse_ot/proof/certificate.hpp"
#include "sparse_ot/proof/small_potentials.hpp"
#include "sparse_ot/solve/transport.hpp"

namespace sparse_ot {

struct SolveSettings {
    bool center = true;            // shift potentials so that <u, a> == <v, b>
    std::int64_t max_pivots = -1;  // negative: no limit
    double seconds = std::numeric_limits<double>::infinity();
    double totals_tolerance = 0.0;
};

// The status codes of Python's `Status`; the first three are those of `sparse_ot::Status`.
inline constexpr std::int64_t infeasible_code = 3;
inline constexpr std::int64_t invalid_code = 4;

// Masses, an optional warm start (both or none), and where the answer goes.
struct SolveArrays {
    std::span<const double> a, b, u_start, v_start;
    std::span<double> flow, u, v;
};

// The two vectors that `Report` in solvers/network_simplex.py names.
struct SolveReport {
    std::array<double, 9> numbers;
    std::array<std::int64_t, 7> codes;
};

[[nodiscard]] inline double gap(const Certificate& c) { return c.value - c.lower_bound; }

// Whether the bounds are further apart than rounding explains: proof/small_potentials.hpp may help.
[[nodiscard]] inline bool is_open(const Certificate& c) {
    return std::abs(gap(c)) > 1e-12 * std::abs(c.value);
}

// `add_to(transport)` hands over the arcs, `prove(flow, u, v)` makes their certificate, and
// `settle(flow, u, v)` writes modest potentials.
template <class AddTo, class Prove, class Settle>
SolveReport solve(const SolveSettings& settings, const SolveArrays& x, AddTo&& add_to,
                  Prove&& prove, Settle&& settle) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    };
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    SolveReport report{};
    report.numbers.fill(nan);
    const auto no_answer = [&](std::int64_t code, double potential) {
        report.codes[0] = code;
        std::fill(x.flow.begin(), x.flow.end(), nan);
        std::fill(x.u.begin(), x.u.end(), potential);
        std::fill(x.v.begin(), x.v.end(), potential);
    };

    Transport transport(x.a, x.b, settings.totals_tolerance);
    add_to(transport);
    const bool feasible = !transport.fault() && transport.start(x.u_start, x.v_start);
    if (const Fault& fault = transport.fault()) {
        no_answer(invalid_code, nan);
        report.codes[1] = static_cast<std::int64_t>(fault.kind);
        report.codes[2] = fault.index;
        report.numbers[4] = fault.value;
        report.numbers[5] = fault.other;
        return report;
    }
    if (!feasible) {
        no_answer(infeasible_code, 0.0);
        for (std::int64_t i : transport.violation().sources) x.u[i] = 1.0;
        for (std::int64_t j : transport.violation().targets) x.v[j] = -1.0;
        return report;
    }
    const double started = elapsed();
    const std::int64_t pivots =
        settings.max_pivots < 0 ? std::int64_t{1} << 62 : settings.max_pivots;
    const Status status = transport.run(pivots, std::max(0.0, settings.seconds - started));
    const double ran = elapsed();
    transport.write_flow(x.flow);
    transport.write_potentials(x.u, x.v);
    Certificate proof = prove(x.flow, x.u, x.v);
    if (status == Status::optimal && is_open(proof)) {
        const std::vector<double> u(x.u.begin(), x.u.end()), v(x.v.begin(), x.v.end());
        if (!settle(x.flow, x.u, x.v) ||
            std::abs(gap(prove(x.flow, x.u, x.v))) > std::abs(gap(proof))) {
            std::copy(u.begin(), u.end(), x.u.begin());
            std::copy(v.begin(), v.end(), x.v.begin());
        }
    }
    const double total_a = std::accumulate(x.a.begin(), x.a.end(), 0.0);
    if (settings.center) {
        const auto dot = [](auto p, auto q) {
            return std::inner_product(p.begin(), p.end(), q.begin(), 0.0);
        };
        const double total_b = std::accumulate(x.b.begin(), x.b.end(), 0.0);
        const double shift = (dot(x.v, x.b) - dot(x.u, x.a)) / (total_a + total_b);
        for (double& u : x.u) u += shift;
        for (double& v : x.v) v -= shift;
    }
    proof = prove(x.flow, x.u, x.v);
    const auto stats = transport.stats();
    report.numbers = {proof.value,
                      proof.lower_bound,
                      proof.worst_reduced_cost,
                      proof.worst_marginal_error,
                      total_a,
                      nan,
                      transport.quantisation_error(),
                      started,
                      ran - started};
    report.codes = {static_cast<std::int64_t>(status), 0, 0, stats.pivots, stats.degenerate_pivots,
                    transport.network().n_arcs(),      0};
    return report;
}

}  // namespace sparse_ot
