// Problems for the search for missing arcs, and the answers found by looking at every pair.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "sparse_ot/search/nearest.hpp"
#include "support/check.hpp"

namespace test {

using sparse_ot::Metric;
using sparse_ot::NearestIndex;

using Doubles = std::vector<double>;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
// Every metric of the list; those with a parameter for several of its values.
inline const std::vector<Metric> all_metrics = [] {
    std::vector<Metric> all;
    sparse_ot::for_each_metric([&](auto metric) {
        using M = typename decltype(metric)::type;
        if constexpr (std::is_constructible_v<M, double>)
            for (const double p : {1.0, 1.25, 2.0, 3.0, 40.0}) all.push_back(Metric::of<M>(p));
        else
            all.push_back(Metric::of<M>());
    });
    return all;
}();

struct Problem {
    int d = 1;
    std::int64_t n = 0, m = 0, k = 1;
    Metric metric;
    Doubles x, y, offset, limit;
};

struct Found {
    std::vector<std::int64_t> indices;
    Doubles costs;
    bool operator==(const Found&) const = default;
};

inline Found search(const Problem& p, int threads, int tree_up_to) {
    const NearestIndex index(p.y, p.d, p.metric, threads, tree_up_to);
    Found found{std::vector<std::int64_t>(p.n * p.k, -7), Doubles(p.n * p.k, -7.0)};
    index.query({p.x, p.n, p.k, p.offset, p.limit, threads}, {found.indices, found.costs});
    return found;
}

inline Found search_by_tree(const Problem& p, int threads = 1) { return search(p, threads, 1000); }
inline Found search_all_pairs(const Problem& p, int threads = 1) { return search(p, threads, 0); }

inline double cost_of_pair(const Metric& metric, const double* x, const double* y, int d) {
    return sparse_ot::with_metric(
        metric, [&](const auto& m) { return sparse_ot::cost_of_pair(m, x, y, d); });
}

inline Found brute_force(const Problem& p) {
    Found found;
    for (std::int64_t i = 0; i < p.n; ++i) {
        struct Pair {
            double value, cost;
            std::int64_t j;
        };
        std::vector<Pair> pairs;
        for (std::int64_t j = 0; j < p.m; ++j) {
            const double cost = cost_of_pair(p.metric, &p.x[i * p.d], &p.y[j * p.d], p.d);
            const double value = p.offset.empty() ? cost : cost + p.offset[j];
            if (p.limit.empty() || value < p.limit[i]) pairs.push_back({value, cost, j});
        }
        std::stable_sort(pairs.begin(), pairs.end(),
                         [](const Pair& a, const Pair& b) { return a.value < b.value; });
        pairs.resize(p.k, {infinity, infinity, -1});
        for (const Pair& pair : pairs) {
            found.indices.push_back(pair.j);
            found.costs.push_back(pair.cost);
        }
    }
    return found;
}

enum class Cloud { normal, grid, one_place, line, far, clusters };

inline Doubles cloud(Random& random, std::int64_t count, int d, Cloud kind) {
    Doubles points(count * d);
    for (std::int64_t i = 0; i < count; ++i) {
        const double along = random.unit();
        const double center = static_cast<double>(random.below(3)) * 50.0;
        for (int t = 0; t < d; ++t) {
            const double unit = random.unit() - 0.5;
            double& c = points[i * d + t];
            switch (kind) {
                case Cloud::normal:
                    c = unit;
                    break;
                case Cloud::grid:
                    c = std::round(3.0 * unit);
                    break;
                case Cloud::one_place:
                    c = 0.25;
                    break;
                case Cloud::line:
                    c = t == 0 ? along : 1.0;
                    break;
                case Cloud::far:
                    c = 1e8 + unit;
                    break;
                case Cloud::clusters:
                    c = center + 0.01 * unit;
                    break;
            }
        }
    }
    return points;
}

inline Problem random_problem(Random& random) {
    Problem p;
    p.d = static_cast<int>(random.between(1, 20));
    p.n = random.between(0, 40);
    p.m = random.chance(0.1) ? 1 : random.between(1, random.chance(0.3) ? 700 : 60);
    p.k = random.chance(0.1) ? p.m + 3 : random.between(1, random.chance(0.2) ? 50 : 6);
    p.metric = all_metrics[random.below(all_metrics.size())];
    const auto kind = static_cast<Cloud>(random.below(6));
    p.x = cloud(random, p.n, p.d, kind);
    p.y = cloud(random, p.m, p.d, kind);
    if (random.chance(0.7)) {
        constexpr double spreads[] = {0.0, 1e-3, 0.1, 1.0, 1e3, 1e9};
        const double spread = spreads[random.below(6)];
        const bool tied = random.chance(0.3);
        for (std::int64_t j = 0; j < p.m; ++j)
            p.offset.push_back(spread *
                               (tied ? std::round(2.0 * random.unit()) : random.unit() - 0.5));
    }
    return p;
}

}  // namespace test
