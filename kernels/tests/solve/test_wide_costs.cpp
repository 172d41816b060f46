// Costs over 24 decades, where every addition of potentials loses digits. Plans are judged exactly,
// in 128-bit integers, by how much they could still gain.
#include <cmath>
#include <string>
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

// Whole numbers times 2^e, so that sums of costs are exact as 128-bit integers.
using Exact = __int128;

struct WideProblem {
    Problem p;
    std::vector<Exact> exact;  // costs in units of 2^-40
};

WideProblem wide_costs(Random& random, std::int64_t n) {
    WideProblem w;
    w.p.a.assign(n, 1.0);
    w.p.b.assign(n, 1.0);
    const auto mode = random.below(3);
    const double density = 0.2 + 0.8 * random.unit();
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
            if (i != j && !random.chance(density)) continue;
            const auto e = mode == 0 ? random.between(-40, 20)
                           : random.chance(0.1 * static_cast<double>(4 * mode - 3)) ? 20
                                                                                    : -40;
            const auto k = random.between(-(1 << 18), 1 << 20);
            w.p.add(i, j, std::ldexp(static_cast<double>(k), static_cast<int>(e)));
            w.exact.push_back(Exact{k} * (Exact{1} << (e + 40)));
        }
    return w;
}

// How much an assignment can still gain, exactly: cancels negative cycles until there are none.
Exact possible_gain(const WideProblem& w, const Doubles& flow) {
    const auto n = w.p.n();
    std::vector<char> used(flow.size());
    for (std::size_t e = 0; e < flow.size(); ++e) used[e] = flow[e] > 0.5;
    for (Exact gain = 0;;) {
        std::vector<Exact> distance(2 * n, 0);
        std::vector<std::size_t> by(2 * n, 0);
        std::int64_t changed = -1;
        for (std::int64_t round = 0; round <= 2 * n; ++round) {
            changed = -1;
            for (std::size_t e = 0; e < flow.size(); ++e) {
                const std::int64_t i = w.p.rows[e], j = n + w.p.cols[e];
                const auto from = used[e] ? j : i, to = used[e] ? i : j;
                const Exact through = distance[from] + (used[e] ? -w.exact[e] : w.exact[e]);
                if (through >= distance[to]) continue;
                distance[to] = through;
                by[to] = e;
                changed = to;
            }
            if (changed < 0) return gain;
        }
        const auto before = [&](std::int64_t x) {
            return x < n ? n + w.p.cols[by[x]] : std::int64_t{w.p.rows[by[x]]};
        };
        for (std::int64_t k = 0; k < 2 * n; ++k) changed = before(changed);
        std::int64_t x = changed;
        do {  // all arcs of the cycle are read before one is changed: each belongs to one node
            const std::size_t e = by[x];
            x = before(x);
            gain += used[e] ? w.exact[e] : -w.exact[e];
            used[e] = !used[e];
        } while (x != changed);
    }
}

const Claim wide("costs of 1e-12 beside 1e12 cost the plan no digits of its own value", [] {
    for (int seed = 0; seed < 400; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const WideProblem w = wide_costs(random, random.between(2, 24));
        const auto answer = solve(w.p);
        if (!check(answer.has_value(), "an end to the pivots")) continue;
        Exact size = 0;
        for (std::size_t e = 0; e < w.exact.size(); ++e)
            if (answer->flow[e] > 0.5) size += w.exact[e] < 0 ? -w.exact[e] : w.exact[e];
        const Exact gain = possible_gain(w, answer->flow);
        check(static_cast<double>(gain) <= 1e-12 * static_cast<double>(size), "an optimal plan");
        // The same costs scaled to at most 1 give the same pivots, which are checked one by one
        // there.
        Problem scaled = w.p;
        for (double& cost : scaled.costs) cost = std::ldexp(cost, -40);
        auto basis = begin(scaled);
        bool optimal = false;
        if (!basis || !step(*basis, plenty, optimal)) continue;
        check(read(*basis, scaled).flow == answer->flow, "the same plan");
    }
});

const Claim apart("parts that no arc connects do not blur each other, 24 decades apart", [] {
    for (int seed = 0; seed < 300; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto large = random.between(2, 12), small = random.between(2, 12);
        Problem p{Doubles(large + small, 1.0), Doubles(large + small, 1.0), {}, {}, {}}, alone;
        alone.a.assign(small, 1.0);
        alone.b.assign(small, 1.0);
        for (std::int64_t i = 0; i < large; ++i)
            for (std::int64_t j = 0; j < large; ++j)
                p.add(i, j, 1e12 * static_cast<double>(random.between(1, 1000)));
        const std::size_t first = p.costs.size();
        for (std::int64_t i = 0; i < small; ++i)
            for (std::int64_t j = 0; j < small; ++j) {
                alone.add(i, j, 1e-12 * static_cast<double>(random.between(1, 1000)));
                p.add(large + i, large + j, alone.costs.back());
            }
        const auto answer = solve(p), wanted = solve(alone);
        if (!check(answer && wanted, "two feasible problems")) continue;
        double value = 0.0;
        for (std::size_t e = first; e < p.costs.size(); ++e) value += answer->flow[e] * p.costs[e];
        check(value <= wanted->value * (1 + 1e-9), "the small part as good as alone");
    }
});

}  // namespace

int main() { return test::run(); }
