// Finds the k targets of least cost(x, y_j) + offset_j by branch and bound in a packed tree.
//
// Every box has a lower bound: the cost to its nearest point plus the least offset of its targets.
// A computed bound never exceeds the values it bounds, rounding included (geometry/metrics/gaps.hpp
// says why), so a plain comparison with the bar, the k-th best rank so far, decides whether to skip
// a box. Ranks are (value, index), and a box stores its least index, so a box that could only tie
// is also skipped unless it might tie with a smaller index. The answer is exact and does not depend
// on the order of the search. A cloud with all points in one place takes no longer than any other.
//
// The search goes depth first, lowest bound first. Consecutive sources should be near each other:
// the answer of the last source, priced for the present one, is a good first ceiling.
//
// These bounds are weak where offsets vary inside a box by more than the costs do. There a box has
// a second bound, from a plane under its offsets (search/offset_planes/bounds.hpp), and the larger
// of the two counts.
//
// Ties. Even the best bounds cannot separate values that differ only by rounding: |x - y| - v is
// constant along half lines except for its last bits, and which k of them are least is arbitrary.
// With slack, once the list is full, a box is skipped if its values can be below the bar by no more
// than slack (cost + |offset|), taken at the least cost and the least |offset| of the box. No
// target left out is then better than the k-th found by more than that share of its own cost and
// offset. The lowest bound skipped in this way is kept (`floor`): no value is below the smaller of
// it and the best value found. Slack is used only with planes; without them no bound is ever that
// close. The answer still depends on the tree and the order of the sources alone, because threads
// share no search.
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

// Offers to `best` those of a group's eight items that may enter.
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
    // The stack is this large because a visit pops one group and pushes at most eight.
    TreeSearch(const PackedTree& tree, const LeastOffsets& offsets, const OffsetPlanes& planes,
               double slack)
        : tree_(tree),
          offsets_(offsets),
          planes_(planes),
          slack_(planes.empty() ? 0.0 : slack),
          pending_(n_lanes * (tree.levels.size() + 1)),
          spares_(pending_.size(), 0.0) {}

    // On entry `best` holds its ceiling; on return it holds the answer.
    void search(const Metric& metric, const double* x, KLeast& best) {
        floor_ = std::numeric_limits<double>::infinity();
        with_metric(metric, [&](const auto& m) {
            if constexpr (HasPlanes<std::remove_cvref_t<decltype(m)>>)
                if (!planes_.empty()) return descend<true>(m, x, best);
            descend<false>(m, x, best);
        });
    }

    // Of the last search: no value is below the smaller of this and the best one found.
    [[nodiscard]] double floor() const { return floor_; }

    // Groups looked at so far.
    [[nodiscard]] std::int64_t visits() const { return visits_; }

    [[nodiscard]] double cost(const Metric& metric, const double* x, std::int64_t place) const {
        return with_metric(metric,
                           [&](const auto& m) { return cost_to_point(m, x, tree_.points, place); });
    }

    // A rank above the k-th best for x, given any k places.
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
        // The ceiling admits the worst entry itself; with slack, also the values that count as
        // equal to it.
        return {slack_ > 0.0 ? worst.value + slack_ * size : worst.value, worst.index + 1};
    }

private:
    struct Pending {
        double bound;
        std::int32_t level;  // of the items in the group; 0: points
        std::int32_t group;
    };

    // Each metric has its own clone: one function for all would be too large to compile well.
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

    // Whether the list is full and no value in the box is below the bar by more than `spare`.
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

    // Pushes the boxes that may hold something better, the one of lowest bound on top.
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
    std::vector<double> spares_;  // per pending group: how far below the bar is still a tie
    std::size_t height_ = 0;
};

}  // namespace sparse_ot
