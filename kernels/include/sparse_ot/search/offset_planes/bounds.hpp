// Lower bounds of cost + offset for boxes in which offsets vary as much as costs do.
//
// Problem. In pricing the offset of a target is -v, and v slopes as steeply as the cost: between
// clouds a distance D apart by 2 D (squared Euclidean), for a norm by 1 wherever mass goes. The
// least cost to a box and the least offset in it then lie at opposite ends, their sum is too small
// by a box's width times the slope, and nothing is skipped. In one dimension |x - y| - v may even
// be the same number along a half line.
//
// Cure. Every box gets a plane under its offsets, with center c,
//
//     offset_j >= base + slope . (y_j - c)          for all targets j of the box,
//
// its slope fitted by least squares, its base the least remainder. Cost is convex in y, so
// cost + slope . (y - c) has a lower bound over the box that is found coordinate by coordinate:
//
//   squared distances   exactly: another squared distance, from x shifted by half the slope;
//   norms               cost >= s . (y - x) for all s in the dual unit ball. Good choices are
//                       s = the gradient at c, and s = -slope, which leaves nothing that varies.
//
// Slopes of norms are kept in the dual unit ball: potentials of a distance have no others (Villani
// 2009, Optimal Transport: Old and New, Particular Case 5.4).
//
// Rounding. Let u = 2^-53, h half the sides of a box, D the cost to c. First order in u throughout;
// the margins in the code exceed the sums by what higher orders need.
//
//   base        A remainder is a chain of d + 1 sums; it errs by (d + 3) u (|offset| + |slope| . h)
//               (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1). The
//               base is lowered by (d + 4) u.
//   norms       A computed cost falls short of the true one by (d + 2) u of it, at most D + |h|_1.
//               D, or its parts, and slope . (c - x), at most D as the slope is in the dual ball,
//               err by (d + 3) u D. The gradient errs by (d + 4) u a coordinate, the sum of what is
//               lost to h by 2 d u |h|_1. Given away: (2 d + 8) u D + (5 d + 12) u |h|_1.
//   squares     Write q for y - x at the best y, w for x - c. By strong convexity the shortfall of
//               computed costs anywhere in the box is paid for by 2 (d + 2) u q^2; a summand errs
//               by 6 u (q^2 + |slope| (|q| + |w|)), their sum by (d + 1) u. Given away: 3 d + 14.
//   their sum   errs by u of it; 2 u are given away. Underflow: squares below 2^-1000 and their
//               roots, less than 2^-500.
//
// So no bound exceeds a value that the search computes. NaN, where something overflows, bounds
// nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics.hpp"

namespace sparse_ot {

// The planes of one level of boxes, in the order of its sides.
struct PlaneLevel {
    std::vector<Lanes> slopes;  // d a group
    std::vector<Lanes> base;
    std::vector<Lanes> least_size;  // least |offset| in each box
};

[[nodiscard]] inline Lanes center_of(const Lanes& low, const Lanes& high) {
    return Lanes::all(0.5) * (low + high);
}

namespace detail {

inline constexpr double half_ulp = 0x1p-53;
inline constexpr double underflow = 0x1p-500;  // more than squares lose by it, and their roots

// Squared distances, times `factor`.
inline Lanes plane_bounds(const double* x, const Lanes* sides, const Lanes* slopes, int d,
                          double factor) {
    const Lanes f = Lanes::all(factor), to_vertex = Lanes::all(-0.5 / factor);
    Lanes sum = Lanes::all(0.0), size = Lanes::all(0.0);
    for (int t = 0; t < d; ++t) {
        const Lanes at = Lanes::all(x[t]), g = slopes[t];
        const Lanes q = min(max(to_vertex * g, sides[2 * t] - at), sides[2 * t + 1] - at);
        const Lanes from_center = at - center_of(sides[2 * t], sides[2 * t + 1]);
        const Lanes square = f * (q * q);
        sum = sum + (square + g * (q + from_center));
        size = size + (square + abs(g) * (abs(q) + abs(from_center)));
    }
    return sum - Lanes::all((3 * d + 14) * half_ulp) * size;
}

// Norms: from s = the gradient at the center (`across` is what that loses on the way to the
// corner), and from s = -slope (`along`). The city block norm chooses for every coordinate by
// itself; the largest coordinate may be any of them, so all are tried.
template <class M>
Lanes plane_bounds_of_norm(const double* x, const Lanes* sides, const Lanes* slopes, int d) {
    const Lanes zero = Lanes::all(0.0), one = Lanes::all(1.0);
    Lanes sum = zero, across = zero, widths = zero, along = zero, distance = zero;
    Lanes best = Lanes::all(-std::numeric_limits<double>::infinity());
    const auto gap = [&](int t) {
        return center_of(sides[2 * t], sides[2 * t + 1]) - Lanes::all(x[t]);
    };
    if constexpr (std::is_same_v<M, metrics::Euclidean>) {
        for (int t = 0; t < d; ++t) sum = sum + gap(t) * gap(t);
        distance = sqrt(sum);
    }
    for (int t = 0; t < d; ++t) {
        const Lanes center = center_of(sides[2 * t], sides[2 * t + 1]);
        const Lanes half = max(sides[2 * t + 1] - center, center - sides[2 * t]);
        const Lanes delta = gap(t), g = slopes[t];
        widths = widths + half;
        along = along - g * delta;
        if constexpr (std::is_same_v<M, metrics::Euclidean>) {
            across = across + abs(delta / distance + g) * half;
        } else {
            const Lanes up = delta - (one + g) * half, down = (zero - delta) - (one - g) * half;
            if constexpr (std::is_same_v<M, metrics::Cityblock>) {
                distance = distance + abs(delta);
                sum = sum + max(max(up, down), zero - g * delta);
            } else {
                distance = max(distance, abs(delta));
                across = across + abs(g) * half;
                best = max(best, max(up, down) + abs(g) * half);
            }
        }
    }
    Lanes bound = sum;
    if constexpr (std::is_same_v<M, metrics::Euclidean>) bound = max(distance - across, along);
    if constexpr (std::is_same_v<M, metrics::Chebyshev>) bound = max(best - across, along);
    return bound - (Lanes::all((2 * d + 8) * half_ulp) * distance +
                    Lanes::all((5 * d + 12) * half_ulp) * widths);
}

}  // namespace detail

// Lower bounds of cost(x, y_j) + offset_j for the points of eight boxes.
template <class M>
Lanes plane_bounds(const double* x, const Lanes* sides, const PlaneLevel& planes,
                   std::int64_t group, int d) {
    const Lanes* slopes = planes.slopes.data() + group * d;
    const Lanes base = planes.base[group];
    Lanes bounds;
    if constexpr (std::is_same_v<M, metrics::SqEuclidean>)
        bounds = detail::plane_bounds(x, sides, slopes, d, 1.0);
    else if constexpr (std::is_same_v<M, metrics::HalfSqEuclidean>)
        bounds = detail::plane_bounds(x, sides, slopes, d, 0.5);
    else
        bounds = detail::plane_bounds_of_norm<M>(x, sides, slopes, d);
    const Lanes both = bounds + base;
    return both - (Lanes::all(2.0 * detail::half_ulp) * abs(both) + Lanes::all(detail::underflow));
}

}  // namespace sparse_ot
