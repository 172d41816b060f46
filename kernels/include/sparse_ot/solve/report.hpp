// What a solve reports besides plan and potentials.
//
// Compiled array programs handle only arrays, so the report is passed as two short vectors, of
// numbers and of codes. The two lists of fields here define their order. Python gets the names from
// these lists (`REPORT_NUMBERS`, `REPORT_CODES`).
//
// Failure is data: a fault or an infeasible problem is a status, and every number that could be
// mistaken for an answer is NaN.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "sparse_ot/base/types.hpp"
#include "sparse_ot/proof/certificate.hpp"
#include "sparse_ot/solve/hall_violation.hpp"

namespace sparse_ot {

struct Report {
    static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

    double value = nan;
    double lower_bound = nan;
    double worst_reduced_cost = nan;
    double worst_marginal_error = nan;
    double total_mass = nan;
    double rounding = nan;  // proof/rounding.hpp
    double quantisation_error = nan;
    double rescaling = nan;  // the largest relative change of a demand
    double start_seconds = nan;
    double pivot_seconds = nan;
    double fault_value = nan;
    double fault_other = nan;

    std::int64_t status = static_cast<std::int64_t>(Status::optimal);
    std::int64_t fault_kind = static_cast<std::int64_t>(FaultKind::none);
    std::int64_t fault_index = -1;
    std::int64_t pivots = 0;
    std::int64_t degenerate_pivots = 0;
    std::int64_t arcs = 0;

    std::optional<HallViolation> violation;  // only for callers that take more than the two vectors

    void set(Status reached) { status = static_cast<std::int64_t>(reached); }
    void set(const Fault& fault) {
        set(Status::invalid);
        fault_kind = static_cast<std::int64_t>(fault.kind);
        fault_index = fault.index;
        fault_value = fault.value;
        fault_other = fault.other;
    }
    void set(const Certificate& proof) {
        value = proof.value;
        lower_bound = proof.lower_bound;
        worst_reduced_cost = proof.worst_reduced_cost;
        worst_marginal_error = proof.worst_marginal_error;
    }
};

template <class T>
struct ReportField {
    const char* name;
    T Report::* member;
};

inline constexpr std::array report_numbers{
    ReportField<double>{"value", &Report::value},
    ReportField<double>{"lower_bound", &Report::lower_bound},
    ReportField<double>{"worst_reduced_cost", &Report::worst_reduced_cost},
    ReportField<double>{"worst_marginal_error", &Report::worst_marginal_error},
    ReportField<double>{"total_mass", &Report::total_mass},
    ReportField<double>{"rounding", &Report::rounding},
    ReportField<double>{"quantisation_error", &Report::quantisation_error},
    ReportField<double>{"rescaling", &Report::rescaling},
    ReportField<double>{"start_seconds", &Report::start_seconds},
    ReportField<double>{"pivot_seconds", &Report::pivot_seconds},
    ReportField<double>{"fault_value", &Report::fault_value},
    ReportField<double>{"fault_other", &Report::fault_other},
};

inline constexpr std::array report_codes{
    ReportField<std::int64_t>{"status", &Report::status},
    ReportField<std::int64_t>{"fault_kind", &Report::fault_kind},
    ReportField<std::int64_t>{"fault_index", &Report::fault_index},
    ReportField<std::int64_t>{"pivots", &Report::pivots},
    ReportField<std::int64_t>{"degenerate_pivots", &Report::degenerate_pivots},
    ReportField<std::int64_t>{"arcs", &Report::arcs},
};

// The entries of one of the two vectors, in the order of `fields`.
template <class T, std::size_t count>
[[nodiscard]] std::array<T, count> values_of(const Report& report,
                                             const std::array<ReportField<T>, count>& fields) {
    std::array<T, count> values;
    for (std::size_t k = 0; k < count; ++k) values[k] = report.*fields[k].member;
    return values;
}

}  // namespace sparse_ot
