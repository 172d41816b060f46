// Python's view of the masses, which are quantised once for all parts of a solve.
#include "masses.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "sparse_ot/base/masses.hpp"

namespace sparse_ot::python {

using namespace nb::literals;

namespace {

// The integers in which a starting plan is given.
const Masses& perturbed(const PythonMasses& masses) {
    const nb::gil_scoped_release release;
    return masses.given()->perturbed();
}

Result<std::int64_t> supply(const PythonMasses& masses) {
    return give(std::vector<std::int64_t>(perturbed(masses).supply));
}

Result<std::int64_t> demand(const PythonMasses& masses) {
    return give(std::vector<std::int64_t>(perturbed(masses).demand));
}

double unit(const PythonMasses& masses) {
    const Masses& integers = perturbed(masses);
    return std::ldexp(integers.unit, -integers.noise_bits);
}

std::optional<Fault> fault(const PythonMasses& masses) {
    const Fault& found = masses.given()->fault();
    return found ? std::optional(found) : std::nullopt;
}

}  // namespace

void bind_masses(nb::module_& m) {
    nb::class_<PythonMasses>(m, "Masses",
                             "Masses of sources and targets, and the integers made from them.")
        .def(nb::init<Vector<double>, Vector<double>, double>(), "a"_a.noconvert(),
             "b"_a.noconvert(), "totals_tolerance"_a,
             "Quantise. b is rescaled if the totals differ by at most this much, relatively.")
        .def_prop_ro("fault", &fault, "What is wrong with the masses, or None.")
        .def_prop_ro("supply", &supply, nb::rv_policy::move,
                     "Integers of the sources for a plan, perturbed if there is room.")
        .def_prop_ro("demand", &demand, nb::rv_policy::move,
                     "Integers of the targets, with the same total.")
        .def_prop_ro("unit", &unit, "Mass of the integer 1.");
}

}  // namespace sparse_ot::python
