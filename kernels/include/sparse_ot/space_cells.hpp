// Cuts a cloud into cells of about equal numbers of points, at random places.
//
// A k-d recursion: the cell is cut across its widest side, at a quantile drawn from 0.35 .. 0.65,
// until it is small enough. Two such partitions with different seeds share no borders (but by
// chance), so what is at the border of a cell in one is inside one in the other: this is what
// shifted grids are for, without a grid, and in any dimension. Above three dimensions coordinate
// axes say little, and the cut is across the line from a point to the point farthest from it, as
// in random projection trees (Dasgupta and Freund 2008, STOC).
//
// The same recursion, halving down to single points, gives the order in which coarse levels are
// formed. Its cuts fall on multiples of powers of two, so that aligned blocks of 2^k points are
// groups of neighbours, all of the same size: were some of three points and some of four, equal
// masses would become unequal on the coarse level, and cost much to even out.
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

    Cells cut() {
        cells_.first.assign(1, 0);
        cut(keyed_, [&](std::int64_t count) {
            if (count <= most_) {
                cells_.first.push_back(cells_.first.back() + count);
                return std::int64_t{0};
            }
            const double quantile = 0.35 + 0.3 * static_cast<double>(random_() >> 11) * 0x1p-53;
            const auto at = static_cast<std::int64_t>(quantile * static_cast<double>(count));
            return std::clamp<std::int64_t>(at, 1, count - 1);
        });
        cells_.points = points();
        return std::move(cells_);
    }

    // Aligned blocks of 2, 4, .., `most` (a power of two) points are groups.
    std::vector<Node> order() {
        cut(keyed_, [&](std::int64_t count) {
            if (count <= 1) return std::int64_t{0};
            std::int64_t block = most_;
            while (block >= count) block /= 2;
            const std::int64_t blocks = (count + block - 1) / block;
            return (blocks + 1) / 2 * block;
        });
        return points();
    }

private:
    using Keyed = std::pair<double, Node>;

    // `where` says how many of so many points go to the left, 0: no cut. At most 0.65 of the points
    // (2/3 in an order) stay together, so the recursion is shallow.
    template <class Where>
    void cut(std::span<Keyed> points, Where&& where) {
        const std::int64_t at = where(static_cast<std::int64_t>(points.size()));
        if (at == 0) return;
        find_keys(points);
        std::nth_element(points.begin(), points.begin() + at, points.end());
        cut(points.first(at), where);
        cut(points.subspan(at), where);
    }

    [[nodiscard]] std::vector<Node> points() const {
        std::vector<Node> points;
        points.reserve(keyed_.size());
        for (const auto& [key, i] : keyed_) points.push_back(i);
        return points;
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
    std::mt19937_64 random_;
    std::vector<Keyed> keyed_;
    Cells cells_;
};

}  // namespace sparse_ot
