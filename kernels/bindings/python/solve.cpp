// Python's view of the core. No algorithm here: typed arrays in, typed arrays out, GIL released.
#include "sparse_ot/solve/solve.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "sparse_ot/proof/certificate.hpp"
#include "sparse_ot/solve/transport.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace sparse_ot::xla {
void bind_xla(nb::module_& m);  // xla_callback.cpp
}
namespace sparse_ot::python {
void bind_nearest(nb::module_& m);  // nearest_bindings.cpp
void bind_sweeps(nb::module_& m);   // sweep_bindings.cpp
}  // namespace sparse_ot::python

namespace {

using sparse_ot::python::give;
using sparse_ot::python::give_zeros;
using sparse_ot::python::require;
using sparse_ot::python::Result;
using sparse_ot::python::Vector;
using sparse_ot::python::view;

class Transport {
public:
    Transport(Vector<double> a, Vector<double> b, double totals_tolerance)
        : core_(view(a), view(b), totals_tolerance), n_(a.shape(0)), m_(b.shape(0)) {
        require(n_ > 0 && m_ > 0, "a and b must not be empty");
        require(n_ + m_ < std::size_t{1} << 31, "at most 2^31 nodes");
    }

    template <class Index>
    void add_arcs(Vector<Index> rows, Vector<Index> cols, Vector<double> costs) {
        require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0),
                "rows, cols and costs must have one length");
        nb::gil_scoped_release release;
        core_.add_arcs<Index>(view(rows), view(cols), view(costs));
    }

    void add_matrix(Vector<double> costs) {
        require(costs.shape(0) == n_ * m_, "the matrix must have n * m entries");
        nb::gil_scoped_release release;
        core_.add_matrix(view(costs));
    }

    std::int64_t pivots() const { return core_.stats().pivots; }

    std::tuple<int, std::int64_t, double, double> fault() const {
        const auto& f = core_.fault();
        return {static_cast<int>(f.kind), f.index, f.value, f.other};
    }

    bool start(std::optional<Vector<double>> u, std::optional<Vector<double>> v) {
        require(!core_.fault(), "the problem has a fault: it cannot start");
        require(!core_.started(), "the problem has started already");
        require(u.has_value() == v.has_value(), "give both potentials or none");
        require(!u || (u->shape(0) == n_ && v->shape(0) == m_), "potentials of the wrong length");
        nb::gil_scoped_release release;
        return u ? core_.start(view(*u), view(*v)) : core_.start({}, {});
    }

    void start_from_plan(Vector<std::int64_t> plan, Vector<double> u, Vector<double> v) {
        require(!core_.fault(), "the problem has a fault: it cannot start");
        require(!core_.started(), "the problem has started already");
        require(plan.shape(0) == static_cast<std::size_t>(core_.network().n_given),
                "a flow for every arc given");
        require(u.shape(0) == n_ && v.shape(0) == m_, "potentials of the wrong length");
        bool feasible = false;
        {
            nb::gil_scoped_release release;
            feasible = core_.start_from_plan(view(plan), view(u), view(v));
        }
        require(feasible || core_.fault(), "the plan does not fit the masses of quantise(a, b)");
    }

    bool start_from_entries(Vector<std::int64_t> entries, Vector<std::int64_t> plan,
                            Vector<double> u, Vector<double> v) {
        require(!core_.fault(), "the problem has a fault: it cannot start");
        require(!core_.started(), "the problem has started already");
        require(entries.shape(0) == plan.shape(0), "a flow for every entry");
        for (const std::int64_t entry : view(entries))
            require(0 <= entry && entry < static_cast<std::int64_t>(n_ * m_),
                    "entries of the matrix");
        require(u.shape(0) == n_ && v.shape(0) == m_, "potentials of the wrong length");
        nb::gil_scoped_release release;
        return core_.start_from_entries(view(entries), view(plan), view(u), view(v));
    }

    int run(std::int64_t max_pivots, double seconds) {
        require(core_.started(), "start comes before run");
        require(!core_.fault(), "arcs with a fault were added: there is nothing to run");
        nb::gil_scoped_release release;
        return static_cast<int>(core_.run(max_pivots, seconds));
    }

    void shrink(std::int64_t most) {
        require(core_.started(), "before start there is no basis to keep");
        require(most >= 0, "keep 0 arcs beside the basis, or more");
        nb::gil_scoped_release release;
        core_.shrink(most);
    }

    std::tuple<Result<std::int32_t>, Result<std::int32_t>, Result<double>> arcs() const {
        require(core_.started(), "start comes before the list of arcs");
        const auto count = static_cast<std::size_t>(core_.network().n_arcs());
        require(core_.network().n_given == core_.network().n_arcs(),
                "some of the arcs given are none: their ends are not kept");
        std::vector<std::int32_t> rows(count), cols(count);
        std::vector<double> costs(count);
        core_.write_arcs<std::int32_t>(rows, cols, costs);
        return {give(std::move(rows)), give(std::move(cols)), give(std::move(costs))};
    }

    double value() const {
        require(core_.started(), "there is no plan before start");
        return core_.value();
    }

    Result<double> flow() const {
        require(core_.started(), "there is no plan before start");
        Result<double> flow = give_zeros(core_.network().n_given);
        core_.write_flow_into_zeros({flow.data(), flow.shape(0)});
        return flow;
    }

    // The arcs given that carry mass, in their order, and how much.
    std::tuple<Result<std::int64_t>, Result<double>> support() const {
        require(core_.started(), "there is no plan before start");
        auto [arcs, flow] = core_.support();
        return {give(std::move(arcs)), give(std::move(flow))};
    }

    Result<std::int64_t> plan() const {
        require(core_.started(), "there is no plan before start");
        std::vector<std::int64_t> out(core_.network().n_given);
        core_.write_plan(out);
        return give(std::move(out));
    }

    std::tuple<Result<double>, Result<double>> potentials() const {
        require(core_.started(), "there are no potentials before start");
        std::vector<double> u(n_), v(m_);
        core_.write_potentials(u, v);
        return {give(std::move(u)), give(std::move(v))};
    }

    nb::tuple hall() const {
        const auto& h = core_.violation();
        return nb::make_tuple(give(std::vector(h.sources)), give(std::vector(h.targets)), h.supply,
                              h.demand);
    }

    nb::dict stats() const {
        nb::dict d;
        const auto s = core_.stats();
        d["pivots"] = s.pivots;
        d["degenerate_pivots"] = s.degenerate_pivots;
        d["potentials_updated"] = s.potentials_updated;
        d["renumberings"] = s.renumberings;
        d["arcs"] = core_.network().n_arcs();
        d["quantisation_error"] = core_.quantisation_error();
        return d;
    }

