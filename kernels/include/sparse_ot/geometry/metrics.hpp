// The metrics of the core, and the one order in which their terms are added.
//
// A metric turns the gaps between coordinates into terms, joins the terms (sum or maximum), and
// finishes: cost = finish(join of term(x_t - y_t)). Everything is a difference of coordinates; the
// expansion |x|^2 + |y|^2 - 2 x.y loses every digit of near neighbours far from the origin.
//
// Rounding is monotone, and that is all the error analysis the searches need. If every gap to a box
// is at most the gap to a point inside it, then so, after rounding, is every term, every partial
// sum and the finished cost, PROVIDED that both are computed by the same operations in the same
// order. So a bound computed here never exceeds a cost computed here, not by one bit, and a box may
// be skipped on a plain comparison.
//
// The order of the sum is NumPy's (pairwise summation, numpy/_core/src/umath/loops_utils.h.src):
// up to seven terms one by one, up to 128 in eight interleaved partial sums, beyond that by halves.
// Costs found by a search are then bit for bit those of the formulas in Python.
//
// Cosine cost is half the squared chord of unit vectors. A zero vector stays zero: it is 0.5 away
// from every other.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "sparse_ot/base/simd.hpp"

namespace sparse_ot {

enum class Metric : int {
    sqeuclidean = 0,
    euclidean = 1,
    cityblock = 2,
    chebyshev = 3,
    cosine = 4
};

namespace metrics {

using std::abs;
using std::max;
using std::sqrt;

struct Sum {
    template <class T>
    static T join(const T& a, const T& b) {
        return a + b;
    }
};

struct SqEuclidean : Sum {
    template <class T>
    static T term(const T& gap) {
        return gap * gap;
    }
    template <class T>
    static T finish(const T& joined) {
        return joined;
    }
};

struct Euclidean : SqEuclidean {
    template <class T>
    static T finish(const T& joined) {
        return sqrt(joined);
    }
};

struct HalfSqEuclidean : SqEuclidean {
    static double finish(double joined) { return 0.5 * joined; }
    static Lanes finish(const Lanes& joined) { return Lanes::all(0.5) * joined; }
};

struct Cityblock : Sum {
    template <class T>
    static T term(const T& gap) {
        return abs(gap);
    }
    template <class T>
    static T finish(const T& joined) {
        return joined;
    }
};

struct Chebyshev : Cityblock {
    template <class T>
    static T join(const T& a, const T& b) {
        return max(a, b);
    }
};

}  // namespace metrics

// Calls f with the type that computes `metric`; cosine expects unit vectors.
template <class F>
decltype(auto) with_metric(Metric metric, F&& f) {
    switch (metric) {
        case Metric::euclidean:
            return f(metrics::Euclidean{});
        case Metric::cityblock:
            return f(metrics::Cityblock{});
        case Metric::chebyshev:
            return f(metrics::Chebyshev{});
        case Metric::cosine:
            return f(metrics::HalfSqEuclidean{});
        case Metric::sqeuclidean:
            break;
    }
    return f(metrics::SqEuclidean{});
}

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
double join_halves_of_gaps(const double* x, const double* y, int count);

// The same for the gaps of one pair of points, whose eight parts are the lanes of one register.
template <class M>
double join_gaps(const double* x, const double* y, int count) {
    static_assert(n_lanes == 8);
    const auto term = [&](int t) { return M::term(x[t] - y[t]); };
    if (count < 8) return join_terms<M, double>(0, count, term);
    if (count > 128) return join_halves_of_gaps<M>(x, y, count);
    const int whole = count / 8 * 8;
    Lanes part = M::term(Lanes::load(x) - Lanes::load(y));
    for (int t = 8; t < whole; t += 8)
        part = M::join(part, M::term(Lanes::load(x + t) - Lanes::load(y + t)));
    double joined = join_parts<M, double>(part);
    for (int t = whole; t < count; ++t) joined = M::join(joined, term(t));
    return joined;
}

template <class M>
SPARSE_OT_APART double join_halves_of_gaps(const double* x, const double* y, int count) {
    const int half = half_of(count);
    const double left = join_gaps<M>(x, y, half);
    return M::join(left, join_gaps<M>(x + half, y + half, count - half));
}

template <class M>
double cost_of_pair(const double* x, const double* y, int d) {
    return M::finish(join_gaps<M>(x, y, d));
}

// The vector over its length, or zero. Dividing by the largest coordinate first keeps the squares
// from overflowing and from vanishing.
inline void normalise(const double* x, int d, double* unit) {
    double largest = 0.0;
    for (int t = 0; t < d; ++t) largest = std::max(largest, std::abs(x[t]));
    if (largest == 0.0) largest = 1.0;
    for (int t = 0; t < d; ++t) unit[t] = x[t] / largest;
    const auto square = [&](int t) { return unit[t] * unit[t]; };
    const double squares = join_terms<metrics::Sum, double>(0, d, square);
    const double length = squares > 0.0 ? std::sqrt(squares) : 1.0;
    for (int t = 0; t < d; ++t) unit[t] /= length;
}

}  // namespace sparse_ot
