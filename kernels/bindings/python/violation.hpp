// A Hall violation as Python takes it: sources, targets, supply, demand.
#pragma once

#include <vector>

#include "arrays.hpp"
#include "sparse_ot/solve/hall_violation.hpp"

namespace sparse_ot::python {

inline nb::tuple as_tuple(const HallViolation& violation) {
    return nb::make_tuple(give(std::vector(violation.sources)),
                          give(std::vector(violation.targets)), violation.supply, violation.demand);
}

}  // namespace sparse_ot::python
