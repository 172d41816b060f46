// Helpers by which the metrics bound costs over boxes with planes (search/offset_planes).
#pragma once

#include <algorithm>
#include <vector>

#include "sparse_ot/base/simd.hpp"

namespace sparse_ot {

[[nodiscard]] inline Lanes center_of(const Lanes& low, const Lanes& high) {
    return Lanes::all(0.5) * (low + high);
}

inline constexpr double half_ulp = 0x1p-53;

namespace metrics {

// From these steepnesses on, planes pay for norms and for squares
// (search/offset_planes/planes.hpp).
inline constexpr double steepness_of_norms = 0.5, steepness_of_squares = 1.0;

// One axis of eight boxes as seen from x: the way to the center, and half the side.
struct SeenAxis {
    Lanes delta, half;

    SeenAxis(const Lanes& low, const Lanes& high, double x) {
        const Lanes center = center_of(low, high);
        half = max(high - center, center - low);
        delta = center - Lanes::all(x);
    }
};

// The possible error of the bounds of norms, as counted in search/offset_planes/bounds.hpp.
inline Lanes error_of_norm(const Lanes& distance, const Lanes& widths, int d) {
    return Lanes::all((2 * d + 8) * half_ulp) * distance +
           Lanes::all((5 * d + 12) * half_ulp) * widths;
}

// Shrinks a slope whose dual norm is `norm` into the unit ball, with a margin for rounding.
inline void shrink_into_unit_ball(std::vector<double>& slope, double norm) {
    const auto d = static_cast<double>(slope.size());
    if (!(norm > 1.0 - 2.0 * d * half_ulp)) return;
    for (double& g : slope) g *= (1.0 - 3.0 * (d + 4.0) * half_ulp) / norm;
}

}  // namespace metrics

}  // namespace sparse_ot
