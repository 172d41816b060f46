// What a plan and a pair of potentials prove, computed from the caller's own numbers.
//
// Shares nothing with the solver: no tree, no integer masses, no potentials of the core. From
// masses a, b (b rescaled to the total of a), arcs, flow and duals u, v as they are handed out:
//   value                 sum cost * flow, an upper bound when the plan is feasible
//   lower_bound           the dual value of (u', v) with u'[i] = min over arcs of cost - v, the
//                         largest u that v allows: feasible by construction, so it is a bound
//                         whatever happened before
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

namespace sparse_ot {

struct Certificate {
    double value = 0.0;
    double lower_bound = 0.0;
    double worst_reduced_cost = 0.0;
    double worst_marginal_error = 0.0;
};

class CompensatedSum {  // Neumaier 1974
public:
    void add(double x) {
        const double t = sum_ + x;
        lost_ += std::abs(sum_) >= std::abs(x) ? (sum_ - t) + x : (x - t) + sum_;
        sum_ = t;
    }
    void add_product(double x, double y) {  // with the product's own rounding, exactly
        const double p = x * y;
        add(p);
        lost_ += std::fma(x, y, -p);
    }
    [[nodiscard]] double total() const { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

private:
    double sum_ = 0.0, lost_ = 0.0;
};

struct CostedPair {
    std::int64_t row, col;
    double cost;
};

// `arc_at(e)` gives the CostedPair of arc e; a pair out of range is padding, +inf is forbidden.
template <class ArcAt>
Certificate certify(std::span<const double> a, std::span<const double> b, ArcAt&& arc_at,
                    std::span<const double> flow, std::span<const double> u,
                    std::span<const double> v) {
    const double infinity = std::numeric_limits<double>::infinity();
    const auto n = static_cast<std::int64_t>(a.size()), m = static_cast<std::int64_t>(b.size());
    std::vector<double> best(a.size(), infinity), sent(a.size(), 0.0), received(b.size(), 0.0);
    Certificate certificate;
    CompensatedSum value, dual, total_a, total_b;
    double worst = infinity;
    for (std::size_t e = 0; e < flow.size(); ++e) {
        const auto [i, j, cost] = arc_at(e);
        if (i < 0 || i >= n || j < 0 || j >= m || cost == infinity) continue;
        best[i] = std::min(best[i], cost - v[j]);
        worst = std::min(worst, cost - u[i] - v[j]);
        if (flow[e] == 0.0) continue;
        value.add_product(cost, flow[e]);
        sent[i] += flow[e];
        received[j] += flow[e];
    }
    for (double x : a) total_a.add(x);
    for (double x : b) total_b.add(x);
    const double scale = total_b.total() > 0.0 ? total_a.total() / total_b.total() : 1.0;
    double error = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
        if (a[i] > 0.0) dual.add_product(a[i], best[i]);
        error = std::max(error, std::abs(sent[i] - a[i]));
    }
    for (std::int64_t j = 0; j < m; ++j) {
        const double mass = scale == 1.0 ? b[j] : b[j] * scale;
        dual.add_product(mass, v[j]);
        error = std::max(error, std::abs(received[j] - mass));
    }
    certificate.value = value.total();
    certificate.lower_bound = dual.total();
    certificate.worst_reduced_cost = worst == infinity ? 0.0 : worst;
    certificate.worst_marginal_error = error;
    return certificate;
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

// Every pair an arc, costs and flow row by row.
inline Certificate certify_matrix(std::span<const double> a, std::span<const double> b,
                                  std::span<const double> matrix, std::span<const double> flow,
                                  std::span<const double> u, std::span<const double> v) {
    const auto m = static_cast<std::int64_t>(b.size());
    std::int64_t i = 0, j = -1;  // counted along, as arcs are asked for in order
    const auto arc_at = [&](std::size_t e) {
        if (++j == m) {
            j = 0;
            ++i;
        }
        return CostedPair{i, j, matrix[e]};
    };
    return certify(a, b, arc_at, flow, u, v);
}

}  // namespace sparse_ot
