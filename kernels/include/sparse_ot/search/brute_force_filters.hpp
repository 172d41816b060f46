// Filters: cheap tests of which targets may be among the k best. They never reject one wrongly.
//
// A filter stores the targets in groups. For four sources and one group at a time, it reports which
// lanes might rank below each source's bar. The caller prices these lanes exactly, so a filter may
// pass too many targets but must not reject a wanted one: its rounding errors are bounded here, and
// every comparison is relaxed by the bound.
//
// ProductFilter serves metrics that say how they follow from products (`products`). It computes
// |x - y|^2 as |x|^2 + |y|^2 - 2 x.y in single precision: one product and one sum per coordinate,
// in twice as many lanes. Points are first centred at the median of the targets and scaled by their
// radius. With u = 2^-24, a dot product of d floats has an error of at most (d + 3) u |x| |y|,
// including the rounding of its arguments (Higham 2002, Accuracy and Stability of Numerical
// Algorithms, section 3.1), and |x| |y| <= (|x|^2 + |y|^2) / 2: one share is charged to the source,
// the other to the target. All other rounding errors are relative to a summand of the comparison; a
// few u of each summand cover them.
//
// DifferenceFilter serves all other metrics. It joins the terms of the metric itself in double
// precision, in plain order, and allows for the effect of the order: a relative error of (d + 3)
// 2^-53. A metric that does not consist of joined terms computes its cost as everywhere else.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/geometry/metrics.hpp"

namespace sparse_ot {

inline constexpr int rows_at_once = 4;

template <class M>
concept FiltersByProducts = requires { M::products; };

class ProductFilter {
public:
    static constexpr int width = FloatLanes::size;

    // One thread's copy of its block of sources.
    struct Sources {
        std::vector<float> x;         // scaled coordinates, row by row
        std::vector<double> squares;  // the source's share of the comparison, less its error bound
        std::vector<float> share;     // includes the bar, unless the bar is a root
        std::vector<float> bar;       // the bar, if it is a root
    };

    // Cost is |x - y|, or |x - y|^2 / divisor.
    ProductFilter(std::span<const double> y, int d, const Metric& metric,
                  std::span<const double> offset)
        : d_(d),
          count_(static_cast<std::int64_t>(y.size()) / d),
          dot_error_((d + 16.0) * unit),
          center_(d, 0.0) {
        with_metric(metric, [&](const auto& m) {
            using M = std::remove_cvref_t<decltype(m)>;
            if constexpr (FiltersByProducts<M>) {
                root_ = M::products.root;
                divisor_ = M::products.divisor;
            }
        });
        measure(y, offset);
        const std::int64_t groups = (count_ + width - 1) / width;
        constexpr float infinity = std::numeric_limits<float>::infinity();
        coordinates_.assign(groups * d_, FloatLanes::all(0.0f));
        share_.assign(groups, FloatLanes::all(infinity));
        offset_.assign(root_ ? groups : 0, FloatLanes::all(0.0f));
        for (std::int64_t j = 0; j < count_; ++j) {
            const std::int64_t g = j / width;
            const int lane = static_cast<int>(j % width);
            double squares = 0.0;
            for (int t = 0; t < d_; ++t) {
                const double c = (y[j * d_ + t] - center_[t]) * scale_;
                coordinates_[g * d_ + t].set(lane, static_cast<float>(c));
                squares += c * c;
            }
            const double above = offset.empty() ? 0.0 : offset[j] - lowest_;
            double share = squares * (1.0 - dot_error_);
            if (!root_) share += above * divisor_ * scale_ * scale_;
            share_[g].set(lane, lowered(0.5 * share));
            if (root_) offset_[g].set(lane, lowered(above * scale_ * half_root));
        }
    }

    [[nodiscard]] std::int64_t groups() const { return static_cast<std::int64_t>(share_.size()); }
    [[nodiscard]] std::int64_t bytes_of_group() const { return d_ * std::int64_t{64}; }