private:
    sparse_ot::Transport core_;
    std::size_t n_, m_;
};

using Bounds = std::tuple<double, double, double, double>;

Bounds as_tuple(const sparse_ot::Certificate& c) {
    return {c.value, c.lower_bound, c.worst_reduced_cost, c.worst_marginal_error};
}

template <class Index>
Bounds certify(Vector<double> a, Vector<double> b, Vector<Index> rows, Vector<Index> cols,
               Vector<double> costs, Vector<double> flow, Vector<double> u, Vector<double> v) {
    require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0) &&
                flow.shape(0) == costs.shape(0),
            "rows, cols, costs and flow must have one length");
    require(u.shape(0) == a.shape(0) && v.shape(0) == b.shape(0), "potentials of the wrong length");
    nb::gil_scoped_release release;
    const auto c = sparse_ot::certify<Index>(view(a), view(b), view(rows), view(cols), view(costs),
                                             view(flow), view(u), view(v));
    return as_tuple(c);
}

Bounds certify_matrix(Vector<double> a, Vector<double> b, Vector<double> matrix,
                      Vector<std::int64_t> entries, Vector<double> flow, Vector<double> u,
                      Vector<double> v) {
    require(matrix.shape(0) == a.shape(0) * b.shape(0), "the matrix must have n * m entries");
    require(entries.shape(0) == flow.shape(0), "a flow for every entry");
    for (const std::int64_t entry : view(entries))
        require(0 <= entry && entry < static_cast<std::int64_t>(matrix.shape(0)),
                "entries of the matrix");
    require(u.shape(0) == a.shape(0) && v.shape(0) == b.shape(0), "potentials of the wrong length");
    nb::gil_scoped_release release;
    return as_tuple(sparse_ot::certify_matrix(view(a), view(b), view(matrix), view(entries),
                                              view(flow), view(u), view(v)));
}

