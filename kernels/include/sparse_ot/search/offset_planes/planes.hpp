// Fits a plane under the offsets of every box of a tree, where that pays.
//
// search/offset_planes/bounds.hpp says what a plane is for. The slope is fitted to a sample of at
// most 15 groups of eight points; the base takes all points into account. This is O(m d log m) per
// query, about a thirtieth of the time of a query.
//
// With planes a visit takes half as much time again. Compared with the sum of least cost and least
// offset, they can raise a bound by |slope| times the width of a box; the cost varies over the box
// by the cost across it. The ratio of the two, the steepness, is measured on a sample of boxes.
// Ordinary pricing of squared distances has a steepness of 0.3 to 0.7 (100,000 uniform points in
// space, in the plane) and does without planes: visits would fall from 15 to 11 per source, but the
// query would take 8 % longer. At a steepness of 1, planes cost 5 % in the plane and save a fifth
// in space. At 4, they save a fifth and 60 %, and between separate clouds all but a hundredth of
// the visits. For norms the steepness is 0.6 to 0.7 wherever mass moves; planes save a little even
// where clouds overlap.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics.hpp"
#include "sparse_ot/search/offset_planes/bounds.hpp"
#include "sparse_ot/search/offset_planes/fit.hpp"
#include "sparse_ot/search/packed_tree.hpp"

namespace sparse_ot {

class OffsetPlanes {
public:
    OffsetPlanes() = default;

    OffsetPlanes(const PackedTree& tree, const LeastOffsets& offsets, const Metric& metric)
        : tree_(&tree), offsets_(&offsets), metric_(metric) {
        const double worth_it = with_metric(metric, [](const auto& m) {
            using M = std::remove_cvref_t<decltype(m)>;
            if constexpr (HasPlanes<M>)
                return M::planes_pay_from;
            else
                return infinity;
        });
        if (worth_it == infinity || tree.levels.empty() || mean_steepness() < worth_it) return;
        levels_.resize(tree.levels.size());
        // Downwards: a box with too few points for a fit takes the slope of the box above it.
        for (std::size_t l = levels_.size(); l-- > 0;) lay_level(l);
    }

    [[nodiscard]] bool empty() const { return levels_.empty(); }
    [[nodiscard]] const PlaneLevel& level(std::int32_t l) const { return levels_[l]; }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();
    static constexpr unsigned every_lane = (1u << n_lanes) - 1;
    static constexpr std::int64_t max_groups_fitted = 8, boxes_sampled = 128;

    static constexpr double max_steepness = 16.0;  // of one box, in the mean

    struct Box {
        std::int64_t index = 0, first = 0, last = 0;  // groups of points: [first, last)
        std::vector<double> center, width;

        explicit Box(int d) : center(d), width(d) {}

        void take(const PackedTree& tree, std::size_t level, std::int64_t i) {
            const int d = tree.points.d;
            index = i;
            const std::int64_t each = std::int64_t{1} << (3 * level);
            first = i * each;
            last = std::min(first + each, tree.points.groups());
            const Lanes* sides = tree.levels[level].sides.data() + group() * 2 * d;
            for (int t = 0; t < d; ++t) {
                center[t] = center_of(sides[2 * t], sides[2 * t + 1])[lane()];
                width[t] = sides[2 * t + 1][lane()] - sides[2 * t][lane()];
            }
        }

        [[nodiscard]] std::int64_t group() const { return index / n_lanes; }
        [[nodiscard]] int lane() const { return static_cast<int>(index % n_lanes); }
        [[nodiscard]] bool is_finite() const {
            return std::all_of(center.begin(), center.end(),
                               [](double c) { return std::isfinite(c); });
        }
        [[nodiscard]] double tilt(const std::vector<double>& slope) const {
            double sum = 0.0;
            for (std::size_t t = 0; t < width.size(); ++t) sum += std::abs(slope[t]) * width[t];
            return sum;
        }
    };

    // Fitted to few points, any noise gives a steep plane.
    [[nodiscard]] bool can_fit(std::int64_t groups) const {
        return groups * n_lanes >= 2 * (tree_->points.d + 1);
    }

