// Metrics as Python passes them: a member of the enum `_core.Metric`, and a parameter.
#pragma once

#include <cmath>

#include "arrays.hpp"
#include "sparse_ot/geometry/metrics.hpp"

namespace sparse_ot::python {

inline Metric metric_of(MetricKind kind, double p) {
    const int place = static_cast<int>(kind);
    require(place >= 0 && place < AllMetrics::size, "no such metric");
    require(std::isfinite(p) && p >= 1.0, "p must be a finite number of at least 1");
    return {kind, p};
}

}  // namespace sparse_ot::python
