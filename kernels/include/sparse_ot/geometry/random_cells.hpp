// Cuts a cloud into cells of about equal numbers of points, at random places.
//
// A k-d recursion: the cell is cut across its widest side, at a quantile drawn from 0.35 .. 0.65,
// until it is small enough. Two such partitions with different seeds share no borders (but by
// chance), so what is at the border of a cell in one is inside one in the other: this is what
// shifted grids are for, without a grid, and in any dimension. Above three dimensions coordinate
// axes say little, and the cut is across the line from a point to the point farthest from it, as
// in random projection trees (Dasgupta and Freund 2008, STOC).
//
// Cells depend on points and seed alone. O(n log(n / cell)) time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/cloud.hpp"
#include "sparse_ot/geometry/metrics.hpp"

namespace sparse_ot {

struct Cells {
    std::vector<Node> points;         // grouped by cell
    std::vector<std::int64_t> first;  // cell c holds points[first[c]] .. points[first[c + 1] - 1]

    [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(first.size()) - 1; }
    [[nodiscard]] std::span<const Node> of(std::int64_t c) const {
        return {points.data() + first[c], static_cast<std::size_t>(first[c + 1] - first[c])};
    }
};

using KeyedPoint = std::pair<double, Node>;

// Brings the `at` first points to the front, in the order of the widest axis or, above three
// dimensions, along the line from the point farthest from some point to the one farthest from that.
inline void cut_across(Cloud cloud, std::span<KeyedPoint> points, std::int64_t at,
                       std::mt19937_64& random) {
    const int d = cloud.d;
    if (d <= 3) {
        int widest = 0;
        double width = -1.0;
        for (int axis = 0; axis < d; ++axis) {
            double low = cloud.at(points[0].second)[axis], high = low;
            for (const auto& [key, i] : points) {
                low = std::min(low, cloud.at(i)[axis]);
                high = std::max(high, cloud.at(i)[axis]);
            }
            if (high - low > width) {
                width = high - low;
                widest = axis;
            }
        }
        for (auto& [key, i] : points) key = cloud.at(i)[widest];
    } else {
        const auto farthest = [&](const double* from) {
            const double* best = from;
            double most = -1.0;
            for (const auto& [key, i] : points) {
                const double away = cost_of_pair<metrics::SqEuclidean>(cloud.at(i), from, d);
                if (away > most) {
                    most = away;
                    best = cloud.at(i);
                }
            }
            return best;
        };
        const double* from = farthest(cloud.at(points[random() % points.size()].second));
        const double* to = farthest(from);
        for (auto& [key, i] : points) {
            key = 0.0;
            for (int t = 0; t < d; ++t) key += cloud.at(i)[t] * (to[t] - from[t]);
        }
    }
    std::nth_element(points.begin(), points.begin() + at, points.end());
}

class CellCutter {
public:
    CellCutter(Cloud cloud, std::int64_t most, std::uint64_t seed)
        : cloud_(cloud), most_(most), random_(seed), keyed_(cloud.count()) {
        for (std::size_t i = 0; i < keyed_.size(); ++i) keyed_[i] = {0.0, static_cast<Node>(i)};
    }

    Cells cut() {
        cells_.first.assign(1, 0);
        cut(keyed_);
        cells_.points.reserve(keyed_.size());
        for (const auto& [key, i] : keyed_) cells_.points.push_back(i);
        return std::move(cells_);
    }

private:
    // A cut leaves at most 0.65 of the points together, so the recursion is shallow.
    void cut(std::span<KeyedPoint> points) {
        const auto count = static_cast<std::int64_t>(points.size());
        if (count <= most_) {
            cells_.first.push_back(cells_.first.back() + count);
            return;
        }
        const double quantile = 0.35 + 0.3 * static_cast<double>(random_() >> 11) * 0x1p-53;
        const auto at = std::clamp<std::int64_t>(
            static_cast<std::int64_t>(quantile * static_cast<double>(count)), 1, count - 1);
        cut_across(cloud_, points, at, random_);
        cut(points.first(at));
        cut(points.subspan(at));
    }

    Cloud cloud_;
    std::int64_t most_;
    std::mt19937_64 random_;
    std::vector<KeyedPoint> keyed_;
    Cells cells_;
};

}  // namespace sparse_ot
