// Sweeps over domains: marginals are kept, the cost never rises, and the plan is the same on any
// number of threads. Also perturbed masses, which must be recovered exactly.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "sparse_ot/base/given_masses.hpp"
#include "sparse_ot/base/masses.hpp"
#include "sparse_ot/geometry/hierarchy.hpp"
#include "sparse_ot/solve/instance.hpp"
#include "sparse_ot/sweeps/sweeps.hpp"
#include "support/searching.hpp"

using namespace sparse_ot;
using namespace sparse_ot::metrics;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_check = infinity;

struct Problem {
    int d = 2;
    Metric metric;
    std::vector<double> x, y, a, b;
    Masses masses;

    [[nodiscard]] Cloud sources() const { return {x, d}; }
    [[nodiscard]] Cloud targets() const { return {y, d}; }
    [[nodiscard]] Cost cost(Node i, Node j) const {
        return test::cost_of_pair(metric, sources().at(i), targets().at(j), d);
    }
};

enum class Kind { uniform, masses, ties, same_place, far_apart };

Problem make(Random& random, Kind kind, std::int64_t n, std::int64_t m, int d, Metric metric) {
    Problem p;
    p.d = d;
    p.metric = metric;
    const auto coordinate = [&] {
        if (kind == Kind::same_place) return 1.0;
        return kind == Kind::ties ? static_cast<double>(random.below(4)) : random.unit();
    };
    for (std::int64_t k = 0; k < n * d; ++k) p.x.push_back(coordinate());
    for (std::int64_t k = 0; k < m * d; ++k)
        p.y.push_back(coordinate() + (kind == Kind::far_apart ? 1e6 : 0.0));
    const bool equal = kind == Kind::uniform;
    for (std::int64_t i = 0; i < n; ++i)
        p.a.push_back(equal ? 1.0 : static_cast<double>(random.between(1, 9)));
    for (std::int64_t j = 0; j < m; ++j)
        p.b.push_back(equal ? 1.0 : static_cast<double>(random.between(1, 9)));
    p.masses = quantise(p.a, p.b, no_check);
    perturb(p.masses);
    return p;
}

ShippingPlan north_west(const Masses& masses) {
    ShippingPlan plan;
    plan.first.push_back(0);
    std::vector<Mass> left(masses.demand);
    std::size_t j = 0;
    for (Mass supply : masses.supply) {
        while (supply > 0) {
            while (left[j] == 0) ++j;
            const Mass sent = std::min(supply, left[j]);
            plan.shipments.push_back({static_cast<Node>(j), sent});
            supply -= sent;
            left[j] -= sent;
        }
        plan.first.push_back(static_cast<std::int64_t>(plan.shipments.size()));
    }
    return plan;
}

double value_of(const Problem& p, const ShippingPlan& plan) {
    double value = 0.0;
    for (std::size_t i = 0; i < p.a.size(); ++i)
        for (const Shipment& s : plan.of(static_cast<Node>(i)))
            value += p.cost(static_cast<Node>(i), s.target) * static_cast<double>(s.mass);
    return value;
}

bool check_marginals(const Problem& p, const ShippingPlan& plan) {
    std::vector<Mass> received(p.b.size(), 0);
    for (std::size_t i = 0; i < p.a.size(); ++i) {
        Mass sent = 0;
        for (const Shipment& s : plan.of(static_cast<Node>(i))) {
            if (!check(s.mass > 0, "no empty shipments")) return false;
            sent += s.mass;
            received[s.target] += s.mass;
        }
        if (!check(sent == p.masses.supply[i], "supply kept to the unit")) return false;
    }
    return check(received == p.masses.demand, "demand kept to the unit");
}

DomainSweeps sweeps_of(const Problem& p) {
    return {p.sources(), p.targets(), p.metric, north_west(p.masses),
            Duals{std::vector<Cost>(p.a.size(), 0.0), std::vector<Cost>(p.b.size(), 0.0), true}};
}

