// A cloud of points: a view of their coordinates in memory.
#pragma once

#include <cstdint>
#include <span>

namespace sparse_ot {

// Points row by row, as the metric takes them.
struct Cloud {
    std::span<const double> coordinates;
    int d = 1;

    [[nodiscard]] std::int64_t count() const {
        return static_cast<std::int64_t>(coordinates.size()) / d;
    }
    [[nodiscard]] const double* at(std::int64_t i) const { return coordinates.data() + i * d; }
};

}  // namespace sparse_ot
