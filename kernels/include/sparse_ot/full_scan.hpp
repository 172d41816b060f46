// The k targets of least cost(x, y_j) + offset_j, by looking at all of them.
//
// In many dimensions boxes bound nothing and a tree visits every leaf; then the plain double loop,
// blocked for the caches and eight targets wide, is the fastest exact search. A tile of targets
// stays in the second-level cache while a block of sources goes over it; what is kept is k entries
// a source, never a block of the matrix.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "sparse_ot/k_least.hpp"
#include "sparse_ot/lanes.hpp"
#include "sparse_ot/metrics.hpp"
#include "sparse_ot/packed_tree.hpp"
#include "sparse_ot/tree_search.hpp"

namespace sparse_ot {

class FullScan {
public:
    static constexpr std::int64_t tile_bytes = 256 * 1024;

    FullScan(const PackedPoints& points, const std::vector<Lanes>& offsets)
        : points_(points),
          offsets_(offsets),
          tile_(std::max<std::int64_t>(1, tile_bytes / (points.d * std::int64_t{sizeof(Lanes)}))) {}

    // `best[r]` comes with its ceiling and leaves with the answer for row r of `x`.
    SPARSE_OT_CLONES
    void search(Metric metric, const double* x, std::span<KLeast> best) const {
        with_metric(metric, [&](auto m) { scan<decltype(m)>(x, best); });
    }

private:
    template <class M>
    void scan(const double* x, std::span<KLeast> best) const {
        const int d = points_.d;
        for (std::int64_t first = 0; first < points_.groups(); first += tile_) {
            const std::int64_t last = std::min(first + tile_, points_.groups());
            for (std::size_t row = 0; row < best.size(); ++row)
                for (std::int64_t g = first; g < last; ++g)
                    offer_group(costs_to_points<M>(x + row * d, points_.group(g), d) + offsets_[g],
                                g, points_.index.data(), best[row]);
        }
    }

    const PackedPoints& points_;
    const std::vector<Lanes>& offsets_;
    std::int64_t tile_;
};

}  // namespace sparse_ot
