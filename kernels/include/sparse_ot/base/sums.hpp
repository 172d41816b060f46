// Sums kept to twice the precision of a double: an unevaluated pair high + low.
//
// A potential is a sum of costs along a tree path. Where the path holds a cost of 1e12, a plain
// double forgets all that is below 1e-4, and with it the costs of 1e-12 on either side of it.
// Reference: Knuth 1997, The Art of Computer Programming 2, section 4.2.2 (two-sum); Dekker 1971.
#pragma once

namespace sparse_ot {

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

[[nodiscard]] inline DoubleDouble operator-(DoubleDouble x, DoubleDouble y) {
    return (x + -y.high) + -y.low;
}

}  // namespace sparse_ot