void for_each_problem(const std::function<void(const Problem&, Random&)>& use) {
    for (const Kind kind :
         {Kind::uniform, Kind::masses, Kind::ties, Kind::same_place, Kind::far_apart})
        for (const Metric& metric : test::all_metrics)
            for (int seed = 0; seed < 4; ++seed) {
                Random random(seed);
                const Note note("kind " + std::to_string(static_cast<int>(kind)) + ", metric " +
                                std::to_string(static_cast<int>(metric.kind)) + ", seed " +
                                std::to_string(seed));
                const std::int64_t n = random.between(1, 500), m = random.between(1, 400);
                const int d = seed == 3 ? 12 : static_cast<int>(random.between(1, 5));
                use(make(random, kind, n, m, d, metric), random);
            }
}

// The value that the simplex finds on all pairs, per unit of the integers.
double optimum(const Problem& p) {
    std::vector<Cost> costs;
    for (Node i = 0; i < static_cast<Node>(p.a.size()); ++i)
        for (Node j = 0; j < static_cast<Node>(p.b.size()); ++j) costs.push_back(p.cost(i, j));
    Instance instance(std::make_shared<GivenMasses>(p.a, p.b, no_check));
    instance.add_matrix(costs);
    Instance::Started started = instance.start();
    auto* basis = std::get_if<Basis>(&started);
    if (!check(basis != nullptr, "a problem with all pairs to be feasible")) return 0.0;
    check(basis->run(1'000'000, infinity) == Status::optimal, "an optimum");
    std::vector<double> flow(costs.size());
    basis->write_flow(basis->plan(), flow);
    return std::inner_product(flow.begin(), flow.end(), costs.begin(), 0.0) /
           std::ldexp(p.masses.unit, -p.masses.noise_bits);
}

const Claim kept("a sweep keeps both marginals and never raises the cost", [] {
    for_each_problem([](const Problem& p, Random& random) {
        DomainSweeps sweeps = sweeps_of(p);
        double value = value_of(p, sweeps.plan());
        for (int sweep = 0; sweep < 5; ++sweep) {
            sweeps.cut(random.between(1, 200), sweep, 1);
            check(sweeps.run(1, infinity, infinity), "a sweep without a deadline to finish");
            if (!check_marginals(p, sweeps.plan())) return;
            const double improved = value_of(p, sweeps.plan());
            check(improved <= value * (1 + 1e-12), "a cost that does not rise");
            value = improved;
            for (const auto* side : {&sweeps.duals().u, &sweeps.duals().v})
                for (const Cost dual : *side) check(std::isfinite(dual), "finite potentials");
        }
    });
});

const Claim optimal("a single cell with patience is the optimum, and its potentials prove it", [] {
    for_each_problem([](const Problem& p, Random&) {
        DomainSweeps sweeps = sweeps_of(p);
        for (int sweep = 0; sweep < 3; ++sweep) {
            sweeps.cut(static_cast<std::int64_t>(p.a.size()), sweep, 1000);
            sweeps.run(1, infinity, infinity);
        }
        const double value = value_of(p, sweeps.plan()), best = optimum(p);
        // The noise is not in the unperturbed problem; its mass is negligible.
        check(std::abs(value - best) <= 1e-9 * std::max(value, best), "the value of all pairs");
        const Duals& duals = sweeps.duals();
        for (Node i = 0; i < static_cast<Node>(p.a.size()); ++i)
            for (Node j = 0; j < static_cast<Node>(p.b.size()); ++j) {
                const Cost cost = p.cost(i, j), u = duals.u[i], v = duals.v[j];
                const Cost scale = std::abs(cost) + std::abs(u) + std::abs(v);
                if (!check(cost - u - v >= -2e-12 * scale, "feasible potentials")) return;
            }
    });
});

