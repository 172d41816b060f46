// Python's view of the domain sweeps: a plan goes in, better plans come out. The GIL is released.
#include "sparse_ot/sweeps/sweeps.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "metrics.hpp"
#include "sparse_ot/geometry/hierarchy.hpp"

namespace sparse_ot::python {

using namespace nb::literals;

namespace {

using Integers = Vector<std::int64_t>;

// The plan given as lists of (row, col, flow), sorted by row.
ShippingPlan as_plan(Integers rows, Integers cols, Integers flow, std::int64_t n, std::int64_t m) {
    require(rows.shape(0) == cols.shape(0) && flow.shape(0) == cols.shape(0),
            "rows, cols and flow must have one length");
    ShippingPlan plan;
    plan.first.assign(n + 1, 0);
    plan.shipments.reserve(flow.shape(0));
    for (std::size_t k = 0; k < flow.shape(0); ++k) {
        require(rows(k) >= 0 && rows(k) < n && cols(k) >= 0 && cols(k) < m && flow(k) >= 0,
                "pairs within range and flows that are not negative");
        require(k == 0 || rows(k - 1) <= rows(k), "the plan must be sorted by row");
        ++plan.first[rows(k) + 1];
        plan.shipments.push_back({static_cast<Node>(cols(k)), flow(k)});
    }
    for (std::int64_t i = 0; i < n; ++i) plan.first[i + 1] += plan.first[i];
    return plan;
}

class Sweeps {
public:
    Sweeps(Vector<double> x, Vector<double> y, int d, MetricKind metric, double p, Integers rows,
           Integers cols, Integers flow, Vector<double> u, Vector<double> v)
        : x_(view(x).begin(), view(x).end()),
          y_(view(y).begin(), view(y).end()),
          core_(Cloud{x_, checked(d)}, Cloud{y_, d}, metric_of(metric, p),
                as_plan(rows, cols, flow, count_of(x_, d), count_of(y_, d)),
                Duals{{view(u).begin(), view(u).end()}, {view(v).begin(), view(v).end()}, true}) {
        require(static_cast<std::int64_t>(u.shape(0)) == count_of(x_, d) &&
                    static_cast<std::int64_t>(v.shape(0)) == count_of(y_, d),
                "potentials of the wrong length");
    }

    void cut(std::int64_t most, std::uint64_t seed, int patience) {
        require(most > 0, "a cell holds at least one source");
        nb::gil_scoped_release release;
        core_.cut(most, seed, patience);
    }

    bool run(int threads, double seconds, double patience_seconds) {
        nb::gil_scoped_release release;
        return core_.run(threads, seconds, patience_seconds);
    }

    std::tuple<Result<std::int64_t>, Result<std::int64_t>, Result<std::int64_t>> plan() const {
        const ShippingPlan& plan = core_.plan();
        std::vector<std::int64_t> rows, cols, flow;
        for (auto* list : {&rows, &cols, &flow}) list->reserve(plan.shipments.size());
        for (std::size_t i = 0; i + 1 < plan.first.size(); ++i)
            for (const Shipment& s : plan.of(static_cast<Node>(i))) {
                rows.push_back(static_cast<std::int64_t>(i));
                cols.push_back(s.target);
                flow.push_back(s.mass);
            }
        return {give(std::move(rows)), give(std::move(cols)), give(std::move(flow))};
    }

    std::tuple<Result<double>, Result<double>> potentials() const {
        return {give(std::vector(core_.duals().u)), give(std::vector(core_.duals().v))};
    }

    bool settled() const { return core_.settled(); }

private:
    static int checked(int d) {
        require(d > 0, "points have at least one coordinate");
        return d;
    }
    static std::int64_t count_of(const std::vector<double>& coordinates, int d) {
        return static_cast<std::int64_t>(coordinates.size()) / d;
    }

    std::vector<double> x_, y_;
    DomainSweeps core_;
};

nb::tuple group(Vector<double> x, int d, std::uint64_t seed) {
    require(d > 0, "points have at least one coordinate");
    Grouping grouping;
    {
        nb::gil_scoped_release release;
        grouping = Grouper({view(x), d}, seed).group();
    }
    return nb::make_tuple(give(std::move(grouping.order)), give(std::move(grouping.depth)));
}

}  // namespace

void bind_sweeps(nb::module_& m) {
    m.def("group", &group, "x"_a.noconvert(), "d"_a, "seed"_a,
          "The order of a cloud by groups, and the depth of every border.");
    nb::class_<Sweeps>(m, "DomainSweeps", "A plan between clouds, improved cell by cell.")
        .def(nb::init<Vector<double>, Vector<double>, int, MetricKind, double, Integers, Integers,
                      Integers, Vector<double>, Vector<double>>(),
             "x"_a.noconvert(), "y"_a.noconvert(), "d"_a, "metric"_a.noconvert(), "p"_a,
             "rows"_a.noconvert(), "cols"_a.noconvert(), "flow"_a.noconvert(), "u"_a.noconvert(),
             "v"_a.noconvert(), "Points flat, row by row; the plan sorted by row.")
        .def("cut", &Sweeps::cut, "most"_a, "seed"_a, "patience"_a,
             "Begin a sweep over cells of at most `most` sources.")
        .def("run", &Sweeps::run, "threads"_a, "seconds"_a, "patience_seconds"_a,
             "Solve cells until all are done (True) or the time is up.")
        .def_prop_ro("settled", &Sweeps::settled)
        .def("plan", &Sweeps::plan, "Rows, columns and flow, sorted by row.")
        .def("potentials", &Sweeps::potentials, "Of sources and targets.");
}

}  // namespace sparse_ot::python
