// The k targets of least cost(x, y_j) + offset_j, by branch and bound in a packed tree.
//
// Every box has a lower bound: the cost to its nearest corner, side or inside point, plus the least
// offset of its points. A bound never exceeds what it bounds, rounding included (metrics.hpp says
// why), so a box is skipped on a plain comparison with the bar: the k-th best rank so far. Ranks
// are (value, index), and a box knows its least index, so a box that could only tie is skipped as
// well unless it might tie with a smaller index. The answer is exact and does not depend on the
// order of the search; a cloud with all points in one place takes no longer than another.
//
// Depth first, nearest box first. Consecutive sources should be near each other: the answer of the
// last one, priced for the present one, already is a ceiling.
//
// Offsets spoil the bounds as far as they vary inside a box by more than the costs do. In pricing
// they are potentials, which vary as the costs do.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "sparse_ot/k_least.hpp"
#include "sparse_ot/lanes.hpp"
#include "sparse_ot/metrics.hpp"
#include "sparse_ot/packed_tree.hpp"

namespace sparse_ot {

using LeastOffsets = std::vector<std::vector<Lanes>>;

// Costs to the eight points of a group.
template <class M>
Lanes costs_to_points(const double* x, const Lanes* group, int d) {
    return M::finish(
        join_terms<M, Lanes>(0, d, [&](int t) { return M::term(Lanes::all(x[t]) - group[t]); }));
}

template <class M>
double cost_to_point(const double* x, const PackedPoints& points, std::int64_t p) {
    return M::finish(
        join_terms<M, double>(0, points.d, [&](int t) { return M::term(x[t] - points.at(p, t)); }));
}

// Lower bounds of the costs to eight boxes.
template <class M>
Lanes costs_to_boxes(const double* x, const Lanes* sides, int d) {
    return M::finish(join_terms<M, Lanes>(0, d, [&](int t) {
        const Lanes at = Lanes::all(x[t]);
        const Lanes gap = max(sides[2 * t] - at, at - sides[2 * t + 1]);
        return M::term(max(gap, Lanes::all(0.0)));
    }));
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
    TreeSearch(const PackedTree& tree, const LeastOffsets& offsets)
        : tree_(tree), offsets_(offsets), pending_(n_lanes * (tree.levels.size() + 1)) {}

    // `best` comes with its ceiling and leaves with the answer; for cosine all are unit vectors.
    SPARSE_OT_CLONES
    void search(Metric metric, const double* x, KLeast& best) {
        with_metric(metric, [&](auto m) { descend<decltype(m)>(x, best); });
    }

    [[nodiscard]] double cost(Metric metric, const double* x, std::int64_t place) const {
        return with_metric(
            metric, [&](auto m) { return cost_to_point<decltype(m)>(x, tree_.points, place); });
    }

    // A rank that the k-th best for x is sure not to exceed, given k places.
    [[nodiscard]] Rank ceiling_from(Metric metric, const double* x,
                                    const std::vector<KLeast::Entry>& places) const {
        Rank worst{-std::numeric_limits<double>::infinity(), -1};
        for (const auto& entry : places) {
            const std::int64_t p = entry.place;
            const double value = cost(metric, x, p) + offsets_[0][p / n_lanes][p % n_lanes];
            worst = std::max(worst, Rank{value, tree_.points.index[p]});
        }
        return {worst.value, worst.index + 1};  // the worst itself may come back
    }

private:
    struct Pending {
        double bound;
        std::int32_t level;  // of the items in the group; 0 are points
        std::int32_t group;
    };

    template <class M>
    void descend(const double* x, KLeast& best) {
        if (tree_.points.count == 0) return;
        pending_[0] = {-std::numeric_limits<double>::infinity(),
                       static_cast<std::int32_t>(tree_.levels.size()), 0};
        for (height_ = 1; height_ > 0;) {
            const Pending next = pending_[--height_];
            if (next.bound > best.bar().value) continue;
            if (next.level == 0)
                look_at_points<M>(x, next.group, best);
            else
                look_at_boxes<M>(x, next.level, next.group, best);
        }
    }

    template <class M>
    void look_at_points(const double* x, std::int32_t group, KLeast& best) const {
        const PackedPoints& points = tree_.points;
        const Lanes values =
            costs_to_points<M>(x, points.group(group), points.d) + offsets_[0][group];
        offer_group(values, group, points.index.data(), best);
    }

    // Puts the boxes that may hold something better on the stack, the nearest on top.
    template <class M>
    void look_at_boxes(const double* x, std::int32_t level, std::int32_t group,
                       const KLeast& best) {
        const BoxLevel& boxes = tree_.levels[level - 1];
        const int d = tree_.points.d;
        const Lanes* sides = boxes.sides.data() + std::int64_t{group} * 2 * d;
        const Lanes bounds = costs_to_boxes<M>(x, sides, d) + offsets_[level][group];
        const std::size_t bottom = height_;
        for (unsigned near = bounds.at_most(Lanes::all(best.bar().value)); near != 0;
             near &= near - 1) {
            const int lane = std::countr_zero(near);
            const std::int32_t item = group * n_lanes + lane;
            const double bound = bounds[lane];
            if (!(Rank{bound, boxes.least_index[item]} < best.bar())) continue;
            // Among equal bounds the first box stays on top: it tends to hold smaller indices.
            std::size_t at = height_++;
            for (; at > bottom && pending_[at - 1].bound <= bound; --at)
                pending_[at] = pending_[at - 1];
            pending_[at] = {bound, level - 1, item};
        }
    }

    const PackedTree& tree_;
    const LeastOffsets& offsets_;
    std::vector<Pending> pending_;
    std::size_t height_ = 0;
};

}  // namespace sparse_ot
