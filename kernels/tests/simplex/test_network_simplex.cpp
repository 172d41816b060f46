// The whole core on random problems of many families, one pivot at a time.
//
// After every pivot check_invariants() checks the basis the slow way; the last basis is proved
// optimal (support/solving.hpp).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"
#include "support/solving.hpp"

using namespace sparse_ot;
using namespace problems;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

const Claim every_pivot("every pivot leaves a sound basis, and the last one an optimal plan", [] {
    std::int64_t pivots = 0, degenerate = 0, infeasible = 0, problems = 0;
    for_each_problem(150, 24, [&](const Problem& p, Random&) {
        Instance instance = instance_of(p);
        if (!check(!instance.fault(), "no fault")) return;
        ++problems;
        Instance::Started started = instance.start();
        if (const auto* h = std::get_if<HallViolation>(&started)) {
            ++infeasible;
            check(h->supply > h->demand && !h->sources.empty(), "a violation that is one");
            return;
        }
        Basis& basis = std::get<Basis>(started);
        bool optimal = false;
        if (!step(basis, plenty, optimal)) return;
        if (!check(optimal, "an end to the pivots")) return;
        const Answer answer = read(basis, p);
        check_optimal(p, answer);
        pivots += answer.stats.pivots;
        degenerate += answer.stats.degenerate_pivots;
    });
    check(pivots > 5000 && degenerate > 500, "work to do, degenerate pivots among it");
    check(10 * infeasible < 3 * problems, "most problems to be feasible");
});

const Claim growth("arcs given while the basis is alive are used, and keep their given index", [] {
    int solved = 0;
    for_each_problem(150, 20, [&](const Problem& whole, Random& random) {
        // The arcs are shuffled and mixed with padding and forbidden pairs. The first part has the
        // first row and column; then parts of any size arrive at any time.
        Problem p{whole.a, whole.b, {}, {}, {}};
        std::vector<std::size_t> first, later;
        for (std::size_t e = 0; e < whole.costs.size(); ++e)
            (whole.rows[e] == 0 || whole.cols[e] == 0 || random.chance(0.3) ? first : later)
                .push_back(e);
        for (std::size_t k = later.size(); k-- > 1;)
            std::swap(later[k], later[random.below(static_cast<std::int64_t>(k) + 1)]);
        const double salt = random.chance(0.3) ? 0.0 : 0.3;  // sometimes nothing is dropped
        const auto add = [&](std::size_t e) {
            while (random.chance(salt)) {
                if (random.chance(0.5))
                    p.add(random.below(p.n()), random.below(p.m()), infinity);
                else
                    p.add(p.n(), random.below(p.m()), -1e6);
            }
            p.add(whole.rows[e], whole.cols[e], whole.costs[e]);
        };
        for (const std::size_t e : first) add(e);
        auto basis = begin(p);
        if (!basis) return;
        bool optimal = false;
        double value = infinity;
        for (std::size_t next = 0;;) {
            const std::int64_t pivots = random.chance(0.4) ? random.below(6) : plenty;
            if (!step(*basis, pivots, optimal)) return;
            if (optimal) {
                const Answer answer = read(*basis, p);
                if (!check_optimal(p, answer)) return;
                check(answer.value <= value + 1e-12 * size_of(p),
                      "another arc never to raise the value");
                value = answer.value;
                if (next == later.size()) break;
            }
            const std::size_t given = p.costs.size();
            for (auto count = random.between(0, 30); count > 0 && next < later.size(); --count)
                add(later[next++]);
            give(*basis, p, given, p.costs.size());
            check(basis->network().n_given == static_cast<Arc>(p.costs.size()), "all counted");
        }
        const auto afresh = solve(p);
        if (!check(afresh.has_value(), "a feasible problem")) return;
        check(std::abs(afresh->value - value) <= 1e-12 * size_of(p), "the value of a fresh solve");
        ++solved;
    });
    check(solved > 1000, "most problems to be feasible");
});