nb::tuple quantise(Vector<double> a, Vector<double> b, double totals_tolerance) {
    sparse_ot::Masses masses;
    {
        nb::gil_scoped_release release;
        masses = sparse_ot::quantise(view(a), view(b), totals_tolerance);
        if (!masses.fault) sparse_ot::perturb(masses);
    }
    const auto& f = masses.fault;
    return nb::make_tuple(give(std::move(masses.supply)), give(std::move(masses.demand)),
                          std::ldexp(masses.unit, -masses.noise_bits),
                          std::tuple(static_cast<int>(f.kind), f.index, f.value, f.other));
}

// A whole solve in one call, for problems so small that the calls themselves would be the time.
using Start = std::optional<Vector<double>>;
using Answer = std::tuple<Result<double>, Result<double>, Result<double>, Result<double>,
                          Result<std::int64_t>>;

template <class AddTo, class Prove, class Settle>
Answer solve(const Vector<double>& a, const Vector<double>& b, std::size_t n_arcs, const Start& u,
             const Start& v, const sparse_ot::SolveSettings& settings, AddTo&& add_to,
             Prove&& prove, Settle&& settle) {
    require(a.shape(0) > 0 && b.shape(0) > 0, "a and b must not be empty");
    require(u.has_value() == v.has_value(), "give both potentials or none");
    require(!u || (u->shape(0) == a.shape(0) && v->shape(0) == b.shape(0)),
            "potentials of the wrong length");
    std::vector<double> flow(n_arcs), u_out(a.shape(0)), v_out(b.shape(0));
    sparse_ot::SolveReport report;
    {
        nb::gil_scoped_release release;
        const std::span<const double> none;
        report = sparse_ot::solve(
            settings,
            {view(a), view(b), u ? view(*u) : none, v ? view(*v) : none, flow, u_out, v_out},
            add_to, prove, settle);
    }
    return {give(std::move(flow)), give(std::move(u_out)), give(std::move(v_out)),
            give(std::vector<double>(report.numbers.begin(), report.numbers.end())),
            give(std::vector<std::int64_t>(report.codes.begin(), report.codes.end()))};
}

template <class Index>
Answer solve_arcs(Vector<double> a, Vector<double> b, Vector<Index> rows, Vector<Index> cols,
                  Vector<double> costs, Start u, Start v, bool center, std::int64_t max_pivots,
                  double seconds, double totals_tolerance) {
    require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0),
            "rows, cols and costs must have one length");
    return solve(
        a, b, costs.shape(0), u, v, {center, max_pivots, seconds, totals_tolerance},
        [&](sparse_ot::Transport& t) { t.add_arcs<Index>(view(rows), view(cols), view(costs)); },
        [&](auto flow, auto u_out, auto v_out) {
            return sparse_ot::certify<Index>(view(a), view(b), view(rows), view(cols), view(costs),
                                             flow, u_out, v_out);
        },
        [&](auto flow, auto u_out, auto v_out) {
            return sparse_ot::modest_potentials<Index>(view(rows), view(cols), view(costs), flow,
                                                       u_out, v_out);
        });
}

Answer solve_matrix(Vector<double> a, Vector<double> b, Vector<double> matrix, Start u, Start v,
                    bool center, std::int64_t max_pivots, double seconds, double totals_tolerance) {
    require(matrix.shape(0) == a.shape(0) * b.shape(0), "the matrix must have n * m entries");
    return solve(
        a, b, matrix.shape(0), u, v, {center, max_pivots, seconds, totals_tolerance},
        [&](sparse_ot::Transport& t) { t.add_matrix(view(matrix)); },
        [&](auto flow, auto u_out, auto v_out) {
            return sparse_ot::certify_matrix(view(a), view(b), view(matrix), flow, u_out, v_out);
        },
        [&](auto flow, auto u_out, auto v_out) {
            return sparse_ot::modest_potentials(view(matrix), flow, u_out, v_out);
        });
}

// Potentials without the penalties that an optimal basis may hold; None where they do not settle.
using Potentials = std::optional<std::tuple<Result<double>, Result<double>>>;

