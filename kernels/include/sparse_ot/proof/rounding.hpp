// How far apart the bounds of an optimum may be because the potentials were rounded.
//
// The simplex stops when no reduced cost is below -64 eps (|cost| + |u| + |v|); weighted by the
// masses, these tolerances add up to the largest remaining gap. Costs are omitted, because they
// equal u + v where mass moves.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/sums.hpp"

namespace sparse_ot {

[[nodiscard]] inline double rounding_of_bounds(std::span<const double> a, std::span<const double> u,
                                               std::span<const double> b,
                                               std::span<const double> v) {
    CompensatedSum terms;
    for (std::size_t i = 0; i < a.size(); ++i) terms.add(a[i] * std::abs(u[i]));
    for (std::size_t j = 0; j < b.size(); ++j) terms.add(b[j] * std::abs(v[j]));
    // A product with a subnormal mass has an error of up to half the smallest positive double, on
    // either side.
    const auto nodes = static_cast<double>(a.size() + b.size());
    return reduced_cost_ulps * terms.total() + nodes * std::numeric_limits<double>::denorm_min();
}

}  // namespace sparse_ot
