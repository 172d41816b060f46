// Python's view of the search for missing arcs: points in, indices and costs out, the GIL released.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "metrics.hpp"
#include "sparse_ot/base/threads.hpp"
#include "sparse_ot/geometry/curve.hpp"
#include "sparse_ot/search/nearest.hpp"

namespace sparse_ot::python {

using namespace nb::literals;

namespace {

using Points = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Offsets = std::optional<Vector<double>>;
template <class T>
using Table = nb::ndarray<nb::numpy, T, nb::ndim<2>>;
using Neighbours = std::tuple<Table<std::int64_t>, Table<double>>;
// Indices, costs, the minimum of every row, and how many groups of the tree were visited.
using Answer = std::tuple<Table<std::int64_t>, Table<double>, Result<double>, std::int64_t>;

std::span<const double> view_all(const Points& points) { return {points.data(), points.size()}; }

std::span<const double> view_any(const Offsets& values) {
    return values ? view(*values) : std::span<const double>{};
}

template <class T>
Table<T> give_table(std::vector<T>&& values, std::size_t rows, std::size_t cols) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return Table<T>(owned->data(), {rows, cols}, owner);
}

class Index {
public:
    Index(const Points& y, MetricKind metric, double p, int threads)
        : core_(checked(y, metric_of(metric, p), threads)) {}

    Answer query(const Points& x, std::int64_t k, const Offsets& offset, bool loose,
                 int threads) const {
        const std::size_t n = x.shape(0);
        require(static_cast<int>(x.shape(1)) == core_.dimension(),
                "sources and targets must have the same number of coordinates");
        require(k >= 1, "k must be at least 1");
        require(!offset || static_cast<std::int64_t>(offset->shape(0)) == core_.count(),
                "offset must have one entry a target");
        require(n < most, "at most 2^31 - 1 sources");
        std::vector<std::int64_t> indices(n * k);
        std::vector<double> costs(n * k), minima(n);
        std::atomic<std::int64_t> visits = 0;
        {
            nb::gil_scoped_release release;
            core_.query({view_all(x),
                         static_cast<std::int64_t>(n),
                         k,
                         view_any(offset),
                         {},
                         threads,
                         loose ? Ties::loose : Ties::exact},
                        {indices, costs, minima, &visits});
        }
        return {give_table(std::move(indices), n, k), give_table(std::move(costs), n, k),
                give(std::move(minima)), visits.load()};
    }

    std::int64_t count() const { return core_.count(); }
    int dimension() const { return core_.dimension(); }

private:
    static constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();

    static NearestIndex checked(const Points& y, const Metric& metric, int threads) {
        require(y.shape(0) >= 1 && y.shape(0) < most, "from 1 to 2^31 - 1 targets");
        require(y.shape(1) >= 1 && y.shape(1) < most, "points have at least one coordinate");
        nb::gil_scoped_release release;
        return {view_all(y), static_cast<int>(y.shape(1)), metric, threads};
    }

    NearestIndex core_;
};

Neighbours nearest(const Points& x, const Points& y, std::int64_t k, MetricKind metric, double p,
                   const Offsets& offset, bool loose, int threads) {
    auto [indices, costs, minima, visits] =
        Index(y, metric, p, threads).query(x, k, offset, loose, threads);
    return {std::move(indices), std::move(costs)};
}

// Costs of listed pairs, computed as the search computes them.
Result<double> pair_costs(const Points& x, const Points& y, const Vector<std::int64_t>& rows,
                          const Vector<std::int64_t>& cols, MetricKind metric, double p) {
    require(x.shape(1) == y.shape(1) && x.shape(1) >= 1,
            "sources and targets must have the same number of coordinates");
    require(rows.shape(0) == cols.shape(0), "rows and cols must have one length");
    const Metric chosen = metric_of(metric, p);
    const auto count = static_cast<std::int64_t>(rows.shape(0));
    const auto n = static_cast<std::int64_t>(x.shape(0)), m = static_cast<std::int64_t>(y.shape(0));
    for (std::int64_t k = 0; k < count; ++k)
        require(rows(k) >= 0 && rows(k) < n && cols(k) >= 0 && cols(k) < m, "pairs within range");
    const Cloud sources{view_all(x), static_cast<int>(x.shape(1))};
    const Cloud targets{view_all(y), sources.d};
    std::vector<double> costs(rows.shape(0));
    constexpr std::int64_t at_once = 4096;
    {
        nb::gil_scoped_release release;
        for_each_piece((count + at_once - 1) / at_once, 0, [&] {
            return [&](std::int64_t piece) {
                with_metric(chosen, [&](const auto& m) {
                    for (std::int64_t k = piece * at_once;
                         k < std::min(count, (piece + 1) * at_once); ++k)
                        costs[static_cast<std::size_t>(k)] =
                            cost_of_pair(m, sources.at(rows(k)), targets.at(cols(k)), sources.d);
                });
            };
        });
    }
    return give(std::move(costs));
}

Result<std::int32_t> order_along_curve(const Points& points) {
    require(points.shape(0) < std::numeric_limits<std::int32_t>::max() && points.shape(1) >= 1,
            "at most 2^31 - 2 points, of at least one coordinate");
    std::vector<Node> order;
    {
        nb::gil_scoped_release release;
        order = hilbert_order(Cloud{view_all(points), static_cast<int>(points.shape(1))});
    }
    return give(std::move(order));
}

}  // namespace

void bind_nearest(nb::module_& m) {
    auto metrics = nb::enum_<MetricKind>(m, "Metric", "The metrics of the core, by name.");
    for_each_metric([&](auto metric) {
        using M = typename decltype(metric)::type;
        metrics.value(M::name, kind_of<M>);
    });
    nb::class_<Index>(m, "NearestIndex", "Targets prepared for any number of searches.")
        .def(nb::init<const Points&, MetricKind, double, int>(), "y"_a.noconvert(),
             "metric"_a.noconvert(), "p"_a = 1.0, "threads"_a = 0, "Points (m, d).")
        .def("query", &Index::query, "x"_a.noconvert(), "k"_a,
             "offset"_a.noconvert().none() = nb::none(), "loose"_a = false, "threads"_a = 0,
             "Indices and costs, the minimum of every row, and how many groups were visited.")
        .def_prop_ro("count", &Index::count)
        .def_prop_ro("dimension", &Index::dimension);
    m.def("nearest", &nearest, "x"_a.noconvert(), "y"_a.noconvert(), "k"_a, "metric"_a.noconvert(),
          "p"_a = 1.0, "offset"_a.noconvert().none() = nb::none(), "loose"_a = false,
          "threads"_a = 0, "The k targets of least cost(x_i, y_j) + offset[j] of every source.");
    m.def("pair_costs", &pair_costs, "x"_a.noconvert(), "y"_a.noconvert(), "rows"_a.noconvert(),
          "cols"_a.noconvert(), "metric"_a.noconvert(), "p"_a = 1.0,
          "Costs of listed pairs, bit for bit those of a search.");
    m.def("hilbert_order", &order_along_curve, "points"_a.noconvert(),
          "The order of points along a Hilbert curve.");
}

}  // namespace sparse_ot::python
