// Euclidean distance.
#pragma once

#include <cmath>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/gaps.hpp"
#include "sparse_ot/geometry/metrics/planes.hpp"

namespace sparse_ot::metrics {

struct Euclidean : Sum {
    static constexpr const char* name = "euclidean";
    static constexpr Products products{true, 1.0};

    template <class T>
    static T term(const T& gap) {
        return gap * gap;
    }
    template <class T>
    static T finish(const T& joined) {
        using std::sqrt;
        return sqrt(joined);
    }

    static constexpr double planes_pay_from = steepness_of_norms;

    // The better of s = the gradient at the center (`across` is its loss on the way to the corner)
    // and s = -slope (`along`).
    static Lanes plane_bound(const double* x, const Lanes* sides, const Lanes* slopes, int d) {
        const Lanes zero = Lanes::all(0.0);
        Lanes sum = zero, across = zero, widths = zero, along = zero;
        for (int t = 0; t < d; ++t) {
            const Lanes delta = center_of(sides[2 * t], sides[2 * t + 1]) - Lanes::all(x[t]);
            sum = sum + delta * delta;
        }
        const Lanes distance = sqrt(sum);
        for (int t = 0; t < d; ++t) {
            const SeenAxis axis(sides[2 * t], sides[2 * t + 1], x[t]);
            const Lanes g = slopes[t];
            widths = widths + axis.half;
            along = along - g * axis.delta;
            across = across + abs(axis.delta / distance + g) * axis.half;
        }
        return max(distance - across, along) - error_of_norm(distance, widths, d);
    }

    static void keep_in_dual_ball(std::vector<double>& slope) {
        double norm = 0.0;
        for (const double g : slope) norm += g * g;
        shrink_into_unit_ball(slope, std::sqrt(norm));
    }
};

}  // namespace sparse_ot::metrics
