// Masses become integers, so that flow arithmetic is exact.
//
// Problem. Supplies a and demands b are doubles whose totals agree only up to rounding. The simplex
// needs integers with equal totals: a flow is then either zero or not, degenerate pivots are
// recognised, and a strongly feasible tree cannot cycle.
//
// There are three ways; the first that fits is taken:
//   1. both sides uniform: the smallest integers in the ratio m : n;
//   2. every mass a whole multiple of the smallest one (counts, and counts divided by their
//      total): those multiples, exact;
//   3. otherwise units of a power of two, between 2^-61 and 2^-60 of the total. Masses are rounded
//      down, and the remaining units go to the largest remainders (Hamilton's method). A positive
//      mass keeps at least one unit. Masses that have few bits, like counts, are exact here too.
// The error of way 3 is a unit or two per mass, and a few ulps of the total for the largest mass:
// below 2^-50 of the total unless there are millions of dwarf masses. It is measured and reported.
// Complexity O(n log n).
//
// Perturbation. Equal masses make nearly every pivot degenerate. If the integers leave room, every
// unit becomes 2^noise_bits, and every positive mass gets a little noise in addition, with the same
// total on both sides. This is exact: the flow on an arc of a tree is a signed sum of masses, and
// therefore 2^noise_bits times the unperturbed flow of the same basis, plus noise that never
// reaches half of 2^noise_bits. Rounding to the nearest multiple removes the noise, and the
// potentials, which do not depend on masses, stay optimal. (Charnes 1952, Econometrica 20, for the
// idea.)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "sparse_ot/base/sums.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

struct Masses {
    std::vector<Mass> supply;         // n
    std::vector<Mass> demand;         // m
    std::vector<double> b;            // the demands as doubles, rescaled to the total of a
    double unit = 1.0;                // mass of one integer unit before any perturbation
    int noise_bits = 0;               // a unit is 2^noise_bits of the integers
    bool rounded = false;             // to units (way 3): a mass may be off by one
    double quantisation_error = 0.0;  // largest |mass - units * unit| over the total
    Fault fault;

    // The mass of a tree flow, which is in integers.
    [[nodiscard]] double mass_of(Mass flow) const {
        const Mass half = noise_bits > 0 ? Mass{1} << (noise_bits - 1) : 0;
        return static_cast<double>((flow + half) >> noise_bits) * unit;
    }
};

// The integers of all nodes, sources first.
[[nodiscard]] inline std::vector<Mass> masses_of_nodes(const Masses& masses) {
    std::vector<Mass> all(masses.supply);
    all.insert(all.end(), masses.demand.begin(), masses.demand.end());
    return all;
}

// Subtracts leftovers that are only rounding, one per node; both sides lose the same total.
inline void take_out(Masses& masses, std::span<const Mass> left) {
    const double total =
        static_cast<double>(std::accumulate(masses.supply.begin(), masses.supply.end(), Mass{0}));
    const std::size_t n = masses.supply.size();
    for (std::size_t x = 0; x < left.size(); ++x) {
        (x < n ? masses.supply[x] : masses.demand[x - n]) -= left[x];
        masses.quantisation_error =
            std::max(masses.quantisation_error, static_cast<double>(left[x]) / total);
    }
}

namespace detail {

inline constexpr double max_units = 0x1p61;  // of a total: sums and differences fit an int64
inline constexpr double multiple_ulps = 4.0 * std::numeric_limits<double>::epsilon();

inline double exact_sum(std::span<const double> x) {
    CompensatedSum sum;
    for (double value : x) sum.add(value);
    return sum.total();
}

inline Fault check_masses(std::span<const double> x, FaultKind non_finite, FaultKind negative) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto index = static_cast<std::int64_t>(i);
        if (!std::isfinite(x[i])) return {non_finite, index, x[i], 0.0};
        if (x[i] < 0.0) return {negative, index, x[i], 0.0};
    }
    return {};
}

inline bool is_uniform(std::span<const double> x) {
    return std::all_of(x.begin(), x.end(), [&](double value) { return value == x[0]; });
}

