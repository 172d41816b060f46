// Cuts a cloud into cells of about equal numbers of points, at random places.
//
// A k-d recursion: the cell is cut across its widest side, at a quantile drawn from 0.35 .. 0.65,
// until it is small enough. Two such partitions with different seeds share no borders (but by
// chance), so what is at the border of a cell in one is inside one in the other: this is what
// shifted grids are for, without a grid, and in any dimension. Above three dimensions coordinate
// axes say little, and the cut is across the line from a point to the point farthest from it, as
// in random projection trees (Dasgupta and Freund 2008, STOC).
//
// The same recursion, halving exactly down to single points, gives the order in which coarse levels
// are formed: the groups of any depth are contiguous in it.
//
// Cells depend on points and seed alone. O(n log(n / cell)) time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/domain.hpp"
#include "sparse_ot/types.hpp"

namespace sparse_ot {

struct Cells {
    std::vector<Node> points;         // grouped by cell
    std::vector<std::int64_t> first;  // cell c holds points[first[c]] .. points[first[c + 1] - 1]

    [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(first.size()) - 1; }
    [[nodiscard]] std::span<const Node> of(std::int64_t c) const {
        return {points.data() + first[c], static_cast<std::size_t>(first[c + 1] - first[c])};
    }
};

class CellCutter {
public:
    CellCutter(Cloud cloud, std::int64_t most, std::uint64_t seed)
        : cloud_(cloud), most_(most), random_(seed), keyed_(cloud.count()) {
        for (std::size_t i = 0; i < keyed_.size(); ++i) keyed_[i] = {0.0, static_cast<Node>(i)};
    }

    Cells cut(double least_quantile = 0.35) {
        least_quantile_ = least_quantile;
        cells_.first.assign(1, 0);
        cut(keyed_);
        cells_.points.reserve(keyed_.size());
        for (const auto& [key, i] : keyed_) cells_.points.push_back(i);
        return std::move(cells_);
    }

private:
    using Keyed = std::pair<double, Node>;

    // Depth: a cut leaves at most 0.65 of the points, so the recursion is shallow.
    void cut(std::span<Keyed> points) {
        const auto count = static_cast<std::int64_t>(points.size());
        if (count <= most_) {
            cells_.first.push_back(cells_.first.back() + count);
            return;
        }
        find_keys(points);
        const double drawn = static_cast<double>(random_() >> 11) * 0x1p-53;
        const double quantile = least_quantile_ + (1.0 - 2.0 * least_quantile_) * drawn;
        const auto at = std::clamp<std::int64_t>(
            static_cast<std::int64_t>(quantile * static_cast<double>(count)), 1, count - 1);
        std::nth_element(points.begin(), points.begin() + at, points.end());
        cut(points.first(at));
        cut(points.subspan(at));
    }

    void find_keys(std::span<Keyed> points) {
        const int d = cloud_.d;
        if (d <= 3) {
            int widest = 0;
            double width = -1.0;
            for (int axis = 0; axis < d; ++axis) {
                double low = cloud_.at(points[0].second)[axis], high = low;
                for (const auto& [key, i] : points) {
                    low = std::min(low, cloud_.at(i)[axis]);
                    high = std::max(high, cloud_.at(i)[axis]);
                }
                if (high - low > width) {
                    width = high - low;
                    widest = axis;
                }
            }
            for (auto& [key, i] : points) key = cloud_.at(i)[widest];
            return;
        }
        const double* from = cloud_.at(points[random_() % points.size()].second);
        const double* end = farthest(points, from);
        const double* other = farthest(points, end);
        for (auto& [key, i] : points) {
            key = 0.0;
            for (int t = 0; t < d; ++t) key += cloud_.at(i)[t] * (other[t] - end[t]);
        }
    }

    [[nodiscard]] const double* farthest(std::span<const Keyed> points, const double* from) const {
        const double* best = from;
        double most = -1.0;
        for (const auto& [key, i] : points) {
            const double away = cost_of_pair<metrics::SqEuclidean>(cloud_.at(i), from, cloud_.d);
            if (away > most) {
                most = away;
                best = cloud_.at(i);
            }
        }
        return best;
    }

    Cloud cloud_;
    std::int64_t most_;
    double least_quantile_ = 0.5;
    std::mt19937_64 random_;
    std::vector<Keyed> keyed_;
    Cells cells_;
};

// Groups of depth k, from recursive halves (the smaller one first), are contiguous in it.
inline std::vector<Node> halving_order(Cloud cloud, std::uint64_t seed) {
    return CellCutter(cloud, 1, seed).cut(0.5).points;
}

}  // namespace sparse_ot
