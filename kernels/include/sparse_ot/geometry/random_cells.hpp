// Cuts a cloud at random places into cells of about equally many points.
//
// A k-d recursion (geometry/kd_cut.hpp) cuts a cell at a quantile drawn from 0.35 .. 0.65 until it
// is small enough. Two partitions with different seeds share borders only by chance, so a point at
// a border in one is inside a cell in the other. This does what shifted grids do, without a grid
// and in any dimension.
//
// The cells depend on the points and the seed alone. Time O(n log(n / cell)).
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/cloud.hpp"
#include "sparse_ot/geometry/kd_cut.hpp"

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
        : cloud_(cloud), most_(most), random_(seed), keyed_(keyed_points(cloud.count())) {}

    Cells cut() {
        cells_.first.assign(1, 0);
        cut(keyed_);
        cells_.points.reserve(keyed_.size());
        for (const KeyedPoint& point : keyed_) cells_.points.push_back(point.index);
        return std::move(cells_);
    }

private:
    // A cut leaves at most 0.65 of the points (or two of three) together, so the recursion is
    // shallow.
    void cut(std::span<KeyedPoint> points) {
        const auto count = static_cast<std::int64_t>(points.size());
        if (count <= most_) {
            cells_.first.push_back(cells_.first.back() + count);
            return;
        }
        const std::int64_t cut_at = random_cut(count, 0.35, 0.3, random_);
        cut_across(cloud_, points, cut_at, random_);
        const auto at = static_cast<std::size_t>(cut_at);
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
