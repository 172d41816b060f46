// Random transportation problems of many families, for tests of the whole core.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/check.hpp"

namespace problems {

using test::Note;
using test::Random;
using Doubles = std::vector<double>;
using Index = std::int32_t;

inline constexpr double infinity = std::numeric_limits<double>::infinity();

struct Problem {
    Doubles a, b;
    std::vector<Index> rows, cols;
    Doubles costs;

    [[nodiscard]] std::int64_t n() const { return static_cast<std::int64_t>(a.size()); }
    [[nodiscard]] std::int64_t m() const { return static_cast<std::int64_t>(b.size()); }
    [[nodiscard]] bool is_arc(std::size_t e) const {
        return rows[e] >= 0 && rows[e] < n() && cols[e] >= 0 && cols[e] < m() &&
               costs[e] < infinity;
    }
    void add(std::int64_t row, std::int64_t col, double cost) {
        rows.push_back(static_cast<Index>(row));
        cols.push_back(static_cast<Index>(col));
        costs.push_back(cost);
    }
};

using CostOf = std::function<double(std::int64_t row, std::int64_t col)>;

inline double shifted(double total, const Doubles& part) {
    for (const double x : part) total -= x;
    return total;
}

// Arcs of the given density, and always the whole first row and column, so that a plan exists
// unless the corner has too little mass.
inline void fill(Problem& p, Random& random, double density, const CostOf& cost) {
    for (std::int64_t i = 0; i < p.n(); ++i)
        for (std::int64_t j = 0; j < p.m(); ++j)
            if (i == 0 || j == 0 || random.chance(density)) p.add(i, j, cost(i, j));
}

// The first source or the first target takes the missing mass, so that the totals are equal.
inline void masses(Problem& p, Random& random, std::int64_t n, std::int64_t m,
                   const std::function<double()>& mass) {
    p.a.resize(n);
    p.b.resize(m);
    for (double& x : p.a) x = mass();
    for (double& x : p.b) x = mass();
    p.a[0] = p.b[0] = 0.0;
    const double rest = shifted(0.0, p.a) - shifted(0.0, p.b);  // sum b - sum a
    const double corner = 1.0 + 3.0 * random.unit();
    p.a[0] = std::round(corner) + std::max(rest, 0.0);
    p.b[0] = std::round(corner) + std::max(-rest, 0.0);
}

inline Problem ordinary(Random& random, std::int64_t n, std::int64_t m) {
    Problem p;
    masses(p, random, n, m, [&] { return random.unit(); });
    fill(p, random, 0.1 + 0.9 * random.unit(), [&](auto, auto) { return random.unit(); });
    return p;
}

inline Problem ties(Random& random, std::int64_t n, std::int64_t m) {
    Problem p;
    masses(p, random, n, m, [&] { return static_cast<double>(random.between(1, 3)); });
    fill(p, random, 0.5, [&](auto, auto) { return static_cast<double>(random.below(3)); });
    return p;
}

inline Problem flat(Random& random, std::int64_t n, std::int64_t m) {  // every plan is optimal
    Problem p;
    masses(p, random, n, m, [&] { return static_cast<double>(random.between(1, 3)); });
    const double cost = random.chance(0.5) ? 0.0 : -7.0;
    fill(p, random, 0.5, [&](auto, auto) { return cost; });
    return p;
}

inline Problem uniform(Random& random, std::int64_t n, std::int64_t m) {
    Problem p{Doubles(n, 1.0 / static_cast<double>(n)),
              Doubles(m, 1.0 / static_cast<double>(m)),
              {},
              {},
              {}};
    const bool whole = random.chance(0.5);
    fill(p, random, 1.0,
         [&](auto, auto) { return whole ? static_cast<double>(random.below(10)) : random.unit(); });
    return p;
}

inline Problem assignment(Random& random, std::int64_t n, std::int64_t) {
    Problem p{Doubles(n, 1.0), Doubles(n, 1.0), {}, {}, {}};
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j)
            if (i == j || random.chance(0.3))
                p.add(i, j, static_cast<double>(i == j ? 20 : random.below(21)));
    return p;
}

inline Problem negative(Random& random, std::int64_t n, std::int64_t m) {
    Problem p = ordinary(random, n, m);
    for (double& cost : p.costs) cost = cost * 10.0 - 7.0;
    return p;
}

inline Problem duplicates(Random& random, std::int64_t n, std::int64_t m) {
    Problem p = ties(random, n, m);
    for (std::size_t e = 0, count = p.costs.size(); e < count; ++e)
        if (random.chance(0.6))
            p.add(p.rows[e], p.cols[e], p.costs[e] + static_cast<double>(random.between(-1, 1)));
    return p;
}

inline Problem points(Random& random, std::int64_t n,
                      std::int64_t m) {  // squared distances in a plane
    Problem p;
    masses(p, random, n, m, [&] { return 0.1 + random.unit(); });
    std::vector<double> x(2 * (n + m));
    for (double& coordinate : x) coordinate = random.unit();
    fill(p, random, 0.6, [&](std::int64_t i, std::int64_t j) {
        const double dx = x[2 * i] - x[2 * (n + j)], dy = x[2 * i + 1] - x[2 * (n + j) + 1];
        return dx * dx + dy * dy;
    });
    return p;
}

inline Problem wide_masses(Random& random, std::int64_t n, std::int64_t m) {
    Problem p = ordinary(random, n, m);
    for (auto* side : {&p.a, &p.b})
        for (std::size_t k = 1; k < side->size(); ++k)
            (*side)[k] *= std::pow(10.0, -12.0 * random.unit());
    p.a[0] = shifted(100.0, p.a) + p.a[0];
    p.b[0] = shifted(100.0, p.b) + p.b[0];
    return p;
}

inline Problem zero_masses(Random& random, std::int64_t n, std::int64_t m) {
    Problem p = ties(random, n, m);
    for (auto* side : {&p.a, &p.b})
        for (std::size_t k = 1; k < side->size(); ++k)
            if (random.chance(0.4)) {
                (*side)[0] += (*side)[k];
                (*side)[k] = 0.0;
            }
    return p;
}

inline Problem one_row(Random& random, std::int64_t, std::int64_t m) {
    return negative(random, 1, m);
}
inline Problem one_column(Random& random, std::int64_t n, std::int64_t) {
    return ties(random, n, 1);
}

struct Family {
    const char* name;
    Problem (*make)(Random&, std::int64_t, std::int64_t);
};

inline const Family families[] = {
    {"ordinary", ordinary},
    {"ties", ties},
    {"flat", flat},
    {"uniform", uniform},
    {"assignment", assignment},
    {"negative", negative},
    {"duplicates", duplicates},
    {"points", points},
    {"wide masses", wide_masses},
    {"zero masses", zero_masses},
    {"1 x N", one_row},
    {"N x 1", one_column},
};

inline void for_each_problem(int per_family, std::int64_t most,
                             const std::function<void(Problem, Random&)>& use) {
    for (const Family& family : families)
        for (int seed = 0; seed < per_family; ++seed) {
            Random random(seed);
            const Note note(std::string(family.name) + ", seed " + std::to_string(seed));
            const auto n = random.between(1, most), m = random.between(1, most);
            use(family.make(random, n, m), random);
        }
}

}  // namespace problems
