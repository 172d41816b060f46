// Groups of neighbours in a cloud, for the coarse levels of a transportation problem.
//
// A k-d recursion cuts down to single points. Groups of depth k are contiguous in the resulting
// order, so a level is a list of borders.
//
// Cuts are at random quantiles, 0.42 .. 0.58, and the two clouds of a problem should get different
// seeds. The groups of one cloud must not match those of the other. Where they match in place and
// mass, the coarse plan sends each group to its counterpart and nothing elsewhere: a small net
// flux, which is a small shift of every point, would cost a whole step between groups on the coarse
// level. Moreover, if all masses are equal, flows come in multiples of a group (total
// unimodularity). Such errors exist on all scales, and only a global solve on a finer level can
// correct them. Measured: with cuts of both clouds along the same lines the next level took 5 to
// 100 times the pivots. Groups that overlap at random act like dither in rounding.
//
// Time O(n log n). The result depends on the points and the seed alone.
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

// The group borders of level k are the places whose depth is at most k; place 0 has depth 0.
struct Grouping {
    std::vector<Node> order;
    std::vector<std::uint8_t> depth;
};

class Grouper {
public:
    Grouper(Cloud cloud, std::uint64_t seed)
        : cloud_(cloud), random_(seed), keyed_(keyed_points(cloud.count())) {}

    Grouping group() {
        grouping_.depth.assign(keyed_.size(), 0);
        cut(keyed_, 1);
        for (const KeyedPoint& point : keyed_) grouping_.order.push_back(point.index);
        return std::move(grouping_);
    }

private:
    // At most 0.58 of the points stay together (one of two, two of three), so the depth stays below
    // 64.
    void cut(std::span<KeyedPoint> points, std::uint8_t depth) {
        if (points.size() <= 1) return;
        const auto count = static_cast<std::int64_t>(points.size());
        const std::int64_t cut_at = random_cut(count, 0.42, 0.16, random_);
        cut_across(cloud_, points, cut_at, random_);
        const auto at = static_cast<std::size_t>(cut_at);
        grouping_.depth[static_cast<std::size_t>(points.data() - keyed_.data()) + at] = depth;
        cut(points.first(at), static_cast<std::uint8_t>(depth + 1));
        cut(points.subspan(at), static_cast<std::uint8_t>(depth + 1));
    }

    Cloud cloud_;
    std::mt19937_64 random_;
    std::vector<KeyedPoint> keyed_;
    Grouping grouping_;
};

}  // namespace sparse_ot