inline double smallest_positive(std::span<const double> x) {
    double smallest = std::numeric_limits<double>::infinity();
    for (double value : x)
        if (value > 0.0) smallest = std::min(smallest, value);
    return smallest;
}

// Writes the masses as whole multiples of `unit`; returns false as soon as one is not. A multiple
// is off by at most two roundings, its own and that of `unit`, so the test is relative to the mass
// and not to the total: a dwarf mass must not pass as a multiple just because it is small.
inline bool as_multiples(std::span<const double> x, double unit, double total,
                         std::vector<Mass>& out) {
    if (total / unit >= max_units) return false;
    out.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double multiple = std::nearbyint(x[i] / unit);
        if (std::abs(x[i] - multiple * unit) > multiple_ulps * x[i]) return false;
        out[i] = static_cast<Mass>(multiple);
    }
    return true;
}

// The power of two of which a total has max_units / 2 .. max_units. No positive double is below
// 2^-1074; with that unit every mass is exact.
inline double dyadic_unit(double total) {
    return std::ldexp(1.0, std::max(std::ilogb(total) - 60, -1074));
}

// The masses in units: `whole` units in total, at least one per positive mass.
inline std::vector<Mass> largest_remainder(std::span<const double> x, double unit, Mass whole) {
    std::vector<Mass> units(x.size());
    std::vector<double> remainder(x.size());
    std::vector<std::size_t> order;
    Mass left = whole;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!(x[i] > 0.0)) continue;
        const double share = x[i] / unit;  // exact: the unit is a power of two
        units[i] = std::max<Mass>(static_cast<Mass>(share), 1);
        remainder[i] = share - static_cast<double>(units[i]);
        left -= units[i];
        order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](auto i, auto j) { return remainder[i] > remainder[j]; });
    for (std::size_t k = 0; k < order.size() && left > 0; ++k, --left) ++units[order[k]];
    if (left == 0) return units;
    // Excess units come from rounding in the total, missing ones from that and from the minimum of
    // one. The largest masses absorb them, because the relative change is smallest there. One pass
    // is enough, as each may lose all but one unit.
    std::stable_sort(order.begin(), order.end(),
                     [&](auto i, auto j) { return units[i] > units[j]; });
    for (std::size_t k = 0; k < order.size() && left != 0; ++k) {
        const Mass change = std::max(left, 1 - units[order[k]]);
        units[order[k]] += change;
        left -= change;
    }
    return units;
}

// Rescales b to the total of a. The ratio of totals may overflow or underflow; the masses cannot.
inline std::vector<double> rescale(std::span<const double> b, double total_b, double total_a) {
    std::vector<double> scaled(b.begin(), b.end());
    if (total_a == total_b) return scaled;
    const double ratio = total_a / total_b;
    for (double& x : scaled) {
        const double mass = std::isnormal(ratio) ? x * ratio : x / total_b * total_a;
        // A positive mass stays positive, and none exceeds the total.
        if (x > 0.0) x = std::clamp(mass, std::numeric_limits<double>::denorm_min(), total_a);
    }
    return scaled;
}

}  // namespace detail