const Claim threads("the plan and the potentials are the same on any number of threads", [] {
    for (const Kind kind : {Kind::uniform, Kind::masses, Kind::ties}) {
        Random random(7);
        const Problem p = make(random, kind, 2000, 1700, 2, Metric::of<SqEuclidean>());
        std::vector<ShippingPlan> plans;
        std::vector<Duals> duals;
        for (const int n_threads : {1, 2, 5}) {
            DomainSweeps sweeps = sweeps_of(p);
            for (const std::int64_t most : {100, 100, 600}) {
                sweeps.cut(most, static_cast<std::uint64_t>(most), 1);
                sweeps.run(n_threads, infinity, infinity);
            }
            plans.push_back(sweeps.plan());
            duals.push_back(sweeps.duals());
        }
        for (std::size_t k = 1; k < plans.size(); ++k) {
            check(plans[k].first == plans[0].first, "the same rows");
            check(plans[k].shipments == plans[0].shipments, "the same shipments");
            check(duals[k].u == duals[0].u && duals[k].v == duals[0].v, "the same potentials");
        }
    }
});

const Claim slices("a sweep in slices is the sweep at once; a broken-off one changes nothing", [] {
    Random random(3);
    const Problem p = make(random, Kind::masses, 1500, 1500, 3, Metric::of<Euclidean>());
    DomainSweeps at_once = sweeps_of(p), sliced = sweeps_of(p);
    const ShippingPlan before = sliced.plan();
    sliced.cut(50, 9, 1);
    check(!sliced.run(2, 0.0, infinity), "no time for all cells");
    check(sliced.plan().shipments == before.shipments, "the plan as it was");
    for (DomainSweeps* sweeps : {&at_once, &sliced}) sweeps->cut(80, 1, 1);
    at_once.run(1, infinity, infinity);
    int calls = 1;
    while (!sliced.run(1, 0.0, infinity)) ++calls;
    check(calls > 5, "one cell a call");
    check(at_once.plan().shipments == sliced.plan().shipments, "the same plan");
});

const Claim cells("cells hold every point once, and none is larger than asked", [] {
    for (int seed = 0; seed < 60; ++seed) {
        Random random(seed);
        const auto n = random.between(1, 400), most = random.between(1, 90);
        const Problem p = make(random, seed % 3 == 0 ? Kind::same_place : Kind::masses, n, 1,
                               static_cast<int>(random.between(1, 6)), Metric::of<SqEuclidean>());
        const Cells cut = CellCutter(p.sources(), most, seed).cut();
        std::vector<int> seen(n, 0);
        for (std::int64_t c = 0; c < cut.count(); ++c) {
            const auto count = static_cast<std::int64_t>(cut.of(c).size());
            check(count >= 1 && count <= most, "a cell of the size asked for");
            for (const Node i : cut.of(c)) ++seen[i];
        }
        for (const int times : seen) check(times == 1, "every point in one cell");
    }
});

const Claim nested("groups of any depth are nested slices of one order", [] {
    for (int seed = 0; seed < 60; ++seed) {
        Random random(seed);
        const auto n = random.between(1, 600);
        const Problem p = make(random, seed % 3 == 0 ? Kind::same_place : Kind::masses, n, 1,
                               static_cast<int>(random.between(1, 6)), Metric::of<SqEuclidean>());
        Grouping grouping = Grouper(p.sources(), seed).group();
        const auto& depth = grouping.depth;
        if (!check(static_cast<std::int64_t>(depth.size()) == n, "a depth for every place")) return;
        check(depth[0] == 0, "no cut before the first");
        for (std::int64_t k = 1; k < n; ++k) check(depth[k] > 0, "a cut before every other");
        for (int level = 0; 16 << level <= n; ++level) {
            const auto groups =
                std::count_if(depth.begin(), depth.end(), [&](int cut) { return cut <= level; });
            check(groups == 1 << level, "twice as many groups one deeper");
        }
        std::sort(grouping.order.begin(), grouping.order.end());
        for (Node i = 0; i < n; ++i) check(grouping.order[i] == i, "a permutation");
    }
});

