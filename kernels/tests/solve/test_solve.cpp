// A solve: hooks that watch and stop it, starts that fit and do not fit, failure as data.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "sparse_ot/solve/solve.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"
#include "support/solving.hpp"
#include "support/whole_solve.hpp"

using namespace sparse_ot;
using namespace problems;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

struct Watcher {
    std::int64_t stop_after;
    std::vector<std::int64_t> pivots = {};
    std::vector<double> values = {};

    bool between_slices(std::int64_t so_far, double, double value) {
        pivots.push_back(so_far);
        values.push_back(value);
        return static_cast<std::int64_t>(pivots.size()) < stop_after;
    }
};

Problem dense(Random& random, std::int64_t n) {
    Problem p;
    masses(p, random, n, n, [&] { return 0.1 + random.unit(); });
    fill(p, random, 1.0, [&](auto, auto) { return random.unit(); });
    return p;
}

// A poor starting plan, along the north-west staircase, so that many pivots are needed.
struct Staircase {
    std::vector<std::int64_t> entries;
    std::vector<Mass> flow;
    Doubles zero;

    explicit Staircase(const Problem& p) : zero(p.a.size(), 0.0) {
        Masses left = masses_of(p.a, p.b)->perturbed();
        for (std::size_t i = 0, j = 0; i < p.a.size() && j < p.b.size();) {
            const Mass sent = std::min(left.supply[i], left.demand[j]);
            entries.push_back(static_cast<std::int64_t>(i * p.b.size() + j));
            flow.push_back(sent);
            left.supply[i] -= sent;
            left.demand[j] -= sent;
            left.supply[i] == 0 ? ++i : ++j;
        }
    }
};

// Slices as short as possible, so that there are many.
constexpr SolveSettings sliced{.slice = 0.0};

const Claim proved("the report of an optimum proves it, in numbers of the caller's own", [] {
    for_each_problem(40, 24, [&](const Problem& p, Random&) {
        const Whole out = solve_whole(p, list_of(p));
        const auto by_hand = solve(p);
        const bool feasible = out.report.status == static_cast<std::int64_t>(Status::optimal);
        if (!check(feasible == by_hand.has_value(), "the same feasibility") || !feasible) return;
        check_optimal(p, {out.flow, out.u, out.v, 0.0, {}});
        check(out.flow == by_hand->flow, "the plan of the basis");
        check(out.report.pivots == by_hand->stats.pivots, "pivot for pivot");
        const double size = size_of(p);
        check(std::abs(out.report.value - by_hand->value) <= 1e-12 * size, "its value");
        check(std::abs(out.report.value - out.report.lower_bound) <= 1e-12 * size, "no gap");
        check(out.report.rounding >= 0.0 && out.report.rounding <= 1e-9 * std::max(size, 1.0),
              "rounding to be small");
        double sum_u = 0.0, sum_v = 0.0;
        for (std::size_t i = 0; i < p.a.size(); ++i) sum_u += out.u[i] * p.a[i];
        for (std::size_t j = 0; j < p.b.size(); ++j) sum_v += out.v[j] * p.b[j];
        check(std::abs(sum_u - sum_v) <= 1e-12 * std::max(size, 1e-300), "centred potentials");
    });
});

const Claim formats("arcs in 32 or 64 bits and a whole matrix are one problem", [] {
    for (int seed = 0; seed < 40; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const Problem p = uniform(random, random.between(1, 30), random.between(1, 30));
        const std::vector<std::int64_t> rows(p.rows.begin(), p.rows.end());
        const std::vector<std::int64_t> cols(p.cols.begin(), p.cols.end());
        const Whole narrow = solve_whole(p, list_of(p));
        const Whole wide = solve_whole(p, ArcList<std::int64_t>{rows, cols, p.costs});
        const Whole matrix = solve_whole(p, WholeMatrix{p.costs});
        for (const Whole* other : {&wide, &matrix}) {
            check(other->flow == narrow.flow && other->u == narrow.u && other->v == narrow.v,
                  "the same bits");
            check(other->report.value == narrow.report.value &&
                      other->report.lower_bound == narrow.report.lower_bound,
                  "the same proof");
        }
    }
});

const Claim watched("a hook sees a value that never rises, and changes nothing by looking", [] {
    Random random(3);
    const Problem p = dense(random, 200);
    const Staircase poor(p);
    const auto with = [&](const SolveSettings& settings, auto&& hooks) {
        return solve_whole(p, WholeMatrix{p.costs}, settings, hooks, {poor.entries, poor.flow},
                           {poor.zero, poor.zero});
    };
    Watcher watcher{std::numeric_limits<std::int64_t>::max()};
    const Whole alone = with({}, NoHooks{}), seen = with(sliced, watcher);
    check(seen.flow == alone.flow && seen.u == alone.u && seen.v == alone.v, "the same bits");
    if (!check(watcher.pivots.size() > 3, "several looks")) return;
    check(watcher.pivots.back() == seen.report.pivots, "the pivots of the report");
    check(std::abs(watcher.values.back() - seen.report.value) <= 1e-12 * size_of(p),
          "the value of the report");
    for (std::size_t k = 1; k < watcher.values.size(); ++k)
        check(watcher.values[k] <= watcher.values[k - 1] + 1e-12 * size_of(p), "no value to rise");
});

