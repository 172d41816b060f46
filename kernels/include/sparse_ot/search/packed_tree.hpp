// A k-d tree packed into groups of eight, without pointers.
//
// Points are ordered by a k-d recursion (cut across the widest side near the median) whose cuts
// fall on multiples of powers of eight. Eight consecutive points form a group, eight consecutive
// groups a node, and eight such nodes a node one level up: item i of a level has as children the
// items 8i .. 8i+7 of the level below (bulk loading of a packed R-tree: Roussopoulos and Leifker
// 1985, SIGMOD, p. 17; the order by k-d cuts is Lee and Lee's "overlap minimising top-down", 2003).
// The eight items of a group are stored side by side, coordinate by coordinate, so that the costs
// to eight points, or to the boxes of eight nodes, are one computation on Lanes. Three binary cuts
// become one step.
//
// Memory: 8 bytes per coordinate and point, and 2/7 of that for boxes. Building takes O(m log m)
// time, 0.5 s for a million points in the plane on one thread.
//
// Order and boxes depend on the points alone, not on the number of threads, because a cut separates
// by (coordinate, index), a total order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <thread>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/cloud.hpp"
#include "sparse_ot/geometry/kd_cut.hpp"

namespace sparse_ot {

// Points in groups of eight: coordinate t of point p is coordinates[(p / 8) * d + t][p % 8]. The
// last group is padded with points at infinity that have the largest possible index.
struct PackedPoints {
    int d = 0;
    std::int64_t count = 0;
    std::vector<std::int32_t> index;  // of each point in the given cloud
    std::vector<Lanes> coordinates;

    PackedPoints() = default;
    PackedPoints(const Cloud& cloud, std::vector<std::int32_t> order)
        : d(cloud.d), count(static_cast<std::int64_t>(order.size())), index(std::move(order)) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        coordinates.assign(groups() * d, Lanes::all(infinity));
        for (std::int64_t p = 0; p < count; ++p)
            for (int t = 0; t < d; ++t)
                coordinates[p / n_lanes * d + t].set(lane_of(p), cloud.at(index[p])[t]);
        index.resize(groups() * n_lanes, std::numeric_limits<std::int32_t>::max());
    }

    [[nodiscard]] std::int64_t groups() const { return groups_for(count); }
    [[nodiscard]] const Lanes* group(std::int64_t g) const { return coordinates.data() + g * d; }
    [[nodiscard]] double at(std::int64_t p, int t) const {
        return coordinates[p / n_lanes * d + t][lane_of(p)];
    }
};

namespace detail {

// The k-d recursion: permutes `points` into the order of the tree.
inline void arrange(const Cloud& cloud, std::span<KeyedPoint> points, int threads) {
    const auto count = static_cast<std::int64_t>(points.size());
    if (count <= n_lanes) {
        std::sort(points.begin(), points.end(),
                  [](const KeyedPoint& a, const KeyedPoint& b) { return a.index < b.index; });
        return;
    }
    std::int64_t child = n_lanes;  // points in a full child
    while (child * n_lanes < count) child *= n_lanes;
    const std::int64_t children = (count + child - 1) / child;
    const std::int64_t cut = (children + 1) / 2 * child;

    cut_widest(cloud, points, cut);
    const auto at = static_cast<std::size_t>(cut);
    const auto left = points.first(at), right = points.subspan(at);
    if (threads > 1 && count > 4096) {
        std::thread other([&] { arrange(cloud, left, threads / 2); });
        arrange(cloud, right, threads - threads / 2);
        other.join();
    } else {
        arrange(cloud, left, 1);
        arrange(cloud, right, 1);
    }
}

}  // namespace detail