    void resize(Sources& sources, std::size_t rows) const {
        sources.x.assign(rows * d_, 0.0f);
        sources.squares.assign(rows, 0.0);
        sources.share.assign(rows, 0.0f);
        sources.bar.assign(rows, 0.0f);
    }

    void load(Sources& sources, std::size_t row, const double* x) const {
        double squares = 0.0, largest = 0.0;
        for (int t = 0; t < d_; ++t) {
            const double c = (x[t] - center_[t]) * scale_;
            sources.x[row * d_ + t] = static_cast<float>(std::clamp(c, -far, far));
            squares += c * c;
            largest = std::max(largest, std::abs(c));
        }
        // Single precision resolves nothing at this distance: every target passes.
        const bool near = largest < far;
        sources.squares[row] =
            near ? squares * (1.0 - dot_error_) : -std::numeric_limits<double>::infinity();
    }

    void set_bar(Sources& sources, std::size_t row, double bar) const {
        // The sum cost + offset was rounded as well.
        const double above = bar + 0x1p-50 * std::abs(bar) - lowest_;
        double share = sources.squares[row];
        if (!root_) share -= above * divisor_ * scale_ * scale_;
        sources.share[row] = lowered(0.5 * share) - tiny;
        sources.bar[row] = -lowered(-above * scale_ * half_root);
    }

    // Sets in passing[r] a bit for each lane of the group that may rank at or below the bar of
    // source row + r.
    void look(const Sources& sources, std::size_t row, std::int64_t group,
              unsigned passing[rows_at_once]) const {
        const FloatLanes* y = coordinates_.data() + group * d_;
        const float* x = sources.x.data() + row * d_;
        FloatLanes dot[rows_at_once];
        for (int r = 0; r < rows_at_once; ++r) dot[r] = FloatLanes::all(0.0f);
        for (int t = 0; t < d_; ++t)
            for (int r = 0; r < rows_at_once; ++r)
                dot[r] = dot[r] + FloatLanes::all(x[r * d_ + t]) * y[t];
        for (int r = 0; r < rows_at_once; ++r) {
            FloatLanes needed = share_[group] + FloatLanes::all(sources.share[row + r]);
            if (root_) {
                const FloatLanes reach = max(FloatLanes::all(sources.bar[row + r]) - offset_[group],
                                             FloatLanes::all(0.0f));
                needed = needed - FloatLanes::all(1.0f + 8.0f * unit) * reach * reach;
            }
            passing[r] = ~dot[r].below(needed) & every_lane;  // a NaN passes, too
        }
    }

private:
    static constexpr float unit = 0x1p-24f;
    static constexpr unsigned every_lane = (1u << width) - 1;
    static constexpr double far = 0x1p40;
    static constexpr float tiny = 0x1p-100f;  // bound on the loss by underflow
    static constexpr double half_root = 0.70710678118654752;

    // A number below x by enough to cover two more operations.
    static float lowered(double x) {
        constexpr double most = std::numeric_limits<float>::max();
        return static_cast<float>(std::clamp(x - 4.0 * unit * std::abs(x), -most, most));
    }

    // Finds the center, radius and lowest offset of the targets. The center is a median, so that
    // outliers do not move it away from the bulk of the points, where digits are needed. The median
    // of a sample is good enough.
    void measure(std::span<const double> y, std::span<const double> offset) {
        const std::int64_t stride = (count_ + 1000) / 1001;
        std::vector<double> sample;
        for (int t = 0; t < d_; ++t) {
            sample.clear();
            for (std::int64_t j = 0; j < count_; j += stride) sample.push_back(y[j * d_ + t]);
            const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
            std::nth_element(sample.begin(), middle, sample.end());
            center_[t] = *middle;
        }
        double radius = 0.0;
        for (std::int64_t j = 0; j < count_; ++j)
            for (int t = 0; t < d_; ++t)
                radius = std::max(radius, std::abs(y[j * d_ + t] - center_[t]));
        scale_ = 1.0 / std::max(radius, 0x1p-500);
        for (const double o : offset) lowest_ = std::min(lowest_, o);
        if (!std::isfinite(lowest_)) lowest_ = 0.0;
        if (offset.empty()) lowest_ = 0.0;
    }

