// Why no plan exists: sources that hold more than all the targets they reach can take.
//
// By Hall's theorem (in the form of Gale 1957) every infeasible transportation problem has such a
// set. A maximum flow finds it as a cut: starts/max_flow.hpp marks the nodes that the leftover mass
// can still reach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

struct HallViolation {
    std::vector<std::int64_t> sources;
    std::vector<std::int64_t> targets;  // all targets that the sources reach
    double supply = 0.0;                // of the sources
    double demand = 0.0;                // of the targets; less than the supply
};

// `reached` marks the nodes on the sources' side of the cut. Masses are the caller's, of supply a;
// where their rounding hides the difference, those of the integers.
[[nodiscard]] inline HallViolation violation_of(std::span<const double> a, const Masses& masses,
                                                const std::vector<char>& reached) {
    HallViolation violation;
    const std::size_t n = masses.supply.size();
    Mass supply = 0, demand = 0;
    CompensatedSum of_a, of_b;
    for (std::size_t i = 0; i < n; ++i)
        if (reached[i]) {
            violation.sources.push_back(static_cast<std::int64_t>(i));
            supply += masses.supply[i];
            of_a.add(a[i]);
        }
    for (std::size_t j = 0; j < masses.demand.size(); ++j)
        if (reached[n + j]) {
            violation.targets.push_back(static_cast<std::int64_t>(j));
            demand += masses.demand[j];
            of_b.add(masses.b[j]);
        }
    violation.supply = of_a.total();
    violation.demand = of_b.total();
    if (!(violation.supply > violation.demand)) {
        violation.supply = static_cast<double>(supply) * masses.unit;
        violation.demand = static_cast<double>(demand) * masses.unit;
    }
    return violation;
}

}  // namespace sparse_ot
