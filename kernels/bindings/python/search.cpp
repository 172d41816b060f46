// Python's view of the search for missing arcs: points in, indices and costs out, the GIL released.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "sparse_ot/search/nearest.hpp"

namespace sparse_ot::python {

using namespace nb::literals;

namespace {

using Points = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Offsets = std::optional<Vector<double>>;
template <class T>
using Table = nb::ndarray<nb::numpy, T, nb::ndim<2>>;
using Neighbours = std::tuple<Table<std::int64_t>, Table<double>>;
// Indices, costs, the minimum of every row, and how many groups of the tree were looked at.
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
    Index(const Points& y, int metric, int threads) : core_(checked(y, metric, threads)) {}

    Answer query(const Points& x, std::int64_t k, const Offsets& offset, const Offsets& limit,
                 bool loose, int threads) const {
        const std::size_t n = x.shape(0);
        require(static_cast<int>(x.shape(1)) == core_.dimension(),
                "sources and targets must have the same number of coordinates");
        require(k >= 1, "k must be at least 1");
        require(!offset || static_cast<std::int64_t>(offset->shape(0)) == core_.count(),
                "offset must have one entry a target");
        require(!limit || limit->shape(0) == n, "limit must have one entry a source");
        require(n < most, "at most 2^31 - 1 sources");
        std::vector<std::int64_t> indices(n * k);
        std::vector<double> costs(n * k), minima(n);
        std::atomic<std::int64_t> visits = 0;
        {
            nb::gil_scoped_release release;
            core_.query({view_all(x), static_cast<std::int64_t>(n), k, view_any(offset),
                         view_any(limit), threads, loose ? Ties::loose : Ties::exact},
                        {indices, costs, minima, &visits});
        }
        return {give_table(std::move(indices), n, k), give_table(std::move(costs), n, k),
                give(std::move(minima)), visits.load()};
    }

    std::int64_t count() const { return core_.count(); }
    int dimension() const { return core_.dimension(); }

private:
    static constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();

    static NearestIndex checked(const Points& y, int metric, int threads) {
        require(y.shape(0) >= 1 && y.shape(0) < most, "from 1 to 2^31 - 1 targets");
        require(y.shape(1) >= 1 && y.shape(1) < most, "points have at least one coordinate");
        require(metric >= 0 && metric <= static_cast<int>(Metric::cosine), "no such metric");
        nb::gil_scoped_release release;
        return {view_all(y), static_cast<int>(y.shape(1)), static_cast<Metric>(metric), threads};
    }

    NearestIndex core_;
};

Neighbours nearest(const Points& x, const Points& y, std::int64_t k, int metric,
                   const Offsets& offset, const Offsets& limit, bool loose, int threads) {
    auto [indices, costs, minima, visits] =
        Index(y, metric, threads).query(x, k, offset, limit, loose, threads);
    return {std::move(indices), std::move(costs)};
}

}  // namespace

void bind_nearest(nb::module_& m) {
    nb::class_<Index>(m, "NearestIndex", "Targets prepared for any number of searches.")
        .def(nb::init<const Points&, int, int>(), "y"_a.noconvert(), "metric"_a, "threads"_a = 0,
             "Points (m, d).")
        .def("query", &Index::query, "x"_a.noconvert(), "k"_a,
             "offset"_a.noconvert().none() = nb::none(), "limit"_a.noconvert().none() = nb::none(),
             "loose"_a = false, "threads"_a = 0,
             "Indices and costs, the minimum of every row, and how many groups were looked at.")
        .def_prop_ro("count", &Index::count)
        .def_prop_ro("dimension", &Index::dimension);
    m.def("nearest", &nearest, "x"_a.noconvert(), "y"_a.noconvert(), "k"_a, "metric"_a,
          "offset"_a.noconvert().none() = nb::none(), "limit"_a.noconvert().none() = nb::none(),
          "loose"_a = false, "threads"_a = 0,
          "The k targets of least cost(x_i, y_j) + offset[j] of every source.");
}

}  // namespace sparse_ot::python
