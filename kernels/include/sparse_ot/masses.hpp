// Masses become integers, so that flow arithmetic is exact.
//
// Problem. Supplies a and demands b are doubles whose totals agree only up to rounding. The
// simplex wants integers with equal totals: then a flow is zero or it is not, degenerate pivots
// are recognised, and a strongly feasible tree cannot cycle.
//
// Three ways, the first that fits:
//   1. both sides uniform: the smallest integers in the ratio m : n;
//   2. every mass a whole multiple of the smallest one (counts, and counts divided by their
//      total): those multiples, exact;
//   3. otherwise shares of 2^61, rounded down, the units left over going to the largest
//      remainders (Hamilton's method). A positive mass keeps at least one unit.
// The error of 3 is some units of 2^-61 of the total per mass, below 2^-50 in all; it is
// measured and reported. Complexity O(n log n).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "sparse_ot/types.hpp"

namespace sparse_ot {

struct Masses {
    std::vector<Mass> supply;         // n
    std::vector<Mass> demand;         // m
    double unit = 1.0;                // mass of one integer unit
    double quantisation_error = 0.0;  // largest |mass - units * unit| over the total
    Fault fault;
};

namespace detail {

inline constexpr double whole_total = 2305843009213693952.0;  // 2^61
inline constexpr double exact_share = 0x1p-52;                // of the total: counts as a multiple

inline double exact_sum(std::span<const double> x) {  // Neumaier's compensated sum
    double sum = 0.0, compensation = 0.0;
    for (double value : x) {
        const double t = sum + value;
        compensation += std::abs(sum) >= std::abs(value) ? (sum - t) + value : (value - t) + sum;
        sum = t;
    }
    return sum + compensation;
}

inline Fault check_masses(std::span<const double> x, FaultKind non_finite, FaultKind negative) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto index = static_cast<std::int64_t>(i);
        if (!std::isfinite(x[i])) return {non_finite, index, x[i], 0.0};
        if (x[i] < 0.0) return {negative, index, x[i], 0.0};
    }
    return {};
}

inline bool is_uniform(std::span<const double> x) {
    return std::all_of(x.begin(), x.end(), [&](double value) { return value == x[0]; });
}

inline double smallest_positive(std::span<const double> x) {
    double smallest = std::numeric_limits<double>::infinity();
    for (double value : x)
        if (value > 0.0) smallest = std::min(smallest, value);
    return smallest;
}

// Whole multiples of `unit`, or false as soon as one is not.
inline bool as_multiples(std::span<const double> x, double unit, double total,
                         std::vector<Mass>& out) {
    if (total / unit >= whole_total) return false;
    out.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double multiple = std::nearbyint(x[i] / unit);
        if (std::abs(x[i] - multiple * unit) > exact_share * total) return false;
        out[i] = static_cast<Mass>(multiple);
    }
    return true;
}

inline std::vector<Mass> largest_remainder(std::span<const double> x, double total) {
    std::vector<Mass> units(x.size());
    std::vector<double> remainder(x.size());
    std::vector<std::size_t> order;
    Mass left = static_cast<Mass>(whole_total);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double share = x[i] / total * whole_total;
        units[i] = std::max<Mass>(static_cast<Mass>(share), x[i] > 0.0 ? 1 : 0);
        remainder[i] = share - static_cast<double>(units[i]);
        left -= units[i];
        if (x[i] > 0.0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](auto i, auto j) { return remainder[i] > remainder[j]; });
    if (left >= 0) {
        const Mass each = left / static_cast<Mass>(order.size());
        Mass extra = left % static_cast<Mass>(order.size());
        for (std::size_t i : order) units[i] += each + (extra-- > 0 ? 1 : 0);
        return units;
    }
    // Too many units were handed out (the minimum of one): take them back where they weigh least.
    std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return units[i] > units[j]; });
    for (std::size_t k = 0; left < 0; k = (k + 1) % order.size()) {
        const Mass take = std::min<Mass>(-left, units[order[k]] / 1024);
        units[order[k]] -= std::max<Mass>(take, units[order[k]] > 1 ? 1 : 0);
        left += std::max<Mass>(take, units[order[k]] >= 1 ? 1 : 0);
    }
    return units;
}

}  // namespace detail

// `totals_tolerance` is relative; below it b is rescaled to the total of a. Infinity: never check.
inline Masses quantise(std::span<const double> a, std::span<const double> b,
                       double totals_tolerance) {
    using namespace detail;
    Masses masses;
    masses.fault = check_masses(a, FaultKind::non_finite_supply, FaultKind::negative_supply);
    if (!masses.fault)
        masses.fault = check_masses(b, FaultKind::non_finite_demand, FaultKind::negative_demand);
    if (masses.fault) return masses;
    const double total_a = exact_sum(a), total_b = exact_sum(b);
    if (!(total_a > 0.0) || !(total_b > 0.0) || !std::isfinite(total_a) || !std::isfinite(total_b)) {
        masses.fault = {FaultKind::zero_total, -1, total_a, total_b};
        return masses;
    }
    if (std::abs(total_a - total_b) > totals_tolerance * std::max(total_a, total_b)) {
        masses.fault = {FaultKind::unequal_totals, -1, total_a, total_b};
        return masses;
    }
    std::vector<double> rescaled(b.begin(), b.end());
    if (total_a != total_b)
        for (double& value : rescaled) value *= total_a / total_b;
    const std::span<const double> b_scaled{rescaled};
    const auto sum_of = [](const std::vector<Mass>& x) {
        return std::accumulate(x.begin(), x.end(), Mass{0});
    };
    const double smallest = std::min(smallest_positive(a), smallest_positive(b_scaled));

    if (is_uniform(a) && is_uniform(b)) {
        const auto n = static_cast<Mass>(a.size()), m = static_cast<Mass>(b.size());
        const Mass divisor = std::gcd(n, m);
        masses.supply.assign(a.size(), m / divisor);
        masses.demand.assign(b.size(), n / divisor);
    } else if (!(smallest > 0.0) || !as_multiples(a, smallest, total_a, masses.supply) ||
               !as_multiples(b_scaled, smallest, total_a, masses.demand) ||
               sum_of(masses.supply) != sum_of(masses.demand)) {
        masses.supply = largest_remainder(a, total_a);
        masses.demand = largest_remainder(b_scaled, exact_sum(b_scaled));
    }
    masses.unit = total_a / static_cast<double>(sum_of(masses.supply));
    const auto note_error = [&](std::span<const double> x, const std::vector<Mass>& units) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double error = std::abs(x[i] - static_cast<double>(units[i]) * masses.unit);
            masses.quantisation_error = std::max(masses.quantisation_error, error / total_a);
        }
    };
    note_error(a, masses.supply);
    note_error(b_scaled, masses.demand);
    return masses;
}

}  // namespace sparse_ot
