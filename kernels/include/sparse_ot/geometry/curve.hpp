// Points sorted along a Morton curve (Morton 1966, IBM, "A computer oriented geodetic data base").
//
// Consecutive points of the order are close in space, so a search for one finds in cache what the
// search for the last one touched. The order need not be perfect, only cheap: one code of 64 bits a
// point, one sort; equal codes by index.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace sparse_ot {

inline std::vector<std::int32_t> morton_order(std::span<const double> points, std::int64_t count,
                                              int d) {
    const int axes = std::min(d, 32);  // the first 32 coordinates are enough to be near
    const int bits = std::min(20, 63 / axes);
    std::vector<double> low(axes, std::numeric_limits<double>::infinity()), scale(axes);
    for (int t = 0; t < axes; ++t) {
        double high = -low[t];
        for (std::int64_t i = 0; i < count; ++i) {
            low[t] = std::min(low[t], points[i * d + t]);
            high = std::max(high, points[i * d + t]);
        }
        scale[t] = high > low[t] ? static_cast<double>((1 << bits) - 1) / (high - low[t]) : 0.0;
    }
    std::vector<std::pair<std::uint64_t, std::int32_t>> coded(count);
    std::vector<std::uint32_t> cell(axes);
    for (std::int64_t i = 0; i < count; ++i) {
        for (int t = 0; t < axes; ++t) {
            const double along = (points[i * d + t] - low[t]) * scale[t];
            cell[t] = along > 0.0 && along < 1 << bits ? static_cast<std::uint32_t>(along) : 0;
        }
        std::uint64_t code = 0;
        for (int bit = bits - 1; bit >= 0; --bit)
            for (int t = 0; t < axes; ++t) code = code << 1 | (cell[t] >> bit & 1);
        coded[i] = {code, static_cast<std::int32_t>(i)};
    }
    std::sort(coded.begin(), coded.end());
    std::vector<std::int32_t> order(count);
    for (std::int64_t i = 0; i < count; ++i) order[i] = coded[i].second;
    return order;
}

}  // namespace sparse_ot
