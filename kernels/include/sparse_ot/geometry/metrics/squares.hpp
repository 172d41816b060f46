// Squared Euclidean distance, and half of it: 1 - cos for unit vectors.
#pragma once

#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/gaps.hpp"
#include "sparse_ot/geometry/metrics/planes.hpp"

namespace sparse_ot::metrics {

struct SqEuclidean : Sum {
    static constexpr const char* name = "sqeuclidean";
    static constexpr Products products{false, 1.0};

    template <class T>
    static T term(const T& gap) {
        return gap * gap;
    }
    template <class T>
    static T finish(const T& joined) {
        return joined;
    }

    static constexpr double planes_pay_from = steepness_of_squares;
    static Lanes plane_bound(const double* x, const Lanes* sides, const Lanes* slopes, int d) {
        return plane_bound_of_squares(x, sides, slopes, d, 1.0);
    }
    // Squared distances allow slopes of any size.
    static void keep_in_dual_ball(std::vector<double>&) {}

protected:
    // The bound for `factor` times the squared distance: another squared distance, from x shifted
    // by half the slope over `factor`.
    static Lanes plane_bound_of_squares(const double* x, const Lanes* sides, const Lanes* slopes,
                                        int d, double factor) {
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
};

// Half the squared chord: 1 - cos of unit vectors. Callers normalise the points, and make a zero
// vector orthogonal to all others.
struct HalfSqEuclidean : SqEuclidean {
    static constexpr const char* name = "half_sqeuclidean";
    static constexpr Products products{false, 2.0};

    static double finish(double joined) { return 0.5 * joined; }
    static Lanes finish(const Lanes& joined) { return Lanes::all(0.5) * joined; }

    static Lanes plane_bound(const double* x, const Lanes* sides, const Lanes* slopes, int d) {
        return plane_bound_of_squares(x, sides, slopes, d, 0.5);
    }
};

}  // namespace sparse_ot::metrics
