// The masses of a problem as its caller gave them, and the integers made from them.
//
// Several parts of one solve need the same integers: the start that makes a plan in them, the basis
// that takes over the plan, and every later basis. They are therefore made once, here; the
// perturbed ones are made on first use. The caller's own arrays must stay where they are.
#pragma once

#include <algorithm>
#include <cmath>
#include <mutex>
#include <span>

#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class GivenMasses {
public:
    GivenMasses(std::span<const double> a, std::span<const double> b, double totals_tolerance)
        : a_(a),
          b_(b),
          plain_(quantise(a, b, totals_tolerance)),
          tolerance_(are_counts() ? 0.0 : std::min(totals_tolerance, most_rounding)) {}

    [[nodiscard]] std::span<const double> a() const { return a_; }
    [[nodiscard]] std::span<const double> b() const { return b_; }
    // Relative difference of supply and demand that passes as rounding in a part of the graph. It
    // is that of the totals, unless those may differ by any amount. Counts are not rounded.
    [[nodiscard]] double tolerance() const { return tolerance_; }
    [[nodiscard]] const Fault& fault() const { return plain_.fault; }
    [[nodiscard]] const Masses& plain() const { return plain_; }

    // The integers in which a starting plan is given. May be called from any thread.
    [[nodiscard]] const Masses& perturbed() const {
        std::call_once(once_, [&] {
            perturbed_ = plain_;
            if (!perturbed_.fault) perturb(perturbed_);
        });
        return perturbed_;
    }

private:
    static constexpr double most_rounding = 1e-4;  // of sums in single precision

    // Whether all masses, and their equal totals, are whole numbers that a double holds.
    [[nodiscard]] bool are_counts() const {
        const auto is_whole = [](double x) { return x == std::nearbyint(x); };
        const double total = detail::exact_sum(a_);
        return total < 0x1p53 && total == detail::exact_sum(b_) &&
               std::all_of(a_.begin(), a_.end(), is_whole) &&
               std::all_of(b_.begin(), b_.end(), is_whole);
    }

    std::span<const double> a_, b_;
    Masses plain_;
    double tolerance_;
    mutable std::once_flag once_;
    mutable Masses perturbed_;
};

}  // namespace sparse_ot