const Claim shrinking(
    "dropping arcs leaves the basis as it is, and bringing them back the optimum", [] {
        int solved = 0, dropped = 0;
        for_each_problem(60, 20, [&](const Problem& p, Random& random) {
            auto basis = begin(p);
            if (!basis) return;
            const auto afresh = solve(p);
            if (!check(afresh.has_value(), "a feasible problem")) return;
            Problem left = p;
            for (int times = 0; times < 3; ++times) {
                bool optimal = false;
                if (!step(*basis, random.below(8), optimal)) return;
                const Answer before = read(*basis, left);
                std::vector<std::uint8_t> keep(left.costs.size());
                for (auto& mark : keep) mark = random.chance(0.5);
                basis->retain(keep);
                if (!check(basis->check_invariants(), "the basis alive")) return;
                Problem kept{p.a, p.b, {}, {}, {}}, gone = kept;
                Doubles flow;
                for (std::size_t e = 0; e < keep.size(); ++e) {
                    (keep[e] ? kept : gone).add(left.rows[e], left.cols[e], left.costs[e]);
                    if (keep[e]) flow.push_back(before.flow[e]);
                    if (!keep[e]) check(before.flow[e] == 0.0, "no arc with flow to go");
                }
                const Answer after = read(*basis, kept);
                check(after.flow == flow, "the flow where it was, in a list that closed up");
                check(after.u == before.u && after.v == before.v, "potentials untouched");
                dropped += static_cast<int>(gone.costs.size());
                // Dropped arcs come back behind the others, perhaps after some pivots without them.
                if (!step(*basis, random.below(8), optimal)) return;
                left = kept;
                for (std::size_t e = 0; e < gone.costs.size(); ++e)
                    left.add(gone.rows[e], gone.cols[e], gone.costs[e]);
                give(*basis, left, kept.costs.size(), left.costs.size());
            }
            bool optimal = false;
            if (!step(*basis, plenty, optimal)) return;
            const Answer answer = read(*basis, left);
            if (!check_optimal(left, answer)) return;
            check(std::abs(afresh->value - answer.value) <= 1e-12 * size_of(p), "the same value");
            ++solved;
        });
        check(solved > 400 && dropped > 10000, "most problems to be feasible, many arcs to go");
    });

const Claim shrunk(
    "what is left of a solved problem is its basis and the arcs of least reduced cost", [] {
        for_each_problem(20, 25, [&](const Problem& p, Random& random) {
            auto basis = begin(p);
            if (!basis) return;
            check(basis->run(plenty, infinity) == Status::optimal, "an end");
            const Answer whole = read(*basis, p);
            const Arc most = random.below(basis->network().n_arcs() + 2);
            basis->shrink(most);
            const auto count = static_cast<std::size_t>(basis->network().n_arcs());
            if (!check(basis->network().n_given == basis->network().n_arcs(), "one list")) return;
            Problem left{p.a, p.b, std::vector<Index>(count), std::vector<Index>(count),
                         Doubles(count)};
            basis->write_arcs<Index>(left.rows, left.cols, left.costs);
            const auto nodes = static_cast<Arc>(p.a.size() + p.b.size());
            check(static_cast<Arc>(count) <= most + nodes, "no more than asked for, and the basis");
            const Answer answer = read(*basis, left);
            check(answer.u == whole.u && answer.v == whole.v, "potentials untouched");
            check(std::abs(answer.value - whole.value) <= 1e-12 * size_of(p), "the same plan");
            check(std::abs(basis->value() - whole.value) <= 1e-12 * size_of(p), "at the same cost");
            check_optimal(left, answer);
            check(basis->run(plenty, infinity) == Status::optimal && basis->check_invariants() &&
                      basis->stats().pivots == whole.stats.pivots,
                  "nothing left to do");
            // Every dropped arc has a reduced cost no smaller than any arc kept for its reduced
            // cost.
            Doubles reduced;
            for (std::size_t e = 0; e < p.costs.size(); ++e)
                if (p.is_arc(e))
                    reduced.push_back(p.costs[e] - whole.u[p.rows[e]] - whole.v[p.cols[e]]);
            std::sort(reduced.begin(), reduced.end());
            const std::size_t few = std::min<std::size_t>(most, reduced.size());
            Doubles stayed;
            for (std::size_t e = 0; e < count; ++e)
                stayed.push_back(left.costs[e] - whole.u[left.rows[e]] - whole.v[left.cols[e]]);
            std::sort(stayed.begin(), stayed.end());
            for (std::size_t k = 0; k < few; ++k)
                if (!check(stayed[k] <= reduced[k] + 1e-9 * size_of(p), "the least ones")) return;
        });
    });