    // The mean over a sample of the boxes of the lowest level that can be fitted.
    SPARSE_OT_CLONES
    double mean_steepness() const {
        const int d = tree_->points.d;
        std::size_t l = 0;
        while (l + 1 < tree_->levels.size() && !can_fit(std::int64_t{1} << (3 * l))) ++l;
        const std::int64_t count = tree_->levels[l].count;
        const std::int64_t stride = (count + boxes_sampled - 1) / boxes_sampled;
        PlaneFit fit(d);
        Box box(d);
        double sum = 0.0, boxes = 0.0;
        for (std::int64_t i = 0; i < count; i += stride) {
            box.take(*tree_, l, i);
            fit_slope(box, fit);
            const double span = with_metric(metric_, [&](const auto& m) {
                return cost_of_gaps<double>(m, d, [&](int t) { return box.width[t]; });
            });
            const double steepness = box.tilt(fit.slope) / span;
            if (steepness > 0.0) sum += std::min(steepness, max_steepness);
            boxes += 1.0;
        }
        return sum / boxes;
    }

    SPARSE_OT_CLONES
    void lay_level(std::size_t l) {
        const std::int64_t count = tree_->levels[l].count;
        const int d = tree_->points.d;
        PlaneLevel& level = levels_[l];
        level.slopes.assign(groups_for(count) * d, Lanes::all(0.0));
        level.base.assign(groups_for(count), Lanes::all(-infinity));
        level.least_size.assign(groups_for(count), Lanes::all(0.0));
        PlaneFit fit(d);
        Box box(d);
        for (std::int64_t i = 0; i < count; ++i) {
            box.take(*tree_, l, i);
            const std::int64_t above = i / n_lanes;
            if (can_fit(box.last - box.first))
                fit_slope(box, fit);
            else if (l + 1 < levels_.size())
                fit.take(levels_[l + 1].slopes.data() + above / n_lanes * d,
                         static_cast<int>(above % n_lanes));
            else
                fit.flatten();
            for (int t = 0; t < d; ++t)
                level.slopes[box.group() * d + t].set(box.lane(), fit.slope[t]);
            find_base(box, fit.slope, level);
        }
    }

    void fit_slope(const Box& box, PlaneFit& fit) const {
        const std::int64_t stride =
            std::max<std::int64_t>(1, (box.last - box.first) / max_groups_fitted);
        const double value = (*offsets_)[0][box.first][0];
        fit.begin(box.center.data(), value < infinity ? value : 0.0);
        for (std::int64_t g = box.first; g < box.last; g += stride)
            fit.add(tree_->points.group(g), (*offsets_)[0][g]);
        fit.solve();
        with_metric(metric_, [&](const auto& m) {
            if constexpr (HasPlanes<std::remove_cvref_t<decltype(m)>>)
                m.keep_in_dual_ball(fit.slope);
        });
    }

    void find_base(const Box& box, const std::vector<double>& slope, PlaneLevel& level) const {
        const int d = tree_->points.d;
        const Lanes finite = Lanes::all(std::numeric_limits<double>::max());
        Lanes least = Lanes::all(infinity), smallest = least, largest = Lanes::all(0.0);
        for (std::int64_t g = box.first; g < box.last; ++g) {
            const Lanes* y = tree_->points.group(g);
            const Lanes offset = (*offsets_)[0][g], size = abs(offset);
            Lanes remainder = offset;
            for (int t = 0; t < d; ++t)
                remainder = remainder - Lanes::all(slope[t]) * (y[t] - Lanes::all(box.center[t]));
            least = min(remainder, least);  // NaN or infinite padding is ignored
            smallest = min(size, smallest);
            if (size.at_most(finite) == every_lane)
                largest = max(size, largest);
            else
                for (int i = 0; i < n_lanes; ++i)
                    if (size[i] < infinity) largest.set(i, std::max(largest[i], size[i]));
        }
        double low = infinity, small = infinity, large = 0.0;
        for (int i = 0; i < n_lanes; ++i) {
            low = std::min(low, least[i]);
            small = std::min(small, smallest[i]);
            large = std::max(large, largest[i]);
        }
        const double error = (d + 4) * half_ulp * (large + box.tilt(slope));
        const bool sound = error < infinity && box.is_finite();
        level.base[box.group()].set(box.lane(), sound ? low - error : -infinity);
        level.least_size[box.group()].set(box.lane(), small < infinity ? small : 0.0);
    }

    const PackedTree* tree_ = nullptr;
    const LeastOffsets* offsets_ = nullptr;
    Metric metric_;
    std::vector<PlaneLevel> levels_;
};

}  // namespace sparse_ot