const Claim perturbed("perturbed masses keep equal totals and zeros, and round back", [] {
    int with_noise = 0;
    for (int seed = 0; seed < 200; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n = random.between(1, 300), m = random.between(1, 300);
        std::vector<double> a(n), b(m);
        for (double& x : a) x = static_cast<double>(random.between(seed % 2, 20));
        for (double& x : b) x = static_cast<double>(random.between(seed % 2, 20));
        const double surplus =
            std::accumulate(a.begin(), a.end(), 0.0) - std::accumulate(b.begin(), b.end(), 0.0);
        if (seed % 4 < 3) (surplus < 0.0 ? a : b)[0] += std::abs(surplus);  // else b is rescaled
        a[0] += 1.0;
        b[0] += 1.0;
        const Masses plain = quantise(a, b, no_check);
        Masses noisy = plain;
        perturb(noisy);
        with_noise += noisy.noise_bits > 0;
        const auto total = [](const std::vector<Mass>& x) {
            return std::accumulate(x.begin(), x.end(), Mass{0});
        };
        check(total(noisy.supply) == total(noisy.demand), "equal totals");
        check(static_cast<double>(total(noisy.supply)) < detail::max_units, "no overflow");
        const auto compare = [&](const std::vector<Mass>& x, const std::vector<Mass>& y) {
            for (std::size_t k = 0; k < x.size(); ++k) {
                check((x[k] == 0) == (y[k] == 0), "zero masses stay zero, others positive");
                check(noisy.mass_of(y[k]) == static_cast<double>(x[k]) * plain.unit,
                      "the mass it was");
            }
        };
        compare(plain.supply, noisy.supply);
        compare(plain.demand, noisy.demand);
    }
    check(with_noise > 50, "room for noise among small integers");
});

const Claim undone("a perturbed solve gives the plan of the masses, to the last bit", [] {
    for (int seed = 0; seed < 40; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n = random.between(2, 60);
        Problem p = make(random, Kind::uniform, n, seed % 2 == 0 ? n : random.between(2, 60), 2,
                         Metric::of<SqEuclidean>());
        std::vector<std::int64_t> rows, cols;
        std::vector<Cost> costs;
        std::vector<Mass> flow;
        const ShippingPlan plan = north_west(p.masses);
        for (Node i = 0; i < p.sources().count(); ++i)
            for (Node j = 0; j < p.targets().count(); ++j) {
                rows.push_back(i);
                cols.push_back(j);
                costs.push_back(p.cost(i, j));
                flow.push_back(0);
                for (const Shipment& s : plan.of(i))
                    if (s.target == j) flow.back() = s.mass;
            }
        const std::vector<Cost> u(p.a.size(), 0.0), v(p.b.size(), 0.0);
        Instance instance(std::make_shared<GivenMasses>(p.a, p.b, no_check));
        instance.add_arcs<std::int64_t>(rows, cols, costs);
        auto basis = instance.start_from({{}, flow}, {u, v});
        if (!check(basis.has_value(), "a feasible plan")) return;
        check(basis->check_invariants(), "a sound first basis");
        check(basis->run(1'000'000, infinity) == Status::optimal, "an optimum");
        check(basis->check_invariants(), "a sound last basis");
        std::vector<double> out(costs.size());
        basis->write_flow(basis->plan(), out);
        const Masses plain = quantise(p.a, p.b, no_check);
        std::vector<double> sent(p.a.size(), 0.0), received(p.b.size(), 0.0);
        for (std::size_t e = 0; e < out.size(); ++e) {
            const double units = out[e] / plain.unit;
            check(std::abs(units - std::round(units)) < 1e-9, "whole units of the masses given");
            sent[rows[e]] += std::round(units);
            received[cols[e]] += std::round(units);
        }
        for (std::size_t i = 0; i < sent.size(); ++i)
            check(sent[i] == static_cast<double>(plain.supply[i]), "supplies sent exactly");
        for (std::size_t j = 0; j < received.size(); ++j)
            check(received[j] == static_cast<double>(plain.demand[j]), "demands met exactly");
        flow[0] += 1;
        Instance other(std::make_shared<GivenMasses>(p.a, p.b, no_check));
        other.add_arcs<std::int64_t>(rows, cols, costs);
        check(!other.start_from({{}, flow}, {u, v}), "a plan with a unit too many to be refused");
    }
});

}  // namespace

int main() { return test::run(); }
