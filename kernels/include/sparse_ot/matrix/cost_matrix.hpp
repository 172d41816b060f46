// A cost matrix in place, row by row: every pair of a source and a target is an arc.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

struct CostMatrix {
    std::span<const Cost> costs;  // row by row
    std::int64_t n = 0;
    std::int64_t m = 0;

    [[nodiscard]] const Cost* row(std::int64_t i) const { return costs.data() + i * m; }
};

// Finds the first NaN, -inf or cost that is too large. Vectorised, as it is a pass over the whole
// matrix.
inline Fault check_matrix(const CostMatrix& matrix) {
    constexpr Cost infinity = std::numeric_limits<Cost>::infinity();
    const Cost largest = largest_cost(matrix.n, matrix.m);
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        const Cost* row = matrix.row(i);
        bool sound = true;
        for (std::int64_t j = 0; j < matrix.m; ++j)
            sound &= (row[j] >= -largest) & ((row[j] <= largest) | (row[j] == infinity));
        if (sound) continue;
        for (std::int64_t j = 0; j < matrix.m; ++j) {
            if (std::abs(row[j]) <= largest || row[j] == infinity) continue;
            const auto kind = std::isnan(row[j])    ? FaultKind::nan_cost
                              : row[j] == -infinity ? FaultKind::minus_infinite_cost
                                                    : FaultKind::cost_too_large;
            return {kind, i * matrix.m + j, row[j], largest};
        }
    }
    return {};
}

// Feasible duals of the whole matrix: row minima, then column minima of the reduced costs.
inline Duals reduce_costs(const CostMatrix& matrix) {
    Duals duals = unset_duals(matrix.n, matrix.m);
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        const Cost* row = matrix.row(i);
        const Cost u = *std::min_element(row, row + matrix.m);
        duals.u[i] = u == no_cost ? 0.0 : u;
        for (std::int64_t j = 0; j < matrix.m; ++j)
            duals.v[j] = std::min(duals.v[j], row[j] - duals.u[i]);
    }
    zero_unset(duals.v);
    return duals;
}

}  // namespace sparse_ot
