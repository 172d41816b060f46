// Chebyshev distance: the largest absolute gap.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics/gaps.hpp"
#include "sparse_ot/geometry/metrics/planes.hpp"

namespace sparse_ot::metrics {

struct Chebyshev {
    static constexpr const char* name = "chebyshev";

    template <class T>
    static T term(const T& gap) {
        using std::abs;
        return abs(gap);
    }
    template <class T>
    static T join(const T& a, const T& b) {
        using std::max;
        return max(a, b);
    }
    template <class T>
    static T finish(const T& joined) {
        return joined;
    }

    static constexpr double planes_pay_from = steepness_of_norms;

    // Any coordinate may be the largest, so the gradients of all are tried, and s = -slope.
    static Lanes plane_bound(const double* x, const Lanes* sides, const Lanes* slopes, int d) {
        const Lanes zero = Lanes::all(0.0), one = Lanes::all(1.0);
        Lanes across = zero, widths = zero, along = zero, distance = zero;
        Lanes best = Lanes::all(-std::numeric_limits<double>::infinity());
        for (int t = 0; t < d; ++t) {
            const SeenAxis axis(sides[2 * t], sides[2 * t + 1], x[t]);
            const Lanes delta = axis.delta, half = axis.half, g = slopes[t];
            widths = widths + half;
            along = along - g * delta;
            const Lanes up = delta - (one + g) * half, down = (zero - delta) - (one - g) * half;
            distance = max(distance, abs(delta));
            across = across + abs(g) * half;
            best = max(best, max(up, down) + abs(g) * half);
        }
        return max(best - across, along) - error_of_norm(distance, widths, d);
    }

    static void keep_in_dual_ball(std::vector<double>& slope) {
        double norm = 0.0;
        for (const double g : slope) norm += std::abs(g);
        shrink_into_unit_ball(slope, norm);
    }
};

}  // namespace sparse_ot::metrics
