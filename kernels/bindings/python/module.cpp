// The compiled module: its constants and enums, and what the other files bind.
//
// These files contain no algorithms: typed arrays go in and out, and the GIL is released.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/solve/report.hpp"
#include "sparse_ot/solve/solve.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace sparse_ot::xla {
void bind_xla(nb::module_& m);  // bindings/xla/callback.cpp
}
namespace sparse_ot::python {

void bind_masses(nb::module_& m);      // masses.cpp
void bind_live_basis(nb::module_& m);  // live_basis.cpp
void bind_solve(nb::module_& m);       // solve.cpp
void bind_nearest(nb::module_& m);     // search.cpp
void bind_sweeps(nb::module_& m);      // sweeps.cpp

namespace {

void bind_codes(nb::module_& m) {
    nb::enum_<Status>(m, "StatusCode", nb::is_arithmetic(), "Why a solve stopped, as a number.")
        .value("OPTIMAL", Status::optimal)
        .value("PIVOT_LIMIT", Status::pivot_limit)
        .value("TIME_LIMIT", Status::time_limit)
        .value("INFEASIBLE", Status::infeasible)
        .value("INVALID", Status::invalid)
        .value("GAP_REACHED", Status::gap_reached)
        .value("INTERRUPTED", Status::interrupted)
        .value("MEMORY_LIMIT", Status::memory_limit);
    nb::enum_<FaultKind>(m, "FaultKind", nb::is_arithmetic(),
                         "What can be wrong with the numbers of a problem.")
        .value("NONE", FaultKind::none)
        .value("NON_FINITE_SUPPLY", FaultKind::non_finite_supply)
        .value("NON_FINITE_DEMAND", FaultKind::non_finite_demand)
        .value("NEGATIVE_SUPPLY", FaultKind::negative_supply)
        .value("NEGATIVE_DEMAND", FaultKind::negative_demand)
        .value("UNEQUAL_TOTALS", FaultKind::unequal_totals)
        .value("ZERO_TOTAL", FaultKind::zero_total)
        .value("NAN_COST", FaultKind::nan_cost)
        .value("MINUS_INFINITE_COST", FaultKind::minus_infinite_cost)
        .value("NON_FINITE_U", FaultKind::non_finite_u)
        .value("NON_FINITE_V", FaultKind::non_finite_v)
        .value("LIGHT_SUPPLY", FaultKind::light_supply)
        .value("LIGHT_DEMAND", FaultKind::light_demand)
        .value("COST_TOO_LARGE", FaultKind::cost_too_large);
    nb::class_<Fault>(m, "Fault", "The first fault met in the numbers of a problem.")
        .def(nb::init<FaultKind, std::int64_t, double, double>(), "kind"_a, "index"_a, "value"_a,
             "other"_a, "What is wrong, where, and the one or two values that show it.")
        .def_ro("kind", &Fault::kind, "What is wrong.")
        .def_ro("index", &Fault::index,
                "Index of a mass, a potential, or an arc as given; -1: none.")
        .def_ro("value", &Fault::value, "The value found there, or the total of a.")
        .def_ro("other", &Fault::other,
                "The total of b, or of all masses, that the value is held against.")
        .def(
            "__repr__",
            [](const Fault& fault) {
                std::ostringstream text;
                text << "Fault(kind=" << static_cast<int>(fault.kind) << ", index=" << fault.index
                     << ", value=" << fault.value << ", other=" << fault.other << ")";
                return text.str();
            },
            "Shows all four values.");
}

template <class Fields>
nb::tuple names_of(const Fields& fields) {
    nb::list names;
    for (const auto& field : fields) names.append(nb::str(field.name));
    return nb::tuple(names);
}

}  // namespace

}  // namespace sparse_ot::python

NB_MODULE(_core, m) {
    using namespace sparse_ot;
    m.doc() = "The compiled core of sparse_ot. Python reaches it through sparse_ot.core.";
    m.attr("REDUCED_COST_ULPS") = reduced_cost_ulps;
    m.attr("SLICE_SECONDS") = slice_seconds;
    m.attr("REPORT_NUMBERS") = python::names_of(report_numbers);
    m.attr("REPORT_CODES") = python::names_of(report_codes);
    python::bind_codes(m);
    python::bind_masses(m);
    python::bind_live_basis(m);
    python::bind_solve(m);
    python::bind_nearest(m);
    python::bind_sweeps(m);
    xla::bind_xla(m);
}