    int d_;
    std::int64_t count_;
    bool root_ = false;
    double divisor_ = 1.0;
    double dot_error_;
    std::vector<double> center_;
    double scale_ = 1.0;
    double lowest_ = std::numeric_limits<double>::infinity();
    std::vector<FloatLanes> coordinates_;
    std::vector<FloatLanes> share_;
    std::vector<FloatLanes> offset_;
};

template <class M>
class DifferenceFilter {
public:
    static constexpr int width = Lanes::size;

    struct Sources {
        std::vector<double> x;
        std::vector<double> bar;
    };

    DifferenceFilter(std::span<const double> y, int d, const Metric& metric,
                     std::span<const double> offset)
        : metric_(detail::made<M>(metric)), d_(d), kept_(1.0 - 4.0 * (d + 8) * 0x1p-53) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const auto count = static_cast<std::int64_t>(y.size()) / d;
        coordinates_.assign(groups_for(count) * d_, Lanes::all(infinity));
        offset_.assign(groups_for(count), Lanes::all(infinity));
        for (std::int64_t j = 0; j < count; ++j) {
            const std::int64_t g = j / width;
            const int lane = static_cast<int>(j % width);
            for (int t = 0; t < d_; ++t) coordinates_[g * d_ + t].set(lane, y[j * d_ + t]);
            offset_[g].set(lane, offset.empty() ? 0.0 : offset[j]);
        }
    }

    [[nodiscard]] std::int64_t groups() const { return static_cast<std::int64_t>(offset_.size()); }
    [[nodiscard]] std::int64_t bytes_of_group() const { return d_ * std::int64_t{64}; }

    void resize(Sources& sources, std::size_t rows) const {
        sources.x.assign(rows * d_, 0.0);
        sources.bar.assign(rows, 0.0);
    }
    void load(Sources& sources, std::size_t row, const double* x) const {
        std::copy_n(x, d_, sources.x.data() + row * d_);
    }
    void set_bar(Sources& sources, std::size_t row, double bar) const { sources.bar[row] = bar; }

    void look(const Sources& sources, std::size_t row, std::int64_t group,
              unsigned passing[rows_at_once]) const {
        const Lanes* y = coordinates_.data() + group * d_;
        const double* x = sources.x.data() + row * d_;
        Lanes costs[rows_at_once];
        if constexpr (Separable<M>) {
            for (int r = 0; r < rows_at_once; ++r) costs[r] = Lanes::all(0.0);
            for (int t = 0; t < d_; ++t)
                for (int r = 0; r < rows_at_once; ++r)
                    costs[r] = M::join(costs[r], metric_.term(Lanes::all(x[r * d_ + t]) - y[t]));
            for (int r = 0; r < rows_at_once; ++r)
                costs[r] = metric_.finish(costs[r] * Lanes::all(kept_));
        } else {
            for (int r = 0; r < rows_at_once; ++r)
                costs[r] = bound_of_gaps<Lanes>(
                    metric_, d_, [&](int t) { return Lanes::all(x[r * d_ + t]) - y[t]; });
        }
        for (int r = 0; r < rows_at_once; ++r)
            passing[r] = (costs[r] + offset_[group]).at_most(Lanes::all(sources.bar[row + r]));
    }

private:
    M metric_;
    int d_;
    double kept_;  // factor that turns a computed sum into a lower bound
    std::vector<Lanes> coordinates_;
    std::vector<Lanes> offset_;
};

// Calls f with the type of filter that suits `metric`, as a std::type_identity.
template <class F>
void with_filter(const Metric& metric, F&& f) {
    with_metric(metric, [&](const auto& m) {
        using M = std::remove_cvref_t<decltype(m)>;
        if constexpr (FiltersByProducts<M>)
            f(std::type_identity<ProductFilter>{});
        else
            f(std::type_identity<DifferenceFilter<M>>{});
    });
}

}  // namespace sparse_ot
