// Python's view of a solve (solve/solve.hpp), and of the proof of any answer.
#include "sparse_ot/solve/solve.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "masses.hpp"
#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/proof/certificate.hpp"
#include "sparse_ot/proof/rounding.hpp"
#include "sparse_ot/solve/report.hpp"
#include "violation.hpp"

namespace sparse_ot::python {

using namespace nb::literals;

namespace {

// After each slice Python checks for Ctrl-C, and the caller's progress function is called. An
// exception there ends the solve and reaches the caller.
class PythonHooks {
public:
    explicit PythonHooks(nb::handle progress) : progress_(progress) {}

    bool between_slices(std::int64_t pivots, double seconds, double value) {
        if (progress_.is_none() && seconds < slice_seconds) return true;  // too soon to matter
        const nb::gil_scoped_acquire gil;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        if (!progress_.is_none()) progress_(pivots, seconds, value);
        return true;
    }

private:
    nb::handle progress_;
};

using Potentials = std::optional<std::tuple<Vector<double>, Vector<double>>>;
using PlanOnEntries = std::optional<std::tuple<Vector<std::int64_t>, Vector<std::int64_t>>>;
// Flow, u, v, the two vectors of the report, and the violation if there is no plan.
using Answer = std::tuple<Result<double>, Result<double>, Result<double>, Result<double>,
                          Result<std::int64_t>, nb::object>;

StartingDuals duals_of(const Potentials& start, const PythonMasses& masses) {
    if (!start) return {};
    const auto& [u, v] = *start;
    require(u.shape(0) == masses.n() && v.shape(0) == masses.m(), "potentials of the wrong length");
    return {view(u), view(v)};
}

StartingPlan plan_of(const PlanOnEntries& plan, std::size_t n_entries) {
    if (!plan) return {};
    const auto& [entries, flow] = *plan;
    require(entries.shape(0) == flow.shape(0), "a flow for every entry");
    for (const std::int64_t entry : view(entries))
        require(0 <= entry && entry < static_cast<std::int64_t>(n_entries),
                "entries of the matrix");
    return {view(entries), view(flow)};
}

template <class T, std::size_t count>
Result<T> give_array(const std::array<T, count>& values) {
    return give(std::vector<T>(values.begin(), values.end()));
}

Answer solve_given(const PythonMasses& masses, const GivenArcs& arcs, std::size_t n_arcs,
                   const StartingDuals& start, const StartingPlan& plan,
                   const SolveSettings& settings, nb::handle progress) {
    Result<double> flow = give_zeros(n_arcs);
    std::vector<double> u(masses.n()), v(masses.m());
    const TransportProblem problem{
        masses.given(), arcs, start, plan, {{flow.data(), n_arcs}, u, v, true}};
    PythonHooks hooks(progress);
    Report report;
    {
        const nb::gil_scoped_release release;
        report = solve(problem, settings, hooks);
    }
    return {std::move(flow),
            give(std::move(u)),
            give(std::move(v)),
            give_array(values_of(report, report_numbers)),
            give_array(values_of(report, report_codes)),
            report.violation ? nb::object(as_tuple(*report.violation)) : nb::none()};
}

template <class Index>
Answer solve_arcs(const PythonMasses& masses, Vector<Index> rows, Vector<Index> cols,
                  Vector<double> costs, const Potentials& start, const SolveSettings& settings,
                  nb::object progress) {
    require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0),
            "rows, cols and costs must have one length");
    return solve_given(masses, ArcList<Index>{view(rows), view(cols), view(costs)}, costs.shape(0),
                       duals_of(start, masses), {}, settings, progress);
}

Answer solve_matrix(const PythonMasses& masses, Vector<double> matrix, const Potentials& start,
                    const PlanOnEntries& plan, const SolveSettings& settings, nb::object progress) {
    require(matrix.shape(0) == masses.n() * masses.m(), "the matrix must have n * m entries");
    require(!plan || start, "a plan to start from needs potentials");
    return solve_given(masses, WholeMatrix{view(matrix)}, matrix.shape(0), duals_of(start, masses),
                       plan_of(plan, matrix.shape(0)), settings, progress);
}