// `totals_tolerance` is relative; up to it b is rescaled to the total of a. Infinity: any totals.
inline Masses quantise(std::span<const double> a, std::span<const double> b,
                       double totals_tolerance) {
    using namespace detail;
    Masses masses;
    masses.fault = check_masses(a, FaultKind::non_finite_supply, FaultKind::negative_supply);
    if (!masses.fault)
        masses.fault = check_masses(b, FaultKind::non_finite_demand, FaultKind::negative_demand);
    if (masses.fault) return masses;
    const double total_a = exact_sum(a), total_b = exact_sum(b);
    if (!(total_a > 0.0) || !(total_b > 0.0) || !std::isfinite(total_a) ||
        !std::isfinite(total_b)) {
        masses.fault = {FaultKind::zero_total, -1, total_a, total_b};
        return masses;
    }
    if (std::abs(total_a - total_b) > totals_tolerance * std::max(total_a, total_b)) {
        masses.fault = {FaultKind::unequal_totals, -1, total_a, total_b};
        return masses;
    }
    masses.b = rescale(b, total_b, total_a);
    const std::vector<double>& b_scaled = masses.b;
    const auto sum_of = [](const std::vector<Mass>& x) {
        return std::accumulate(x.begin(), x.end(), Mass{0});
    };
    const double smallest = std::min(smallest_positive(a), smallest_positive(b_scaled));

    bool& dyadic = masses.rounded;
    if (is_uniform(a) && is_uniform(b)) {
        const auto n = static_cast<Mass>(a.size()), m = static_cast<Mass>(b.size());
        const Mass divisor = std::gcd(n, m);
        masses.supply.assign(a.size(), m / divisor);
        masses.demand.assign(b.size(), n / divisor);
    } else if (!as_multiples(a, smallest, total_a, masses.supply) ||
               !as_multiples(b_scaled, smallest, total_a, masses.demand) ||
               sum_of(masses.supply) != sum_of(masses.demand)) {
        masses.unit = dyadic_unit(total_a);
        const auto count = static_cast<Mass>(std::max(a.size(), b.size()));
        const Mass whole = std::max(static_cast<Mass>(total_a / masses.unit), count);
        masses.supply = largest_remainder(a, masses.unit, whole);
        masses.demand = largest_remainder(b_scaled, masses.unit, whole);
        dyadic = true;
    }
    if (!dyadic) masses.unit = total_a / static_cast<double>(sum_of(masses.supply));
    const auto note_error = [&](std::span<const double> x, const std::vector<Mass>& units) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double error = std::abs(x[i] - static_cast<double>(units[i]) * masses.unit);
            masses.quantisation_error = std::max(masses.quantisation_error, error / total_a);
        }
    };
    note_error(a, masses.supply);
    note_error(b_scaled, masses.demand);
    return masses;
}

namespace detail {

// Adds noise in 0 .. amplitude - 1 to every positive mass of the longer side, and distributes its
// sum over the positive masses of the other side in random shares.
inline void add_noise(std::vector<Mass>& longer, std::vector<Mass>& other, Mass amplitude,
                      std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto draw = [&] {
        return static_cast<Mass>(random() % static_cast<std::uint64_t>(amplitude));
    };
    Mass sum = 0, shares = 0;
    for (Mass& x : longer) {
        if (x == 0) continue;
        const Mass noise = draw();
        x += noise;
        sum += noise;
    }
    std::vector<Mass> share(other.size(), 0);
    for (std::size_t k = 0; k < other.size(); ++k)
        if (other[k] > 0) shares += share[k] = 1 + draw();
    Mass left = sum;
    for (std::size_t k = 0; k < other.size(); ++k) {
        const auto noise = static_cast<Mass>(
            static_cast<double>(sum) * static_cast<double>(share[k]) / static_cast<double>(shares));
        const Mass given = std::min(noise, left);
        other[k] += given;
        left -= given;
    }
    for (std::size_t k = 0; left > 0; k = (k + 1) % other.size())
        if (other[k] > 0) {
            ++other[k];
            --left;
        }
}

}  // namespace detail

// Adds noise if the integers have room for it. Masses that fill the integers get none; they are in
// general position anyway. The units grow by all the room there is, so that a perturbed plan costs
// nearly what the rounded plan costs.
inline void perturb(Masses& masses) {
    constexpr std::uint64_t seed = 20220714;
    const auto longest = static_cast<double>(std::max(masses.supply.size(), masses.demand.size()));
    double total = 0.0;
    for (Mass x : masses.supply) total += static_cast<double>(x);
    for (Mass amplitude : {1000, 100, 10}) {
        const double max_noise = static_cast<double>(amplitude) * longest;
        const int bits = std::ilogb(detail::max_units / total) - 1;
        if (std::ldexp(1.0, bits - 1) <= max_noise) continue;
        masses.noise_bits = bits;
        for (auto* side : {&masses.supply, &masses.demand})
            for (Mass& x : *side) x <<= bits;
        const bool sources_lead = masses.supply.size() >= masses.demand.size();
        detail::add_noise(sources_lead ? masses.supply : masses.demand,
                          sources_lead ? masses.demand : masses.supply, amplitude, seed);
        return;
    }
}

}  // namespace sparse_ot
