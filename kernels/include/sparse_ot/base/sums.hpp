// Sums with a negligible rounding error.
//
// CompensatedSum   adds doubles and their products, and keeps the rounding errors (Neumaier
//                  1974, Z. angew. Math. Mech. 54, 39-51). For totals and for proofs.
// DoubleDouble     a number kept to twice the precision of a double: an unevaluated pair
//                  high + low.
//
// A potential is a sum of costs along a tree path. If the path contains a cost of 1e12, a plain
// double loses everything below 1e-4, including costs of 1e-12 elsewhere on the path.
// Reference: Knuth 1997, The Art of Computer Programming 2, section 4.2.2 (two-sum); Dekker 1971.
#pragma once

#include <cmath>

namespace sparse_ot {

class CompensatedSum {
public:
    void add(double x) {
        const double t = sum_ + x;
        lost_ += std::abs(sum_) >= std::abs(x) ? (sum_ - t) + x : (x - t) + sum_;
        sum_ = t;
    }
    void add_product(double x, double y) {  // includes the rounding of the product, exactly
        const double p = x * y;
        add(p);
        lost_ += std::fma(x, y, -p);
    }
    [[nodiscard]] double total() const { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

private:
    double sum_ = 0.0, lost_ = 0.0;
};

struct DoubleDouble {
    double high = 0.0;
    double low = 0.0;

    [[nodiscard]] double value() const { return high + low; }
};

[[nodiscard]] inline DoubleDouble operator+(DoubleDouble x, double y) {
    const double sum = x.high + y;
    const double part = sum - x.high;
    const double lost = (x.high - (sum - part)) + (y - part) + x.low;
    const double high = sum + lost;
    return {high, lost - (high - sum)};
}

[[nodiscard]] inline DoubleDouble operator+(DoubleDouble x, DoubleDouble y) {
    return (x + y.high) + y.low;
}

[[nodiscard]] inline DoubleDouble operator-(DoubleDouble x) { return {-x.high, -x.low}; }

[[nodiscard]] inline DoubleDouble operator-(DoubleDouble x, DoubleDouble y) { return x + -y; }

// x * (1 + y) for a small y.
[[nodiscard]] inline DoubleDouble increased(double x, double y) {
    const double product = x * y;
    return DoubleDouble{product, std::fma(x, y, -product)} + x;
}

}  // namespace sparse_ot
