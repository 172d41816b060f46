// The k targets of least cost(x, y_j) + offset_j, by branch and bound in a packed tree.
//
// Every box has a lower bound: the cost to its nearest corner, side or inside point, plus the least
// offset of its points. A bound never exceeds what it bounds, rounding included
// (geometry/metrics.hpp says why), so a box is skipped on a plain comparison with the bar: the k-th
// best rank so far. Ranks are (value, index), and a box knows its least index, so a box that could
// only tie is skipped as well unless it might tie with a smaller index. The answer is exact and
// does not depend on the order of the search; a cloud with all points in one place takes no longer
// than another.
//
// Depth first, nearest box first. Consecutive sources should be near each other: the answer of the
// last one, priced for the present one, already is a ceiling.
//
// Offsets spoil these bounds as far as they vary inside a box by more than the costs do. Where that
// is so, a box has a second bound, from a plane under its offsets
// (search/offset_planes/bounds.hpp), and the larger counts.
//
// Ties. Even the best bounds cannot tell apart what rounding alone tells apart: |x - y| - v is one
// number along half lines, give or take its last bits, and the k least among them are anybody's
// guess. With slack, once the list is full, a box is skipped if it may hold values below the bar by
// no more than slack (cost + |offset|), taken at the least cost and the least |offset| of the box:
// no target left out is better than the k-th found by more than that part of its own cost and
// offset. The lowest bound so skipped is kept (`floor`): no value at all is below it or the best
// found, whichever is less. Slack only goes with planes; without them nothing is ever that close.
// Same tree, same sources, same answer still: threads share no search.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics.hpp"
#include "sparse_ot/search/k_least.hpp"
#include "sparse_ot/search/offset_planes/planes.hpp"
#include "sparse_ot/search/packed_tree.hpp"

namespace sparse_ot {

// Costs to the eight points of a group.
template <class M>
Lanes costs_to_points(const M& m, const double* x, const Lanes* group, int d) {
    return cost_of_gaps<Lanes>(m, d, [&](int t) { return Lanes::all(x[t]) - group[t]; });
}

template <class M>
double cost_to_point(const M& m, const double* x, const PackedPoints& points, std::int64_t p) {
    return cost_of_gaps<double>(m, points.d, [&](int t) { return x[t] - points.at(p, t); });
}

// Lower bounds of the costs to eight boxes.
template <class M>
Lanes costs_to_boxes(const M& m, const double* x, const Lanes* sides, int d) {
    return bound_of_gaps<Lanes>(m, d, [&](int t) {
        const Lanes at = Lanes::all(x[t]);
        const Lanes gap = max(sides[2 * t] - at, at - sides[2 * t + 1]);
        return max(gap, Lanes::all(0.0));
    });
}

// Offers those of a group's eight items that may enter; returns nothing but changes `best`.
inline void offer_group(const Lanes& values, std::int64_t group, const std::int32_t* index,
                        KLeast& best) {
    for (unsigned near = values.at_most(Lanes::all(best.bar().value)); near != 0;
         near &= near - 1) {
        const int lane = std::countr_zero(near);
        const auto place = static_cast<std::int32_t>(group * n_lanes + lane);
        best.offer({{values[lane], index[place]}, place});
    }
}

class TreeSearch {
public:
    // A visit takes one group off the stack and puts at most eight there.
    TreeSearch(const PackedTree& tree, const LeastOffsets& offsets, const OffsetPlanes& planes,
               double slack)
        : tree_(tree),
          offsets_(offsets),
          planes_(planes),
          slack_(planes.empty() ? 0.0 : slack),
          pending_(n_lanes * (tree.levels.size() + 1)),
          spares_(pending_.size(), 0.0) {}

    // `best` comes with its ceiling and leaves with the answer.
    void search(const Metric& metric, const double* x, KLeast& best) {
        floor_ = std::numeric_limits<double>::infinity();
        with_metric(metric, [&](const auto& m) {
            if constexpr (HasPlanes<std::remove_cvref_t<decltype(m)>>)
                if (!planes_.empty()) return descend<true>(m, x, best);
            descend<false>(m, x, best);
        });
    }

    // Of the last search: no value is below this, nor below the best one found.
    [[nodiscard]] double floor() const { return floor_; }

    // Groups looked at so far.
    [[nodiscard]] std::int64_t visits() const { return visits_; }

    [[nodiscard]] double cost(const Metric& metric, const double* x, std::int64_t place) const {
        return with_metric(metric,
                           [&](const auto& m) { return cost_to_point(m, x, tree_.points, place); });
    }

