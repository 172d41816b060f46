// What a plan and a pair of potentials prove, computed from the caller's own numbers.
//
// It uses no state of the solver: no tree, no integer masses, no potentials of the core. The input
// is masses a, b (b rescaled to the total of a), arcs, flow and duals u, v as handed out; the
// output is:
//   value                 sum cost * flow, an upper bound when the plan is feasible
//   lower_bound           the dual value of (u', v) with u'[i] = min over arcs of cost - v, the
//                         largest u that v allows: feasible by construction, and therefore a
//                         bound for any v
//   worst_reduced_cost    min over arcs of cost - u - v
//   worst_marginal_error  max over nodes of |mass sent or received - mass|
// All sums are compensated. One pass over the arcs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/threads.hpp"
#include "sparse_ot/proof/costed_pair.hpp"

namespace sparse_ot {

struct Certificate {
    double value = 0.0;
    double lower_bound = 0.0;
    double worst_reduced_cost = 0.0;
    double worst_marginal_error = 0.0;
};

namespace detail {

// What a pass over the arcs collects, and the certificate that follows from it.
struct Tally {
    Tally(std::size_t n, std::size_t m)
        : best(n, std::numeric_limits<double>::infinity()), sent(n, 0.0), received(m, 0.0) {}

    std::vector<double> best;  // per source, min over its arcs of cost - v
    std::vector<double> sent, received;
    CompensatedSum value;
    double worst = std::numeric_limits<double>::infinity();

    void carry(std::int64_t i, std::int64_t j, double cost, double flow) {
        value.add_product(cost, flow);
        sent[i] += flow;
        received[j] += flow;
    }

    [[nodiscard]] Certificate conclude(std::span<const double> a, std::span<const double> b,
                                       std::span<const double> v) const {
        CompensatedSum dual, total_a, total_b;
        for (double x : a) total_a.add(x);
        for (double x : b) total_b.add(x);
        const double scale = total_b.total() > 0.0 ? total_a.total() / total_b.total() : 1.0;
        double error = 0.0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (a[i] > 0.0) dual.add_product(a[i], best[i]);
            error = std::max(error, std::abs(sent[i] - a[i]));
        }
        for (std::size_t j = 0; j < b.size(); ++j) {
            const double mass = scale == 1.0 ? b[j] : b[j] * scale;
            dual.add_product(mass, v[j]);
            error = std::max(error, std::abs(received[j] - mass));
        }
        const bool no_arc = worst == std::numeric_limits<double>::infinity();
        return {value.total(), dual.total(), no_arc ? 0.0 : worst, error};
    }
};

}  // namespace detail

// `arc_at(e)` gives the CostedPair of arc e. A pair out of range is padding, a cost of +inf a
// forbidden pair; both are ignored.
template <class ArcAt>
Certificate certify(std::span<const double> a, std::span<const double> b, ArcAt&& arc_at,
                    std::span<const double> flow, std::span<const double> u,
                    std::span<const double> v) {
    const double infinity = std::numeric_limits<double>::infinity();
    const auto n = static_cast<std::int64_t>(a.size()), m = static_cast<std::int64_t>(b.size());
    detail::Tally tally(a.size(), b.size());
    for (std::size_t e = 0; e < flow.size(); ++e) {
        const auto [i, j, cost] = arc_at(e);
        if (i < 0 || i >= n || j < 0 || j >= m || cost == infinity) continue;
        tally.best[i] = std::min(tally.best[i], cost - v[j]);
        tally.worst = std::min(tally.worst, cost - u[i] - v[j]);
        if (flow[e] != 0.0) tally.carry(i, j, cost, flow[e]);
    }
    return tally.conclude(a, b, v);
}

// Arcs as three parallel arrays.
template <class Index>
Certificate certify(std::span<const double> a, std::span<const double> b,
                    std::span<const Index> rows, std::span<const Index> cols,
                    std::span<const double> costs, std::span<const double> flow,
                    std::span<const double> u, std::span<const double> v) {
    const auto arc_at = [&](std::size_t e) {
        return CostedPair{static_cast<std::int64_t>(rows[e]), static_cast<std::int64_t>(cols[e]),
                          costs[e]};
    };
    return certify(a, b, arc_at, flow, u, v);
}

// For a whole matrix, row by row, with the plan given by the entries that carry mass: one pass over
// the matrix at memory speed, on threads.
inline Certificate certify_matrix(std::span<const double> a, std::span<const double> b,
                                  std::span<const double> matrix,
                                  std::span<const std::int64_t> entries,
                                  std::span<const double> flow, std::span<const double> u,
                                  std::span<const double> v, int threads = 0) {
    const double infinity = std::numeric_limits<double>::infinity();
    const auto m = static_cast<std::int64_t>(b.size());
    detail::Tally tally(a.size(), b.size());
    std::vector<double> worst(a.size(), infinity);
    for_each_piece(static_cast<std::int64_t>(a.size()), threads, [&] {
        return [&](std::int64_t i) {
            const double* row = matrix.data() + i * m;
            // Eight independent minima, so that the compiler may use vector instructions.
            double best[8], least[8];
            std::fill_n(best, 8, infinity);
            std::fill_n(least, 8, infinity);
            std::int64_t j = 0;
            for (; j + 8 <= m; j += 8)
                for (int k = 0; k < 8; ++k) {
                    best[k] = std::min(best[k], row[j + k] - v[j + k]);
                    least[k] = std::min(least[k], row[j + k] - u[i] - v[j + k]);
                }
            for (; j < m; ++j) {
                best[0] = std::min(best[0], row[j] - v[j]);
                least[0] = std::min(least[0], row[j] - u[i] - v[j]);
            }
            tally.best[i] = *std::min_element(best, best + 8);
            worst[i] = *std::min_element(least, least + 8);
        };
    });
    tally.worst = *std::min_element(worst.begin(), worst.end());
    for (std::size_t k = 0; k < entries.size(); ++k)
        tally.carry(entries[k] / m, entries[k] % m, matrix[entries[k]], flow[k]);
    return tally.conclude(a, b, v);
}

}  // namespace sparse_ot
