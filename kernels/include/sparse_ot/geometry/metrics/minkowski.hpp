// The p-norm of the gaps, for p >= 1.
//
// Gaps are first divided by the largest one, so that their powers neither overflow nor vanish where
// it matters. Every power is then at most 1, one of them is 1, and the cost is the largest gap
// times the p-th root of their sum.
//
// Rounding. All errors are relative, u = 2^-53. A gap over the largest has an error of u. Its power
// has one of p u from that and of 4 u from `pow` (less than 2 u in every C library in use; a
// product of p factors has p u instead). The sum adds d u. The root divides all this by p, and adds
// 4 u of its own and u for the product: d + 11 at most. Neither `pow` nor the division by gaps of
// different size is monotone, so a bound is lowered by the possible error of two costs. Powers that
// vanish are negligible against 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/gaps.hpp"

namespace sparse_ot::metrics {

struct Minkowski : Sum {
    static constexpr const char* name = "minkowski";

    double p;

    explicit Minkowski(double exponent)
        : p(exponent),
          whole_(exponent <= max_whole && exponent == std::floor(exponent)
                     ? static_cast<int>(exponent)
                     : 0) {}

    template <class T, class Gap>
    T cost(int d, const Gap& gap) const {
        using std::abs;
        T largest = abs(gap(0));
        for (int t = 1; t < d; ++t) largest = larger(abs(gap(t)), largest);
        // Coinciding points and points at infinity have no largest gap to divide by.
        largest = larger(same<T>(std::numeric_limits<double>::min()), largest);
        largest = smaller(same<T>(std::numeric_limits<double>::max()), largest);
        const T joined =
            join_terms<Minkowski, T>(0, d, [&](int t) { return raised(abs(gap(t)) / largest); });
        return largest * root(joined);
    }

    template <class T>
    static T sure(const T& cost, int d) {
        return cost * same<T>(1.0 - 4.0 * (d + 16) * 0x1p-53);
    }

private:
    // Up to this exponent a whole power is a product, which is much faster than `pow`.
    static constexpr double max_whole = 8.0;

    template <class T>
    static T same(double x) {
        if constexpr (sizeof(T) == sizeof(double))
            return x;
        else
            return T::all(x);
    }
    static double larger(double a, double b) { return a > b ? a : b; }
    static Lanes larger(const Lanes& a, const Lanes& b) { return max(a, b); }
    static double smaller(double a, double b) { return a < b ? a : b; }
    static Lanes smaller(const Lanes& a, const Lanes& b) { return min(a, b); }

    template <class T>
    [[nodiscard]] T raised(const T& x) const {
        if (whole_ == 0) return power(x, p);
        T product = x;
        for (int factor = 1; factor < whole_; ++factor) product = product * x;
        return product;
    }
    template <class T>
    [[nodiscard]] T root(const T& x) const {
        return power(x, 1.0 / p);
    }

    static double power(double x, double exponent) { return std::pow(x, exponent); }
    static Lanes power(const Lanes& x, double exponent) {
        Lanes r = x;
        for (int i = 0; i < n_lanes; ++i) r.set(i, std::pow(x[i], exponent));
        return r;
    }

    int whole_;
};

}  // namespace sparse_ot::metrics