const Claim matrix("a whole matrix is its arcs row by row, infinite entries forbidden", [] {
    for (int seed = 0; seed < 60; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        Problem p = uniform(random, random.between(1, 15), random.between(1, 15));
        for (double& cost : p.costs)
            if (random.chance(0.2)) cost = infinity;
        Instance instance(masses_of(p.a, p.b));
        instance.add_matrix(p.costs);
        auto basis = begin(instance);
        const auto by_arcs = solve(p);
        if (!check(basis.has_value() == by_arcs.has_value(), "the same feasibility")) continue;
        if (!basis) continue;
        check(basis->run(plenty, infinity) == Status::optimal, "an end");
        const Answer answer = read(*basis, p);
        check_optimal(p, answer);
        check(answer == *by_arcs, "the very same answer");
    }
});

const Claim entries(
    "a matrix starts from any plan on a few of its entries, or says that it is none", [] {
        for (int seed = 0; seed < 60; ++seed) {
            Random random(seed);
            const Note note("seed " + std::to_string(seed));
            const std::int64_t n = random.between(34, 50),
                               m = random.between(34, 50);  // not a small matrix
            Problem p = uniform(random, n, m);
            const auto by_arcs = solve(p);
            if (!check(by_arcs.has_value(), "a feasible problem")) continue;
            // The perturbed masses along the north-west staircase.
            Masses masses = quantise(p.a, p.b, 1e-7);
            perturb(masses);
            std::vector<std::int64_t> places;
            std::vector<Mass> plan;
            std::vector<Mass> supply = masses.supply, demand = masses.demand;
            for (std::int64_t i = 0, j = 0; i < n && j < m;) {
                const Mass flow = std::min(supply[i], demand[j]);
                if (flow > 0) {
                    places.push_back(i * m + j);
                    plan.push_back(flow);
                }
                supply[i] -= flow;
                demand[j] -= flow;
                if (supply[i] == 0)
                    ++i;
                else
                    ++j;
            }
            const Doubles u(n, 0.0), v(m, 0.0);
            Instance instance(masses_of(p.a, p.b));
            instance.add_matrix(p.costs);
            plan[0] += 1;
            check(!instance.start_from({places, plan}, {u, v}), "a unit too many to be refused");
            plan[0] -= 1;
            Doubles forbidding = p.costs;
            forbidding[places[1]] = infinity;
            Instance forbidden(masses_of(p.a, p.b));
            forbidden.add_matrix(forbidding);
            check(!forbidden.start_from({places, plan}, {u, v}), "a forbidden entry as well");
            // After a refusal the usual start still works.
            auto basis = seed % 2 ? begin(instance) : instance.start_from({places, plan}, {u, v});
            if (!check(basis.has_value(), "a plan")) continue;
            check(basis->run(plenty, infinity) == Status::optimal && basis->check_invariants(),
                  "an end");
            const Answer answer = read(*basis, p);
            check_optimal(p, answer);
            check(std::abs(answer.value - by_arcs->value) <= 1e-12 * size_of(p), "the same value");
            const auto [arcs, carried] = basis->support(basis->plan());
            Doubles flow(p.costs.size(), 0.0);
            for (std::size_t k = 0; k < arcs.size(); ++k) flow[arcs[k]] = carried[k];
            check(flow == answer.flow, "a support that is the flow");
        }
    });

