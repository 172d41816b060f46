// Lower bounds of cost + offset for boxes in which offsets vary as much as costs do.
//
// Problem. In pricing the offset of a target is -v, and v is as steep as the cost: its slope is 2 D
// between clouds a distance D apart (squared Euclidean), and 1 for a norm wherever mass moves. The
// least cost to a box and the least offset in it then lie at opposite ends, their sum is too small
// by the width of the box times the slope, and nothing is skipped. In one dimension |x - y| - v may
// even be constant along a half line.
//
// Method. Every box, with center c, gets a plane under its offsets:
//
//     offset_j >= base + slope . (y_j - c)          for all targets j of the box,
//
// The slope is fitted by least squares; the base is the least remainder. The cost is convex in y,
// so cost + slope . (y - c) has a lower bound over the box that can be computed coordinate by
// coordinate (`plane_bound` of each metric):
//
//   squared distances   exactly: another squared distance, from x shifted by half the slope;
//   norms               cost >= s . (y - x) for all s in the dual unit ball. Good choices are
//                       s = the gradient at c, and s = -slope, for which the sum is constant.
//
// For norms the slope is kept in the dual unit ball: potentials of a distance have no other slopes
// (Villani 2009, Optimal Transport: Old and New, Particular Case 5.4).
//
// Rounding. Let u = 2^-53, h half the sides of a box, D the cost to c. The count is to first order
// in u; the margins in the code exceed it by enough for the higher orders.
//
//   base        A remainder is a chain of d + 1 sums. Its error is at most
//               (d + 3) u (|offset| + |slope| . h)
//               (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1). The
//               base is lowered by (d + 4) u.
//   norms       A computed cost is below the true one by at most (d + 2) u of it, and the true one
//               is at most D + |h|_1. D (or its parts) and slope . (c - x), which is at most D
//               because the slope is in the dual ball, have errors of (d + 3) u D. The gradient has
//               an error of (d + 4) u per coordinate, the sum of the losses over h one of
//               2 d u |h|_1. Total margin: (2 d + 8) u D + (5 d + 12) u |h|_1.
//   squares     Write q for y - x at the best y, w for x - c. By strong convexity 2 (d + 2) u q^2
//               covers the rounding of computed costs anywhere in the box. A summand has an error
//               of 6 u (q^2 + |slope| (|q| + |w|)), their sum one of (d + 1) u. Total margin:
//               (3 d + 14) u of the summands' sizes.
//   their sum   has an error of u of itself; the margin is 2 u. Underflow affects squares below
//               2^-1000 and their roots, by less than 2^-500.
//
// Therefore no bound exceeds a value that the search computes. An overflow gives NaN, which bounds
// nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/planes.hpp"

namespace sparse_ot {

// The planes of one level of boxes, in the order of its sides.
struct PlaneLevel {
    std::vector<Lanes> slopes;  // d per group
    std::vector<Lanes> base;
    std::vector<Lanes> least_size;  // least |offset| in each box
};

// Whether a metric has bounds from planes. A metric without them is searched without planes.
template <class M>
concept HasPlanes = requires(const M& m, const double* x, const Lanes* sides, int d) {
    m.plane_bound(x, sides, sides, d);
};

// Lower bounds of cost(x, y_j) + offset_j for the points of eight boxes.
template <class M>
Lanes plane_bounds(const M& m, const double* x, const Lanes* sides, const PlaneLevel& planes,
                   std::int64_t group, int d) {
    constexpr double underflow = 0x1p-500;  // more than squares and their roots lose by it
    const Lanes bounds = m.plane_bound(x, sides, planes.slopes.data() + group * d, d);
    const Lanes both = bounds + planes.base[group];
    return both - (Lanes::all(2.0 * half_ulp) * abs(both) + Lanes::all(underflow));
}

}  // namespace sparse_ot
