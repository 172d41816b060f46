// What the core requires of a metric, and the one order in which its terms are added.
//
// A metric is a small struct; its parameters, if any, are members. It turns the gaps between
// coordinates into terms, joins the terms (sum or maximum), and finishes: cost = finish(join of
// term(x_t - y_t)). Everything is a difference of coordinates; the expansion |x|^2 + |y|^2 - 2 x.y
// loses every digit of near neighbours far from the origin.
//
//   static constexpr const char* name      its name in Python (_core.Metric)
//   term, join, finish                     of a double, or of Lanes
//   cost<T>(d, gap)                        instead, if gaps must be looked at more than once
//   static constexpr Products products     optional: cost is |x - y| or |x - y|^2 / divisor, which
//                                          brute_force_filters.hpp computes from products
//   plane_bound, keep_in_dual_ball,        optional: bounds from planes under the offsets
//   planes_pay_from                        (search/offset_planes/bounds.hpp)
//   sure(cost, d)                          a lower bound of all computed costs of gaps as large or
//                                          larger; optional where every operation is monotone
//
// A metric that lacks an optional member is searched without it; it never borrows that of another
// metric.
//
// Rounding is monotone, and this is all the error analysis that the searches need. Every gap to a
// box is at most the gap to a point inside it. After rounding, the same holds for every term, every
// partial sum and the finished cost, PROVIDED that both are computed by the same operations in the
// same order. A bound computed here therefore never exceeds a cost computed here, not even by one
// bit, and a plain comparison decides whether a box may be skipped. Functions of the C library are
// not known to be monotone; a metric that calls one accounts for their error in `sure`.
//
// The order of the sum is NumPy's (pairwise summation, numpy/_core/src/umath/loops_utils.h.src): up
// to seven terms one by one, up to 128 in eight interleaved partial sums, more by halves. The costs
// found by a search are then bit for bit those of the formulas in Python, provided that these
// consist of correctly rounded operations.
#pragma once

#include "sparse_ot/base/simd.hpp"

namespace sparse_ot {

namespace metrics {

// How a cost follows from |x - y|: it is |x - y| itself (`root`), or its square over `divisor`.
struct Products {
    bool root;
    double divisor;
};

struct Sum {
    template <class T>
    static T join(const T& a, const T& b) {
        return a + b;
    }
};

}  // namespace metrics

// Joins the eight interleaved parts of a sum.
template <class M, class T, class Parts>
T join_parts(const Parts& part) {
    return M::join(M::join(M::join(part[0], part[1]), M::join(part[2], part[3])),
                   M::join(M::join(part[4], part[5]), M::join(part[6], part[7])));
}

// Where to split a sum of more than 128 terms.
[[nodiscard]] inline int half_of(int count) { return count / 2 - count / 2 % 8; }

template <class M, class T, class Term>
T join_halves(int first, int count, const Term& term);

// Joins term(first), ..., term(first + count - 1), count >= 1. T is double or Lanes.
template <class M, class T, class Term>
T join_terms(int first, int count, const Term& term) {
    if (count < 8) {
        T joined = term(first);
        for (int t = first + 1; t < first + count; ++t) joined = M::join(joined, term(t));
        return joined;
    }
    if (count > 128) return join_halves<M, T>(first, count, term);
    const int whole = first + count / 8 * 8;
    T part[8];
    for (int i = 0; i < 8; ++i) {
        T joined = term(first + i);
        for (int t = first + i + 8; t < whole; t += 8) joined = M::join(joined, term(t));
        part[i] = joined;
    }
    T joined = join_parts<M, T>(part);
    for (int t = whole; t < first + count; ++t) joined = M::join(joined, term(t));
    return joined;
}

template <class M, class T, class Term>
SPARSE_OT_APART T join_halves(int first, int count, const Term& term) {
    const int half = half_of(count);
    const T left = join_terms<M, T>(first, half, term);
    return M::join(left, join_terms<M, T>(first + half, count - half, term));
}

template <class M>
double join_halves_of_gaps(const M& m, const double* x, const double* y, int count);

// The same for the gaps of one pair of points; the eight partial sums are the lanes of one Pack.
template <class M>
double join_gaps(const M& m, const double* x, const double* y, int count) {
    static_assert(n_lanes == 8);
    const auto term = [&](int t) { return m.term(x[t] - y[t]); };
    if (count < 8) return join_terms<M, double>(0, count, term);
    if (count > 128) return join_halves_of_gaps(m, x, y, count);
    const int whole = count / 8 * 8;
    Lanes part = m.term(Lanes::load(x) - Lanes::load(y));
    for (int t = 8; t < whole; t += 8)
        part = M::join(part, m.term(Lanes::load(x + t) - Lanes::load(y + t)));
    double joined = join_parts<M, double>(part);
    for (int t = whole; t < count; ++t) joined = M::join(joined, term(t));
    return joined;
}

template <class M>
SPARSE_OT_APART double join_halves_of_gaps(const M& m, const double* x, const double* y,
                                           int count) {
    const int half = half_of(count);
    const double left = join_gaps(m, x, y, half);
    return M::join(left, join_gaps(m, x + half, y + half, count - half));
}

// Whether a metric joins the terms of its gaps, using each gap once.
template <class M>
concept Separable = requires(const M& m, double gap) { m.term(gap); };

// The cost of gap(0), ..., gap(d - 1), of one pair (T = double) or of eight (T = Lanes).
template <class T, class M, class Gap>
T cost_of_gaps(const M& m, int d, const Gap& gap) {
    if constexpr (Separable<M>)
        return m.finish(join_terms<M, T>(0, d, [&](int t) { return m.term(gap(t)); }));
    else
        return m.template cost<T>(d, gap);
}

// A lower bound of the computed costs of all gaps that are as large as these or larger.
template <class T, class M, class Gap>
T bound_of_gaps(const M& m, int d, const Gap& gap) {
    if constexpr (requires(const T& cost) { m.sure(cost, d); })
        return m.sure(cost_of_gaps<T>(m, d, gap), d);
    else
        return cost_of_gaps<T>(m, d, gap);
}

template <class M>
double cost_of_pair(const M& m, const double* x, const double* y, int d) {
    if constexpr (Separable<M>)
        return m.finish(join_gaps(m, x, y, d));
    else
        return m.template cost<double>(d, [&](int t) { return x[t] - y[t]; });
}

}  // namespace sparse_ot
