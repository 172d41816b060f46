// An arc in a proof: its ends as the caller numbers them, and its cost.
#pragma once

#include <cstdint>

namespace sparse_ot {

struct CostedPair {
    std::int64_t row, col;
    double cost;
};

}  // namespace sparse_ot
