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
// cost + slope . (y - c) has a lower bound over the box that is found coordinate by coordinate
// (`plane_bound` of each metric):
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

#include <cstdint>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/planes.hpp"

namespace sparse_ot {

// The planes of one level of boxes, in the order of its sides.
struct PlaneLevel {
    std::vector<Lanes> slopes;  // d a group
    std::vector<Lanes> base;
    std::vector<Lanes> least_size;  // least |offset| in each box
};

// Whether a metric has bounds from planes; one that has none does without.
template <class M>
concept HasPlanes = requires(const M& m, const double* x, const Lanes* sides, int d) {
    m.plane_bound(x, sides, sides, d);
};

// Lower bounds of cost(x, y_j) + offset_j for the points of eight boxes.
template <class M>
Lanes plane_bounds(const M& m, const double* x, const Lanes* sides, const PlaneLevel& planes,
                   std::int64_t group, int d) {
    constexpr double underflow = 0x1p-500;  // more than squares lose by it, and their roots
    const Lanes bounds = m.plane_bound(x, sides, planes.slopes.data() + group * d, d);
    const Lanes both = bounds + planes.base[group];
    return both - (Lanes::all(2.0 * half_ulp) * abs(both) + Lanes::all(underflow));
}

}  // namespace sparse_ot
