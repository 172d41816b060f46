// Bounds from planes under the offsets, and loose ties, compared with a look at every pair.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support/searching.hpp"

using sparse_ot::Metric;
using sparse_ot::NearestIndex;
using namespace sparse_ot::metrics;
using test::brute_force;
using test::check;
using test::Claim;
using test::Cloud;
using test::cloud;
using test::cost_of_pair;
using test::Doubles;
using test::Found;
using test::infinity;
using test::Note;
using test::Problem;
using test::Random;
using test::random_problem;
using test::search_by_tree;

namespace {

// Offsets like those of potentials, of every steepness relative to the costs.
void slope_offsets(Random& random, Problem& p) {
    const Doubles from = cloud(random, 3, p.d, Cloud::normal);
    constexpr double tilts[] = {0.3, 1.0, 1.0, 20.0, 1e6};
    constexpr double noises[] = {0.0, 0.0, 1e-15, 1e-3};
    const double tilt = tilts[random.below(5)], noise = noises[random.below(4)];
    const int kind = static_cast<int>(random.below(3));
    p.offset.assign(p.m, 0.0);
    for (std::int64_t j = 0; j < p.m; ++j) {
        const double* y = &p.y[j * p.d];
        double value = kind == 2 ? -infinity : 0.0;
        if (kind == 0)
            for (int t = 0; t < p.d; ++t) value += tilt * from[t] * y[t];
        for (int f = 0; f < kind; ++f)  // one point's, or the larger of two: a crease
            value = std::max(kind == 1 ? -infinity : value,
                             -cost_of_pair(p.metric, &from[f * p.d], y, p.d));
        p.offset[j] = value + noise * (random.unit() - 0.5);
        if (!std::isfinite(p.offset[j]) || random.chance(0.01)) p.offset[j] = infinity;
    }
}

// Sources and targets of any kind, near or apart, of any size.
Problem sloping_problem(Random& random) {
    Problem p = random_problem(random);
    p.d = static_cast<int>(random.between(1, 10));
    p.m = random.between(1, 1500);
    p.k = random.between(1, std::min<std::int64_t>(p.m, 8));
    constexpr double sizes[] = {1.0, 1.0, 1.0, 1e-300, 1e-160, 1e150};
    const double size = sizes[random.below(6)];
    const double apart = random.chance(0.5) ? 0.0 : random.chance(0.5) ? 10.0 : 1e5;
    p.x = cloud(random, p.n, p.d, static_cast<Cloud>(random.below(6)));
    p.y = cloud(random, p.m, p.d, static_cast<Cloud>(random.below(6)));
    for (double& c : p.x) c = size * (c + apart);
    for (double& c : p.y) c *= size;
    slope_offsets(random, p);
    return p;
}

const Claim sloping("planes under offsets that slope change nothing, to the last bit", [] {
    Random random(5);
    for (int round = 0; round < 1000; ++round) {
        const Note note("round " + std::to_string(round));
        const Problem p = sloping_problem(random);
        if (!check(search_by_tree(p) == brute_force(p), "the tree to agree")) return;
    }
});

struct Loose {
    Found found;
    Doubles minima;
    std::int64_t visits;
};

Loose search_loosely(const Problem& p, int threads = 1) {
    const NearestIndex index(p.y, p.d, p.metric, threads);
    Loose loose{{std::vector<std::int64_t>(p.n * p.k), Doubles(p.n * p.k)}, Doubles(p.n), 0};
    std::atomic<std::int64_t> visits = 0;
    index.query({p.x, p.n, p.k, p.offset, p.limit, threads, sparse_ot::Ties::loose},
                {loose.found.indices, loose.found.costs, loose.minima, &visits});
    loose.visits = visits;
    return loose;
}

const Claim loose_ties("with loose ties nothing left out is better by more than its rounding", [] {
    Random random(6);
    int lowered = 0;
    for (int round = 0; round < 600; ++round) {
        const Note note("round " + std::to_string(round));
        Problem p = sloping_problem(random);
        const Loose loose = search_loosely(p);
        p.k = p.m;
        const Found all = brute_force(p);
        const auto k =
            static_cast<std::int64_t>(loose.found.indices.size()) / std::max<std::int64_t>(p.n, 1);
        for (std::int64_t i = 0; i < p.n; ++i) {
            double best = infinity, worst = -infinity;
            std::vector<char> found(p.m, 0);
            for (std::int64_t r = i * k; r < (i + 1) * k; ++r) {
                const std::int64_t j = loose.found.indices[r];
                found[j] = 1;
                best = std::min(best, loose.found.costs[r] + p.offset[j]);
                worst = std::max(worst, loose.found.costs[r] + p.offset[j]);
            }
            for (std::int64_t r = i * p.m; r < (i + 1) * p.m; ++r) {
                const double cost = all.costs[r], offset = p.offset[all.indices[r]];
                const double slack = (8.0 + p.d) * 0x1p-52 * (cost + std::abs(offset));
                const bool close = !(cost + offset + slack < worst);
                if (!check(found[all.indices[r]] || close, "the others no better")) return;
                if (!check(loose.minima[i] <= cost + offset, "the minimum below all")) return;
            }
            lowered += loose.minima[i] < best;
        }
    }
    check(lowered > 0, "some minima to be lowered");
});

const Claim few_visits("prices that tie along half lines take few visits, by any metric", [] {
    Random random(7);
    const auto visits = [&](Metric metric, int d, double apart) {
        Problem p{d, 2000, 20000, 6, metric, {}, {}, {}, {}};
        p.x = cloud(random, p.n, d, Cloud::normal);
        p.y = cloud(random, p.m, d, Cloud::normal);
        for (double& c : p.y) c += apart;
        const Doubles origin(d, -1.0);
        for (std::int64_t j = 0; j < p.m; ++j) {
            const double* y = &p.y[j * d];
            double price = cost_of_pair(metric, origin.data(), y, d);
            if (metric == Metric::of<SqEuclidean>()) {  // potentials of a translation
                price = 0.0;
                for (int t = 0; t < d; ++t) price += 2.0 * apart * y[t];
            }
            p.offset.push_back(-price);
        }
        const Loose loose = search_loosely(p);
        const Loose threaded = search_loosely(p, 3);
        check(loose.found == threaded.found && loose.minima == threaded.minima, "as by threads");
        return loose.visits / p.n;
    };
    check(visits(Metric::of<Euclidean>(), 1, 0.0) < 30, "on a line");
    check(visits(Metric::of<Euclidean>(), 1, 10.0) < 30, "on a line, apart");
    check(visits(Metric::of<Cityblock>(), 2, 10.0) < 60, "along two axes");
    check(visits(Metric::of<Chebyshev>(), 2, 10.0) < 200, "along the longer axis");
    check(visits(Metric::of<Euclidean>(), 2, 10.0) < 200, "in the plane, apart");
    check(visits(Metric::of<SqEuclidean>(), 2, 100.0) < 30, "a long translation");
    check(visits(Metric::of<SqEuclidean>(), 3, 100.0) < 60, "and in space");
});

}  // namespace

int main() { return test::run(); }
