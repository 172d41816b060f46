// City block distance: the sum of the absolute gaps.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/gaps.hpp"
#include "sparse_ot/geometry/metrics/planes.hpp"

namespace sparse_ot::metrics {

struct Cityblock : Sum {
    static constexpr const char* name = "cityblock";

    template <class T>
    static T term(const T& gap) {
        using std::abs;
        return abs(gap);
    }
    template <class T>
    static T finish(const T& joined) {
        return joined;
    }

    static constexpr double planes_pay_from = steepness_of_norms;

    // The better of s = the gradient at the center and s = -slope, coordinate by coordinate.
    static Lanes plane_bound(const double* x, const Lanes* sides, const Lanes* slopes, int d) {
        const Lanes zero = Lanes::all(0.0), one = Lanes::all(1.0);
        Lanes sum = zero, widths = zero, distance = zero;
        for (int t = 0; t < d; ++t) {
            const SeenAxis axis(sides[2 * t], sides[2 * t + 1], x[t]);
            const Lanes delta = axis.delta, half = axis.half, g = slopes[t];
            widths = widths + half;
            const Lanes up = delta - (one + g) * half, down = (zero - delta) - (one - g) * half;
            distance = distance + abs(delta);
            sum = sum + max(max(up, down), zero - g * delta);
        }
        return sum - error_of_norm(distance, widths, d);
    }

    static void keep_in_dual_ball(std::vector<double>& slope) {
        for (double& g : slope) g = std::clamp(g, -1.0, 1.0);
    }
};

}  // namespace sparse_ot::metrics