template <class Index>
Potentials modest_potentials(Vector<Index> rows, Vector<Index> cols, Vector<double> costs,
                             Vector<double> flow, std::size_t n, std::size_t m) {
    require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0) &&
                flow.shape(0) == costs.shape(0),
            "rows, cols, costs and flow must have one length");
    std::vector<double> u(n), v(m);
    bool settled = false;
    {
        nb::gil_scoped_release release;
        settled = sparse_ot::modest_potentials<Index>(view(rows), view(cols), view(costs),
                                                      view(flow), u, v);
    }
    if (!settled) return std::nullopt;
    return std::tuple{give(std::move(u)), give(std::move(v))};
}

Potentials modest_potentials_of_matrix(Vector<double> matrix, Vector<double> flow, std::size_t n,
                                       std::size_t m) {
    require(matrix.shape(0) == n * m && flow.shape(0) == n * m,
            "matrix and flow must have n * m entries");
    std::vector<double> u(n), v(m);
    bool settled = false;
    {
        nb::gil_scoped_release release;
        settled = sparse_ot::modest_potentials(view(matrix), view(flow), u, v);
    }
    if (!settled) return std::nullopt;
    return std::tuple{give(std::move(u)), give(std::move(v))};
}

}  // namespace

NB_MODULE(_core, m) {
    m.doc() = "The compiled core of sparse_ot: a network simplex on explicit arcs.";
    nb::class_<Transport>(m, "Transport")
        .def(nb::init<Vector<double>, Vector<double>, double>(), "a"_a.noconvert(),
             "b"_a.noconvert(), "totals_tolerance"_a)
        .def("add_arcs", &Transport::add_arcs<std::int32_t>, "rows"_a.noconvert(),
             "cols"_a.noconvert(), "costs"_a.noconvert())
        .def("add_arcs", &Transport::add_arcs<std::int64_t>, "rows"_a.noconvert(),
             "cols"_a.noconvert(), "costs"_a.noconvert())
        .def("add_matrix", &Transport::add_matrix, "costs"_a.noconvert(), nb::keep_alive<1, 2>())
        .def_prop_ro("pivots", &Transport::pivots)
        .def_prop_ro("fault", &Transport::fault)
        .def("start", &Transport::start, "u"_a.none(), "v"_a.none())
        .def("start_from_plan", &Transport::start_from_plan, "plan"_a.noconvert(),
             "u"_a.noconvert(), "v"_a.noconvert())
        .def("run", &Transport::run, "max_pivots"_a, "seconds"_a)
        .def("start_from_entries", &Transport::start_from_entries, "entries"_a.noconvert(),
             "plan"_a.noconvert(), "u"_a.noconvert(), "v"_a.noconvert())
        .def("support", &Transport::support)
        .def("shrink", &Transport::shrink, "most"_a)
        .def("arcs", &Transport::arcs)
        .def("value", &Transport::value)
        .def("flow", &Transport::flow)
        .def("plan", &Transport::plan)
        .def("potentials", &Transport::potentials)
        .def("hall", &Transport::hall)
        .def("stats", &Transport::stats);
    m.def("quantise", &quantise, "a"_a.noconvert(), "b"_a.noconvert(), "totals_tolerance"_a);
    m.def("certify", &certify<std::int32_t>);
    m.def("certify", &certify<std::int64_t>);
    m.def("certify_matrix", &certify_matrix);
    m.def("modest_potentials", &modest_potentials<std::int32_t>);
    m.def("modest_potentials", &modest_potentials<std::int64_t>);
    m.def("modest_potentials_of_matrix", &modest_potentials_of_matrix);
    m.def("solve_arcs", &solve_arcs<std::int32_t>, "a"_a, "b"_a, "rows"_a.noconvert(),
          "cols"_a.noconvert(), "costs"_a, "u"_a.none(), "v"_a.none(), "center"_a, "max_pivots"_a,
          "seconds"_a, "totals_tolerance"_a);
    m.def("solve_arcs", &solve_arcs<std::int64_t>, "a"_a, "b"_a, "rows"_a.noconvert(),
          "cols"_a.noconvert(), "costs"_a, "u"_a.none(), "v"_a.none(), "center"_a, "max_pivots"_a,
          "seconds"_a, "totals_tolerance"_a);
    m.def("solve_matrix", &solve_matrix, "a"_a, "b"_a, "matrix"_a, "u"_a.none(), "v"_a.none(),
          "center"_a, "max_pivots"_a, "seconds"_a, "totals_tolerance"_a);
    sparse_ot::python::bind_nearest(m);
    sparse_ot::python::bind_sweeps(m);
    sparse_ot::xla::bind_xla(m);
}
