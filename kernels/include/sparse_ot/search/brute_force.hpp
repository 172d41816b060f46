// Finds the k targets of least cost(x, y_j) + offset_j by looking at all of them.
//
// In many dimensions boxes bound nothing and a tree visits every leaf. The double loop is then the
// fastest exact search, provided that most of it is cheap. A filter
// (search/brute_force_filters.hpp) looks at every pair and rules most of them out. The few pairs
// that pass are priced exactly, by the same formula and in the same order of operations as
// everywhere else, and these prices decide.
//
// A tile of targets stays in the second-level cache while a block of sources passes over it, four
// sources at a time. Memory: the filter's copy of the targets, and k entries per source of a block.
// No block of the cost matrix is ever stored.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics.hpp"
#include "sparse_ot/search/brute_force_filters.hpp"
#include "sparse_ot/search/k_least.hpp"

namespace sparse_ot {

template <class Filter>
class FullScan {
public:
    using Sources = typename Filter::Sources;  // scratch memory of one thread

    // `y` must outlive this object.
    FullScan(std::span<const double> y, int d, const Metric& metric, std::span<const double> offset)
        : y_(y),
          d_(d),
          count_(static_cast<std::int64_t>(y.size()) / d),
          metric_(metric),
          offset_(offset),
          filter_(y, d, metric, offset) {}

    // On entry `best[r]` holds its ceiling; on return it holds the answer for row r of `x`.
    void search(const double* x, std::span<KLeast> best, Sources& sources) const {
        const std::size_t rows = (best.size() + rows_at_once - 1) / rows_at_once * rows_at_once;
        filter_.resize(sources, rows);
        for (std::size_t row = 0; row < rows; ++row) {
            const bool real = row < best.size();
            filter_.load(sources, row, x + (real ? row : 0) * d_);
            filter_.set_bar(sources, row, real ? best[row].bar().value : nothing);
        }
        const std::int64_t tile = std::max<std::int64_t>(1, tile_bytes / filter_.bytes_of_group());
        for (std::int64_t first = 0; first < filter_.groups(); first += tile)
            search_tile(x, first, std::min(first + tile, filter_.groups()), best, sources);
    }

    [[nodiscard]] double cost(const double* x, std::int64_t j) const {
        return with_metric(
            metric_, [&](const auto& m) { return cost_of_pair(m, x, y_.data() + j * d_, d_); });
    }

private:
    static constexpr std::int64_t tile_bytes = 256 * 1024;
    static constexpr double nothing = -std::numeric_limits<double>::infinity();

    SPARSE_OT_CLONES
    void search_tile(const double* x, std::int64_t first, std::int64_t last, std::span<KLeast> best,
                     Sources& sources) const {
        for (std::size_t row = 0; row < best.size(); row += rows_at_once)
            for (std::int64_t group = first; group < last; ++group) {
                unsigned passing[rows_at_once];
                filter_.look(sources, row, group, passing);
                for (std::size_t r = 0; r < rows_at_once; ++r)
                    if (passing[r] != 0 && row + r < best.size()) [[unlikely]]
                        price(x, row + r, group, passing[r], best[row + r], sources);
            }
    }

    // Prices the targets of a group that passed, exactly. It is a separate clone because it is rare
    // and large.
    SPARSE_OT_CLONES
    void price(const double* x, std::size_t row, std::int64_t group, unsigned passing, KLeast& best,
               Sources& sources) const {
        for (; passing != 0; passing &= passing - 1) {
            const std::int64_t j = group * Filter::width + std::countr_zero(passing);
            if (j >= count_) break;
            const double value = cost(x + row * d_, j) + (offset_.empty() ? 0.0 : offset_[j]);
            const auto index = static_cast<std::int32_t>(j);
            best.offer({{value, index}, index});
        }
        filter_.set_bar(sources, row, best.bar().value);
    }

    std::span<const double> y_;
    int d_;
    std::int64_t count_;
    Metric metric_;
    std::span<const double> offset_;
    Filter filter_;
};

}  // namespace sparse_ot