    // A rank that the k-th best for x is sure not to exceed, given k places.
    [[nodiscard]] Rank ceiling_from(const Metric& metric, const double* x,
                                    const std::vector<KLeast::Entry>& places) const {
        Rank worst{-std::numeric_limits<double>::infinity(), -1};
        double size = 0.0;
        for (const auto& entry : places) {
            const std::int64_t p = entry.place;
            const double offset = offsets_[0][p / n_lanes][lane_of(p)];
            const double own = cost(metric, x, p), value = own + offset;
            if (slack_ > 0.0) size = std::max(size, own + std::abs(offset));
            worst = std::max(worst, Rank{value, tree_.points.index[p]});
        }
        // The worst itself may come back; with slack, so may what counts as equal to it.
        return {slack_ > 0.0 ? worst.value + slack_ * size : worst.value, worst.index + 1};
    }

private:
    struct Pending {
        double bound;
        std::int32_t level;  // of the items in the group; 0 are points
        std::int32_t group;
    };

    // A clone of its own for every metric: one function for all would be too large to compile well.
    template <bool sloped, class M>
    SPARSE_OT_CLONES void descend(const M& m, const double* x, KLeast& best) {
        if (tree_.points.count == 0) return;
        pending_[0] = {-std::numeric_limits<double>::infinity(),
                       static_cast<std::int32_t>(tree_.levels.size()), 0};
        for (height_ = 1; height_ > 0;) {
            const Pending next = pending_[--height_];
            if (next.bound > best.bar().value) continue;
            if constexpr (sloped)
                if (may_skip(next.bound, spares_[height_], best)) continue;
            ++visits_;
            if (next.level == 0)
                look_at_points(m, x, next.group, best);
            else
                look_at_boxes<sloped>(m, x, next.level, next.group, best);
        }
    }

    // Whether the list is full and nothing there is below the bar by more than what is spared.
    bool may_skip(double bound, double spare, const KLeast& best) {
        if (!(spare > 0.0) || !best.full() || bound + spare <= best.bar().value) return false;
        floor_ = std::min(floor_, bound);
        return true;
    }

    template <class M>
    void look_at_points(const M& m, const double* x, std::int32_t group, KLeast& best) const {
        const PackedPoints& points = tree_.points;
        const Lanes values =
            costs_to_points(m, x, points.group(group), points.d) + offsets_[0][group];
        offer_group(values, group, points.index.data(), best);
    }

    // Puts the boxes that may hold something better on the stack, the nearest on top.
    template <bool sloped, class M>
    void look_at_boxes(const M& m, const double* x, std::int32_t level, std::int32_t group,
                       const KLeast& best) {
        const BoxLevel& boxes = tree_.levels[level - 1];
        const int d = tree_.points.d;
        const Lanes* sides = boxes.sides.data() + std::int64_t{group} * 2 * d;
        const Lanes costs = costs_to_boxes(m, x, sides, d);
        Lanes bounds = costs + offsets_[level][group];
        Lanes spare = Lanes::all(0.0);
        unsigned near = bounds.at_most(Lanes::all(best.bar().value));
        if constexpr (sloped) {
            if (near == 0) return;
            const PlaneLevel& planes = planes_.level(level - 1);
            bounds = max(plane_bounds(m, x, sides, planes, group, d), bounds);
            near &= bounds.at_most(Lanes::all(best.bar().value));
            spare = Lanes::all(slack_) * (costs + planes.least_size[group]);
        }
        const std::size_t bottom = height_;
        for (; near != 0; near &= near - 1) {
            const int lane = std::countr_zero(near);
            const std::int32_t item = group * n_lanes + lane;
            const double bound = bounds[lane];
            if (!(Rank{bound, boxes.least_index[item]} < best.bar())) continue;
            if constexpr (sloped)
                if (may_skip(bound, spare[lane], best)) continue;
            // Among equal bounds the first box stays on top: it tends to hold smaller indices.
            std::size_t at = height_++;
            for (; at > bottom && pending_[at - 1].bound <= bound; --at) {
                pending_[at] = pending_[at - 1];
                if constexpr (sloped) spares_[at] = spares_[at - 1];
            }
            pending_[at] = {bound, level - 1, item};
            if constexpr (sloped) spares_[at] = spare[lane];
        }
    }

    const PackedTree& tree_;
    const LeastOffsets& offsets_;
    const OffsetPlanes& planes_;
    double slack_;
    double floor_ = 0.0;
    std::int64_t visits_ = 0;
    std::vector<Pending> pending_;
    std::vector<double> spares_;  // of those pending: so much below the bar is not worth a look
    std::size_t height_ = 0;
};

}  // namespace sparse_ot