const Claim stopped("a hook that says no ends the solve with a feasible plan and its bounds", [] {
    Random random(5);
    const Problem p = dense(random, 200);
    const Staircase poor(p);
    Watcher watcher{2};
    const Whole cut = solve_whole(p, WholeMatrix{p.costs}, sliced, watcher,
                                  {poor.entries, poor.flow}, {poor.zero, poor.zero});
    check(cut.report.status == static_cast<std::int64_t>(Status::interrupted), "interrupted");
    check(watcher.pivots.size() == 2 && cut.report.pivots == watcher.pivots[1],
          "no pivot after the second answer");
    check(cut.report.worst_marginal_error <= 1e-12, "a feasible plan");
    const Whole whole = solve_whole(p, list_of(p));
    check(cut.report.value > whole.report.value, "a plan that could be better");
    check(cut.report.lower_bound <= whole.report.value, "a bound that holds");
});

struct Thrower {
    bool between_slices(std::int64_t, double, double) { throw std::runtime_error("enough"); }
};

const Claim thrown("what a hook throws comes out of the solve", [] {
    Random random(1);
    const Problem p = uniform(random, 9, 8);
    bool caught = false;
    try {
        solve_whole(p, list_of(p), {}, Thrower{});
    } catch (const std::runtime_error&) {
        caught = true;
    }
    check(caught, "the hook's own exception");
});

const Claim limits("limits leave a feasible plan, and time used up before the call counts", [] {
    Random random(2);
    const Problem p = dense(random, 200);
    const Staircase poor(p);
    const auto with = [&](const SolveSettings& settings) {
        return solve_whole(p, WholeMatrix{p.costs}, settings, NoHooks{}, {poor.entries, poor.flow},
                           {poor.zero, poor.zero})
            .report;
    };
    const Report few = with({.max_pivots = 3});
    check(few.status == static_cast<std::int64_t>(Status::pivot_limit) && few.pivots == 3, "three");
    const Report late = with({.seconds = 5.0, .elapsed = 6.0});
    check(late.status == static_cast<std::int64_t>(Status::time_limit), "no time left");
    for (const Report& report : {few, late})
        check(report.worst_marginal_error <= 1e-12 && report.lower_bound <= report.value, "sound");
});

const Claim plans("a plan that does not fit is as if it had not been given", [] {
    Random random(4);
    const Problem p = uniform(random, 40, 40);
    const std::vector<std::int64_t> entries{0, 41};
    const std::vector<Mass> nonsense{1, 2};
    const Doubles zero(40, 0.0);
    const Whole cold = solve_whole(p, WholeMatrix{p.costs});
    const Whole misled =
        solve_whole(p, WholeMatrix{p.costs}, {}, NoHooks{}, {entries, nonsense}, {zero, zero});
    check(misled.flow == cold.flow && misled.report.pivots == cold.report.pivots, "the same bits");
});

const Claim failure(
    "failure is data: a ray and its record, a fault and its place, NaN elsewhere", [] {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        Problem p{{1, 2}, {2, 1}, {0, 1, 1}, {0, 0, 1}, {1, infinity, 3}};
        const auto all_nan = [](const Doubles& x) {
            return std::all_of(x.begin(), x.end(), [](double y) { return std::isnan(y); });
        };
        const Whole infeasible = solve_whole(p, list_of(p));
        check(infeasible.report.status == static_cast<std::int64_t>(Status::infeasible), "no plan");
        check(infeasible.u == Doubles({0, 1}) && infeasible.v == Doubles({0, -1}), "the dual ray");
        check(all_nan(infeasible.flow) && std::isnan(infeasible.report.value), "no number to leak");
        const auto& violation = infeasible.report.violation;
        if (check(violation.has_value(), "the record"))
            check(violation->sources == std::vector<std::int64_t>{1} && violation->supply == 2.0 &&
                      violation->demand == 1.0,
                  "who holds too much");
        p.costs[1] = nan;
        const Whole faulty = solve_whole(p, list_of(p));
        check(faulty.report.status == static_cast<std::int64_t>(Status::invalid), "invalid");
        check(faulty.report.fault_kind == static_cast<std::int64_t>(FaultKind::nan_cost) &&
                  faulty.report.fault_index == 1,
              "the NaN, and its place");
        check(all_nan(faulty.flow) && all_nan(faulty.u) && all_nan(faulty.v), "no number to leak");
    });

const Claim names("a report goes into its two vectors whole, each entry where its name says", [] {
    Report report;
    report.rounding = 7.0;
    report.arcs = 9;
    const auto numbers = values_of(report, report_numbers);
    const auto codes = values_of(report, report_codes);
    for (std::size_t k = 0; k < numbers.size(); ++k)
        check((numbers[k] == 7.0) == (std::string(report_numbers[k].name) == "rounding"), "one");
    for (std::size_t k = 0; k < codes.size(); ++k)
        check((codes[k] == 9) == (std::string(report_codes[k].name) == "arcs"), "one");
});

}  // namespace

int main() { return test::run(); }