// The order of the k-d recursion. Neighbours in it tend to be neighbours in space.
inline std::vector<Node> kd_order(const Cloud& cloud, int threads) {
    std::vector<KeyedPoint> points = keyed_points(cloud.count());
    detail::arrange(cloud, points, threads);
    std::vector<Node> order(points.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = points[i].index;
    return order;
}

// One level above the points. Item i is a box and the least index inside it.
struct BoxLevel {
    std::int64_t count = 0;
    std::vector<Lanes> sides;  // group by group and axis by axis: eight lower sides, eight upper
    std::vector<std::int32_t> least_index;
};

// For each level, the least offset inside each box; level 0 holds the points' own offsets. Padding
// has +inf.
using LeastOffsets = std::vector<std::vector<Lanes>>;

struct PackedTree {
    PackedPoints points;
    std::vector<BoxLevel> levels;  // levels[0] holds the boxes of groups of points

    PackedTree() = default;
    PackedTree(const Cloud& cloud, int threads) : points(cloud, kd_order(cloud, threads)) {
        if (points.count <= n_lanes) return;
        levels.push_back(boxes_of_points());
        while (levels.back().count > n_lanes) levels.push_back(boxes_of_boxes(levels.back()));
    }

    [[nodiscard]] LeastOffsets least_offsets(std::span<const double> offset) const {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        LeastOffsets least(levels.size() + 1);
        least[0].assign(points.groups(), Lanes::all(infinity));
        for (std::int64_t p = 0; p < points.count; ++p)
            least[0][p / n_lanes].set(lane_of(p), offset.empty() ? 0.0 : offset[points.index[p]]);
        for (std::size_t l = 0; l < levels.size(); ++l) {
            least[l + 1].assign(groups_for(levels[l].count), Lanes::all(infinity));
            for (std::int64_t i = 0; i < levels[l].count; ++i) {
                double low = infinity;
                for (int lane = 0; lane < n_lanes; ++lane) low = std::min(low, least[l][i][lane]);
                least[l + 1][i / n_lanes].set(lane_of(i), low);
            }
        }
        return least;
    }

private:
    // The level above one of `below` items. Box i spans low(i, axis, lane) .. high(i, axis, lane)
    // over its items, and index(item) gives the least index of an item.
    template <class Low, class High, class Index>
    BoxLevel level_over(std::int64_t below, Low&& low, High&& high, Index&& index) const {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        BoxLevel level;
        level.count = groups_for(below);
        level.sides.assign(groups_for(level.count) * 2 * points.d, Lanes::all(infinity));
        level.least_index.assign(groups_for(level.count) * n_lanes,
                                 std::numeric_limits<std::int32_t>::max());
        for (std::int64_t i = 0; i < level.count; ++i) {
            const int present =
                static_cast<int>(std::min<std::int64_t>(n_lanes, below - i * n_lanes));
            Lanes* sides = level.sides.data() + i / n_lanes * 2 * points.d;
            for (int t = 0; t < points.d; ++t) {
                double from = infinity, to = -infinity;
                for (int lane = 0; lane < present; ++lane) {
                    from = std::min(from, low(i, t, lane));
                    to = std::max(to, high(i, t, lane));
                }
                sides[2 * t].set(lane_of(i), from);
                sides[2 * t + 1].set(lane_of(i), to);
            }
            for (int lane = 0; lane < present; ++lane)
                level.least_index[i] = std::min(level.least_index[i], index(i * n_lanes + lane));
        }
        return level;
    }

    [[nodiscard]] BoxLevel boxes_of_points() const {
        const auto coordinate = [&](std::int64_t group, int t, int lane) {
            return points.group(group)[t][lane];
        };
        return level_over(points.count, coordinate, coordinate,
                          [&](std::int64_t p) { return points.index[p]; });
    }

    [[nodiscard]] BoxLevel boxes_of_boxes(const BoxLevel& below) const {
        const auto side = [&](std::int64_t group, int t, int lane, int upper) {
            return below.sides[group * 2 * points.d + 2 * t + upper][lane];
        };
        return level_over(
            below.count, [&](std::int64_t g, int t, int lane) { return side(g, t, lane, 0); },
            [&](std::int64_t g, int t, int lane) { return side(g, t, lane, 1); },
            [&](std::int64_t i) { return below.least_index[i]; });
    }
};

}  // namespace sparse_ot
