// Integer masses: equal totals, nothing positive lost, exact where exactness is promised.
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "sparse_ot/base/masses.hpp"
#include "support/check.hpp"

using namespace sparse_ot;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

using Doubles = std::vector<double>;
using Units = std::vector<Mass>;

const double infinity = std::numeric_limits<double>::infinity();
const double tiniest = std::numeric_limits<double>::denorm_min();
const double largest = std::numeric_limits<double>::max();

Mass total(const Units& units) { return std::accumulate(units.begin(), units.end(), Mass{0}); }

// Checks what holds for every problem without a fault.
void check_sound(const Masses& masses, const Doubles& a, const Doubles& b, double most_error) {
    if (!check(!masses.fault, "no fault")) return;
    check(masses.supply.size() == a.size() && masses.demand.size() == b.size(), "every mass");
    check(total(masses.supply) == total(masses.demand) && total(masses.supply) > 0,
          "equal totals above zero");
    check(total(masses.supply) <= Mass{1} << 61, "a total that leaves room for differences");
    for (std::size_t i = 0; i < a.size(); ++i)
        check(a[i] > 0.0 ? masses.supply[i] >= 1 : masses.supply[i] == 0, "a kept positive mass");
    for (std::size_t j = 0; j < b.size(); ++j)
        check(b[j] > 0.0 ? masses.demand[j] >= 1 : masses.demand[j] == 0, "a kept positive mass");
    check(masses.unit > 0.0 && std::isfinite(masses.unit), "a unit that weighs something");
    check(masses.quantisation_error <= most_error, "a small quantisation error");
}

Masses sound(const Doubles& a, const Doubles& b, double most_error = 0x1p-50) {
    const Masses masses = quantise(a, b, infinity);
    check_sound(masses, a, b, most_error);
    return masses;
}

const Claim uniform("uniform masses become the smallest integers in the ratio m : n", [] {
    for (const auto& [n, m] : {std::pair{1, 1}, {7, 7}, {4, 6}, {1, 9}, {1000, 999}}) {
        const Masses masses = sound(Doubles(n, 1.0 / n), Doubles(m, 1.0 / m));
        const int divisor = std::gcd(n, m);
        check(masses.supply == Units(n, m / divisor) && masses.demand == Units(m, n / divisor),
              "m / gcd and n / gcd");
    }
});

const Claim counts("counts, and counts over their total, are exact", [] {
    const Units wanted_a{1, 5, 2, 4}, wanted_b{3, 9};
    Masses masses = sound({1, 5, 2, 4}, {3, 9}, 0.0);
    check(masses.supply == wanted_a && masses.demand == wanted_b && masses.unit == 1.0, "counts");
    masses = sound({1.0 / 12, 5.0 / 12, 2.0 / 12, 4.0 / 12}, {3.0 / 12, 9.0 / 12});
    check(masses.supply == wanted_a && masses.demand == wanted_b, "multiples of the smallest");
    masses = sound({0.1, 0.5, 0.2, 0.4}, {0.3, 0.9});
    check(masses.supply == wanted_a && masses.demand == wanted_b, "multiples of a decimal");
    masses = sound({3, 5, 7}, {11, 4}, 0.0);
    check(masses.supply[0] * 5 == masses.supply[1] * 3 &&
              static_cast<double>(masses.demand[0]) * masses.unit == 11.0,
          "counts that are no multiples of the smallest");
});

const Claim zeros("a mass of zero stays zero, whichever way is taken", [] {
    sound({0, 1, 0}, {1, 0});
    sound({0, 1, 3}, {4, 0}, 0.0);
    sound({0, 0.3, 0.7}, {0.123456, 0.876544, 0.0});
});

const Claim decimals("decimal masses of any size keep equal totals and a small error", [] {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        Doubles a(random.between(1, 40)), b(random.between(1, 40));
        const double decades = random.chance(0.5) ? 0.0 : 12.0;
        const double scale = std::pow(10.0, static_cast<double>(random.between(-250, 250)));
        for (auto* side : {&a, &b})
            for (double& x : *side) {
                x = (0.01 + random.unit()) * std::pow(10.0, -decades * random.unit()) * scale;
                if (random.chance(0.1)) x = 0.0;
            }
        a[0] = b[0] = scale;
        const Masses masses = sound(a, b, 0x1p-49);
        // Two units at most, even for the source with 1e-12 of the mass of the others.
        for (std::size_t i = 0; i < a.size(); ++i) {
            const double error =
                std::abs(static_cast<double>(masses.supply[i]) * masses.unit - a[i]);
            check(error <= 2.0 * masses.unit + 1e-14 * a[i],
                  "each mass, not only the total, to be met");
        }
    }
});

