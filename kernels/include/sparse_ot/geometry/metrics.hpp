// The metrics of the core, in one list. Everything that must know all metrics is generated from the
// list: their numbers, their names in Python, the dispatch, and the tests.
// geometry/metrics/gaps.hpp says what a metric is. To add one to the core, write its header and
// enter it here.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "sparse_ot/geometry/metrics/chebyshev.hpp"
#include "sparse_ot/geometry/metrics/cityblock.hpp"
#include "sparse_ot/geometry/metrics/euclidean.hpp"
#include "sparse_ot/geometry/metrics/gaps.hpp"
#include "sparse_ot/geometry/metrics/minkowski.hpp"
#include "sparse_ot/geometry/metrics/squares.hpp"

namespace sparse_ot {

template <class... Ms>
struct MetricList {
    static constexpr int size = sizeof...(Ms);
};

using AllMetrics = MetricList<metrics::SqEuclidean, metrics::Euclidean, metrics::Cityblock,
                              metrics::Chebyshev, metrics::HalfSqEuclidean, metrics::Minkowski>;

// The position of a metric in the list.
enum class MetricKind : int {};

namespace detail {

template <class M, class... Ms>
constexpr int place_of(MetricList<Ms...>) {
    int place = 0;
    const bool found = ((std::is_same_v<M, Ms> || (++place, false)) || ...);
    return found ? place : -1;
}

}  // namespace detail

template <class M>
inline constexpr MetricKind kind_of = [] {
    constexpr int place = detail::place_of<M>(AllMetrics{});
    static_assert(place >= 0, "a metric of the list");
    return MetricKind{place};
}();

// A metric chosen at run time, with the parameter that some metrics have.
struct Metric {
    MetricKind kind{};
    double p = 1.0;  // at least 1; used by metrics constructed from a number

    template <class M>
    [[nodiscard]] static constexpr Metric of(double p = 1.0) {
        return {kind_of<M>, p};
    }
    friend bool operator==(const Metric&, const Metric&) = default;
};

namespace detail {

template <class M>
M made(const Metric& metric) {
    if constexpr (std::is_constructible_v<M, double>)
        return M(metric.p);
    else
        return M{};
}

template <class F, class M, class... Rest>
decltype(auto) with_metric(const Metric& metric, F&& f, MetricList<M, Rest...>) {
    if constexpr (sizeof...(Rest) > 0)
        if (metric.kind != kind_of<M>)
            return with_metric(metric, std::forward<F>(f), MetricList<Rest...>{});
    return f(made<M>(metric));
}

template <class F, class... Ms>
void for_each_metric(F&& f, MetricList<Ms...>) {
    (f(std::type_identity<Ms>{}), ...);
}

}  // namespace detail

// Calls f with the metric itself. `metric.kind` must be one of the list; callers check this.
template <class F>
decltype(auto) with_metric(const Metric& metric, F&& f) {
    return detail::with_metric(metric, std::forward<F>(f), AllMetrics{});
}

// Calls f once per metric, with its type as a std::type_identity.
template <class F>
void for_each_metric(F&& f) {
    detail::for_each_metric(std::forward<F>(f), AllMetrics{});
}

}  // namespace sparse_ot
