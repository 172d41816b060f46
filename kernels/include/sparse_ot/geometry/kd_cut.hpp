// Cuts a set of points in two: the step that all k-d recursions have in common.
//
// `cut_widest` cuts across the axis along which the points spread most; ties go to the smaller
// index, so that the two parts, as sets, depend on the points alone. `cut_across` does the same in
// up to three dimensions and draws a direction at random in more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "sparse_ot/base/types.hpp"
#include "sparse_ot/geometry/cloud.hpp"
#include "sparse_ot/geometry/metrics/squares.hpp"

namespace sparse_ot {

// A point and its position along the direction of the present cut.
struct KeyedPoint {
    double key;
    Node index;

    friend bool operator<(const KeyedPoint& a, const KeyedPoint& b) {
        return a.key < b.key || (a.key == b.key && a.index < b.index);
    }
};

[[nodiscard]] inline std::vector<KeyedPoint> keyed_points(std::int64_t count) {
    std::vector<KeyedPoint> points(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < points.size(); ++i) points[i] = {0.0, static_cast<Node>(i)};
    return points;
}

// The axis along which the points spread most; the first such axis on ties.
[[nodiscard]] inline int widest_axis(const Cloud& cloud, std::span<const KeyedPoint> points) {
    int widest = 0;
    double width = -1.0;
    for (int axis = 0; axis < cloud.d; ++axis) {
        double low = cloud.at(points[0].index)[axis], high = low;
        for (const KeyedPoint& point : points) {
            const double c = cloud.at(point.index)[axis];
            low = std::min(low, c);
            high = std::max(high, c);
        }
        if (high - low > width) {
            width = high - low;
            widest = axis;
        }
    }
    return widest;
}

// Moves the first `at` points along the widest axis to the front.
inline void cut_widest(const Cloud& cloud, std::span<KeyedPoint> points, std::int64_t at) {
    const int axis = widest_axis(cloud, points);
    for (KeyedPoint& point : points) point.key = cloud.at(point.index)[axis];
    std::nth_element(points.begin(), points.begin() + at, points.end());
}

// The same in up to three dimensions. In more, where a single axis says little, it cuts along the
// line from the point farthest from a random point to the one farthest from that, as in random
// projection trees (Dasgupta and Freund 2008, STOC).
inline void cut_across(const Cloud& cloud, std::span<KeyedPoint> points, std::int64_t at,
                       std::mt19937_64& random) {
    const int d = cloud.d;
    if (d <= 3) return cut_widest(cloud, points, at);
    const auto farthest = [&](const double* from) {
        const double* best = from;
        double most = -1.0;
        for (const KeyedPoint& point : points) {
            const double* y = cloud.at(point.index);
            const double away = cost_of_pair(metrics::SqEuclidean{}, y, from, d);
            if (away > most) {
                most = away;
                best = y;
            }
        }
        return best;
    };
    const double* from = farthest(cloud.at(points[random() % points.size()].index));
    const double* to = farthest(from);
    for (KeyedPoint& point : points) {
        point.key = 0.0;
        for (int t = 0; t < d; ++t) point.key += cloud.at(point.index)[t] * (to[t] - from[t]);
    }
    std::nth_element(points.begin(), points.begin() + at, points.end());
}

// Where to cut `count` >= 2 points: at a random quantile between `low` and `low + range`.
[[nodiscard]] inline std::int64_t random_cut(std::int64_t count, double low, double range,
                                             std::mt19937_64& random) {
    const double quantile = low + range * static_cast<double>(random() >> 11) * 0x1p-53;
    return std::clamp<std::int64_t>(
        static_cast<std::int64_t>(quantile * static_cast<double>(count)), 1, count - 1);
}

}  // namespace sparse_ot
