// Groups of neighbours in a cloud, for the coarse levels of a transportation problem.
//
// A k-d recursion down to single points. Groups of depth k are contiguous in the order that
// results: a level is a list of borders.
//
// Cuts are at random quantiles, 0.42 .. 0.58, and the two clouds of a problem should get different
// seeds. It matters that the groups of one cloud do not fit those of the other. Where they do, in
// place and mass, the coarse plan sends each group to its counterpart and nothing elsewhere: a
// small net flux, which on the points is a small shift of everybody, would on the coarse level cost
// a whole step between groups. And where all masses are equal, flows come in multiples of a group
// (total unimodularity). Such errors sit on all scales and only a global solve below can mend them.
// Measured: with cuts of both clouds along the same lines the next level took 5 to 100 times the
// pivots. Groups that overlap at random act as dither does for rounding.
//
// Time O(n log n). The result depends on points and seed alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/random_cells.hpp"

namespace sparse_ot {

// Group borders of depth k are the places whose depth is at most k; place 0 has depth 0.
struct Grouping {
    std::vector<Node> order;
    std::vector<std::uint8_t> depth;
};

class Grouper {
public:
    Grouper(Cloud cloud, std::uint64_t seed) : cloud_(cloud), random_(seed), keyed_(cloud.count()) {
        for (std::size_t i = 0; i < keyed_.size(); ++i) keyed_[i] = {0.0, static_cast<Node>(i)};
    }

    Grouping group() {
        grouping_.depth.assign(keyed_.size(), 0);
        cut(keyed_, 1);
        for (const auto& [key, i] : keyed_) grouping_.order.push_back(i);
        return std::move(grouping_);
    }

private:
    // At most 0.58 of the points (one of two, two of three) stay together: depth stays below 64.
    void cut(std::span<KeyedPoint> points, std::uint8_t depth) {
        if (points.size() <= 1) return;
        const double quantile = 0.42 + 0.16 * static_cast<double>(random_() >> 11) * 0x1p-53;
        const auto at = std::clamp<std::size_t>(
            static_cast<std::size_t>(quantile * static_cast<double>(points.size())), 1,
            points.size() - 1);
        cut_across(cloud_, points, at, random_);
        grouping_.depth[points.data() + at - keyed_.data()] = depth;
        cut(points.first(at), depth + 1);
        cut(points.subspan(at), depth + 1);
    }

    Cloud cloud_;
    std::mt19937_64 random_;
    std::vector<KeyedPoint> keyed_;
    Grouping grouping_;
};

}  // namespace sparse_ot