const Claim dwarfs("dwarfs beside a giant keep a unit, and the giant pays", [] {
    for (const double dwarf : {1e-18, 1e-30, 1e-300, tiniest}) {
        Doubles a(1000, dwarf), b{0.25, 0.75};
        a.push_back(1.0);
        const Masses masses = sound(a, b);
        check(masses.supply[0] >= 1 && masses.supply[0] <= 3, "dwarfs of one unit or so");
        sound(b, a);
    }
    // 1.5 times the smallest is no multiple of it, however small both are relative to the total.
    const Masses masses = sound({1.0, 1e-16, 1.5e-16}, {1.5e-16, 1.0, 1e-16});
    check(std::abs(static_cast<double>(masses.supply[2]) * masses.unit - 1.5e-16) < 2e-18,
          "different dwarfs to stay different");
});

const Claim rounding("totals that differ by rounding, or by the tolerance, are made equal", [] {
    sound({0.1, 0.2, 0.3, 0.4}, {0.7, 0.3});
    sound(Doubles(10, 0.1), {1.0});
    Doubles thirds(3, 1.0 / 3), other{0.5, 0.5 + 1e-9};
    sound(thirds, other);
    check(quantise(Doubles{1.0}, Doubles{1.0 + 1e-6}, 1e-7).fault.kind == FaultKind::unequal_totals,
          "totals beyond the tolerance to be a fault");
    check(!quantise(Doubles{1.0}, Doubles{1.0 + 1e-8}, 1e-7).fault, "totals within it to pass");
    const Masses masses = sound({1.0, 3.0}, {20.0, 60.0, 80.0});
    check(masses.supply == Units({2, 6}) || total(masses.supply) == total(masses.demand),
          "demand in the total of the supply");
});

const Claim faults("a fault names its kind, its place and its value", [] {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto fault = [](const Doubles& a, const Doubles& b) {
        return quantise(a, b, 1e-7).fault;
    };
    Fault f = fault({1, nan}, {1});
    check(f.kind == FaultKind::non_finite_supply && f.index == 1 && std::isnan(f.value), "NaN");
    f = fault({1}, {0.5, infinity, -1});
    check(f.kind == FaultKind::non_finite_demand && f.index == 1, "infinity");
    f = fault({-infinity}, {1});
    check(f.kind == FaultKind::non_finite_supply && f.index == 0, "minus infinity");
    f = fault({2, -1}, {1});
    check(f.kind == FaultKind::negative_supply && f.index == 1 && f.value == -1.0, "negative");
    f = fault({1}, {2, -tiniest});
    check(f.kind == FaultKind::negative_demand && f.index == 1, "a tiny negative");
    check(fault({0, 0}, {0}).kind == FaultKind::zero_total, "nothing at all");
    check(fault({1}, {0}).kind == FaultKind::zero_total, "nothing wanted");
    check(fault({}, {1}).kind == FaultKind::zero_total, "no sources");
    f = fault({1}, {2});
    check(f.kind == FaultKind::unequal_totals && f.value == 1.0 && f.other == 2.0, "both totals");
    check(fault({largest, largest}, {largest, largest}).kind == FaultKind::zero_total,
          "a total no double holds");
    check(!fault({-0.0, 1.0}, {1.0}), "minus zero to be zero");
});

const Claim denormals("masses near the ends of the doubles keep their ratios", [] {
    Masses masses = sound({tiniest, 2 * tiniest}, {3 * tiniest}, 0.0);
    check(masses.supply == Units({1, 2}) && masses.unit == tiniest, "denormals to be counts");
    sound({5e-310, 7e-310, 1.3e-309}, {2.1e-309, 4e-310}, 1e-10);
    sound({1e-300, 1e-308, 3e-310}, {0.7e-300, 0.3e-300});
    sound({1e-300, 2e-300}, {1e300, 5e299, 1.0});
    sound({1e300, 2e300, 7.0}, {1e-300, 5e-301});
    sound({0.3 * largest, 0.6 * largest}, {0.9 * largest});
    sound({0.3 * largest, 0.69 * largest}, {1.0, 2.0, 1e-20});
    sound({largest}, {largest / 3, largest / 7}, 1e-10);
});

const Claim many("a hundred thousand masses cost no more than a sort", [] {
    Random random(1);
    Doubles a(100000), b(77777);
    for (double& x : a) x = random.unit() + 1e-9;
    for (double& x : b) x = std::exp(-20.0 * random.unit());
    sound(a, b);
    std::fill(a.begin() + 1, a.end(), 1e-25);
    sound(a, b, 0x1p-42);
});

}  // namespace

int main() { return test::run(); }