const Claim warm("any potentials to start from end at the same value", [] {
    for_each_problem(80, 30, [&](const Problem& p, Random& random) {
        const auto cold = solve(p);
        if (!cold) return;
        const auto warmed = solve(p, &*cold);
        if (!check(warmed.has_value(), "still feasible")) return;
        check_optimal(p, *warmed);
        check(std::abs(warmed->value - cold->value) <= 1e-12 * size_of(p), "the same value");
        Answer wild = *cold;  // arbitrary potentials do no harm either
        for (auto* side : {&wild.u, &wild.v})
            for (double& x : *side) x = 10.0 * random.unit() - 5.0;
        const auto misled = solve(p, &wild);
        if (check(misled.has_value(), "still feasible")) check_optimal(p, *misled);
    });
});

const Claim determinism("the same problem gives the same bits, however the run is cut up", [] {
    for_each_problem(15, 25, [&](const Problem& p, Random&) {
        const auto once = solve(p), twice = solve(p);
        if (!check(once.has_value() == twice.has_value(), "one answer") || !once) return;
        check(*once == *twice, "the same bits");
        auto basis = begin(p);
        if (!check(basis.has_value(), "a plan")) return;
        while (basis->run(3, infinity) != Status::optimal) {
        }
        check(read(*basis, p) == *once, "the same bits in pieces");
    });
});

const Claim long_run("thousands of pivots, renumberings and late arcs stay sound", [] {
    Random random(7);
    const std::int64_t n = 260, m = 220;
    Problem p = points(random, n, m);
    const std::size_t half = p.costs.size() / 2;
    for (std::size_t k = p.costs.size(); k-- > 1;) {
        const auto other = random.below(static_cast<std::int64_t>(k) + 1);
        std::swap(p.rows[k], p.rows[other]);
        std::swap(p.cols[k], p.cols[other]);
        std::swap(p.costs[k], p.costs[other]);
    }
    const auto afresh = solve(p);
    Instance instance = instance_of(p, half);
    // Bad potentials, so that many pivots are needed.
    Doubles u(n), v(m);
    for (double& x : u) x = random.unit();
    for (double& x : v) x = -3.0 * random.unit();
    const Answer bad{{}, u, v, 0.0, {}};
    auto basis = begin(instance, &bad);
    if (!check(basis.has_value(), "a plan on half the arcs")) return;
    bool optimal = false;
    if (!step(*basis, 3000, optimal)) return;
    give(*basis, p, half, p.costs.size());
    if (!step(*basis, 20 * plenty, optimal)) return;
    const Answer answer = read(*basis, p);
    check_optimal(p, answer);
    check(answer.stats.renumberings > 0, "nodes renumbered on the way");
    check(afresh && std::abs(afresh->value - answer.value) <= 1e-12 * size_of(p), "the same value");
});

const Claim refusals("faults stop everything, and an infeasible problem names who is too rich", [] {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    Problem p{{1, 2}, {2, 1}, {0, 1, 1}, {0, 0, 1}, {1, nan, 3}};
    Instance faulty = instance_of(p);
    check(faulty.fault().kind == FaultKind::nan_cost && faulty.fault().index == 1, "the NaN");
    check(std::holds_alternative<Fault>(faulty.start()), "no start");
    p.costs[1] = infinity;
    Instance infeasible = instance_of(p);
    Instance::Started started = infeasible.start();
    const auto* h = std::get_if<HallViolation>(&started);
    if (!check(h != nullptr, "no plan")) return;
    check(h->sources == std::vector<std::int64_t>{1} &&
              h->targets == std::vector<std::int64_t>{1} && h->supply == 2.0 && h->demand == 1.0,
          "source 1 with 2 against target 1 with 1");
    // The missing arc arrives: the same object can now start.
    Problem missing{{}, {}, {1}, {0}, {5.0}};
    give(infeasible, missing, 0, 1);
    auto basis = begin(infeasible);
    if (!check(basis.has_value(), "a plan now")) return;
    check(basis->run(plenty, infinity) == Status::optimal && basis->check_invariants(),
          "an optimal plan");
    Doubles flow(4);
    basis->write_flow(basis->plan(), flow);
    check(flow == Doubles({1, 0, 1, 1}), "the only plan, in the order given");
});

}  // namespace

int main() { return test::run(); }