template <class Index>
std::tuple<double, double, double, double> certify(Vector<double> a, Vector<double> b,
                                                   Vector<Index> rows, Vector<Index> cols,
                                                   Vector<double> costs, Vector<double> flow,
                                                   Vector<double> u, Vector<double> v) {
    require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0) &&
                flow.shape(0) == costs.shape(0),
            "rows, cols, costs and flow must have one length");
    require(u.shape(0) == a.shape(0) && v.shape(0) == b.shape(0), "potentials of the wrong length");
    const nb::gil_scoped_release release;
    const Certificate c = sparse_ot::certify<Index>(view(a), view(b), view(rows), view(cols),
                                                    view(costs), view(flow), view(u), view(v));
    return {c.value, c.lower_bound, c.worst_reduced_cost, c.worst_marginal_error};
}

template <class Measure>
double of_potentials(const Vector<double>& a, const Vector<double>& b, const Vector<double>& u,
                     const Vector<double>& v, Measure&& measure) {
    require(u.shape(0) == a.shape(0) && v.shape(0) == b.shape(0), "potentials of the wrong length");
    const nb::gil_scoped_release release;
    return measure(view(a), view(b), view(u), view(v));
}

double gauge(Vector<double> a, Vector<double> b, Vector<double> u, Vector<double> v) {
    return of_potentials(a, b, u, v, centring_shift);
}

double rounding(Vector<double> a, Vector<double> u, Vector<double> b, Vector<double> v) {
    return of_potentials(a, b, u, v, [](auto of_a, auto of_b, auto of_u, auto of_v) {
        return rounding_of_bounds(of_a, of_u, of_b, of_v);
    });
}

template <class Index>
void bind_arcs(nb::module_& m, const char* docs_of_solve, const char* docs_of_certify) {
    m.def("solve_arcs", &solve_arcs<Index>, "masses"_a, "rows"_a.noconvert(), "cols"_a.noconvert(),
          "costs"_a.noconvert(), "start"_a.none(), "settings"_a, "progress"_a.none(),
          docs_of_solve);
    m.def("certify", &certify<Index>, "a"_a, "b"_a, "rows"_a.noconvert(), "cols"_a.noconvert(),
          "costs"_a, "flow"_a, "u"_a, "v"_a, docs_of_certify);
}

}  // namespace

void bind_solve(nb::module_& m) {
    nb::class_<SolveSettings>(m, "SolveSettings",
                              "Limits of a solve, and how its potentials are returned.")
        .def(
            "__init__",
            [](SolveSettings* self, bool center, std::int64_t max_pivots, double seconds,
               double elapsed) {
                new (self) SolveSettings{center, max_pivots, seconds, elapsed, slice_seconds};
            },
            "center"_a, "max_pivots"_a, "seconds"_a, "elapsed"_a,
            "Potentials centred or not; max. pivots (negative: any); seconds, and those used up.");
    bind_arcs<std::int32_t>(
        m, "Solve on listed arcs: flow, u, v, the report's numbers and codes, the Hall violation.",
        "Value, lower bound, worst reduced cost and worst marginal error of a plan on arcs.");
    bind_arcs<std::int64_t>(m, "The same with 64-bit indices.", "The same with 64-bit indices.");
    m.def("solve_matrix", &solve_matrix, "masses"_a, "matrix"_a.noconvert(), "start"_a.none(),
          "plan"_a.none(), "settings"_a, "progress"_a.none(),
          "Solve on all entries of a matrix, from a plan (entries, flow) on some if it fits.");
    m.def("gauge", &gauge, "a"_a, "b"_a, "u"_a, "v"_a,
          "The constant c for which <u + c, a> equals <v - c, b>.");
    m.def("rounding", &rounding, "a"_a, "u"_a, "b"_a, "v"_a,
          "How far apart the bounds may be because the potentials were rounded.");
}

}  // namespace sparse_ot::python
