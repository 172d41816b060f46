// What a metric is to the core, and the one order in which its terms are added.
//
// A metric is a small struct, a value where it has parameters. It turns the gaps between
// coordinates into terms, joins the terms (sum or maximum), and finishes:
// cost = finish(join of term(x_t - y_t)). Everything is a difference of coordinates; the expansion
// |x|^2 + |y|^2 - 2 x.y loses every digit of near neighbours far from the origin.
//
//   static constexpr const char* name      its name in Python (_core.Metric)
//   term, join, finish                     of a double, or of Lanes
//   cost<T>(d, gap)                        instead, if gaps must be looked at more than once
//   static constexpr Products products     optional: cost is |x - y| or |x - y|^2 / divisor, so
//   that
//                                          products of coordinates filter (brute_force_filters.hpp)
//   plane_bound, keep_in_dual_ball,        optional: bounds from planes under the offsets
//   planes_pay_from                        (search/offset_planes/bounds.hpp)
//   sure(cost, d)                          what no computed cost of larger gaps is below; optional
//                                          where all operations are rounded monotonically
//
// What a metric does not say of itself, it goes without: never is it taken for another one.
//
// Rounding is monotone, and that is all the error analysis the searches need. If every gap to a box
// is at most the gap to a point inside it, then so, after rounding, is every term, every partial
// sum and the finished cost, PROVIDED that both are computed by the same operations in the same
// order. So a bound computed here never exceeds a cost computed here, not by one bit, and a box may
// be skipped on a plain comparison. Functions of the C library are not known to be monotone; a
// metric that calls one says in `sure` how much they may be wrong.
//
// The order of the sum is NumPy's (pairwise summation, numpy/_core/src/umath/loops_utils.h.src):
// up to seven terms one by one, up to 128 in eight interleaved partial sums, beyond that by halves.
// Costs found by a search are then bit for bit those of the formulas in Python, where these consist
// of operations that round correctly.
#pragma once

#include "sparse_ot/base/simd.hpp"

namespace sparse_ot {

namespace metrics {

// How a cost follows from |x - y|: it is that, or its square over `divisor`.
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

// Where a sum of more than 128 terms is halved.
[[nodiscard]] inline int half_of(int count) { return count / 2 - count / 2 % 8; }

template <class M, class T, class Term>
T join_halves(int first, int count, const Term& term);

// Joins term(first), ..., term(first + count - 1); at least one. T is a double, or Lanes.
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

// The same for the gaps of one pair of points, whose eight parts are the lanes of one register.
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

// Whether a metric is the joined terms of its gaps, each looked at once.
template <class M>
concept Separable = requires(const M& m, double gap) { m.term(gap); };

// The cost of gap(0), ..., gap(d - 1): of one pair, or of eight.
template <class T, class M, class Gap>
T cost_of_gaps(const M& m, int d, const Gap& gap) {
    if constexpr (Separable<M>)
        return m.finish(join_terms<M, T>(0, d, [&](int t) { return m.term(gap(t)); }));
    else
        return m.template cost<T>(d, gap);
}

// What no computed cost of gaps that are larger, or as large, is below.
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
