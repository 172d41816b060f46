// The certificate, compared with numbers worked out by hand and with bounds that hold for any
// duals.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "sparse_ot/proof/certificate.hpp"
#include "support/check.hpp"

using sparse_ot::Certificate;
using sparse_ot::certify;
using sparse_ot::CompensatedSum;
using test::check;
using test::Claim;
using test::Note;
using test::Random;

namespace {

using Doubles = std::vector<double>;
using Indices = std::vector<std::int32_t>;

const double infinity = std::numeric_limits<double>::infinity();

struct Answer {
    Doubles a, b;
    Indices rows, cols;
    Doubles costs, flow, u, v;
};

Certificate certificate_of(const Answer& x) {
    return certify<std::int32_t>(x.a, x.b, x.rows, x.cols, x.costs, x.flow, x.u, x.v);
}

// min x00 + 2 x01 + 4 x10 + 3 x11, a = b = (1, 1): the diagonal, value 4, u = (1, 3), v = (0, 0).
Answer two_by_two() {
    return {{1, 1}, {1, 1}, {0, 0, 1, 1}, {0, 1, 0, 1}, {1, 2, 4, 3}, {1, 0, 0, 1}, {1, 3}, {0, 0}};
}

const Claim known("an optimal answer is certified with no gap", [] {
    const Certificate c = certificate_of(two_by_two());
    check(c.value == 4.0 && c.lower_bound == 4.0, "value and bound 4");
    check(c.worst_reduced_cost == 0.0 && c.worst_marginal_error == 0.0, "nothing amiss");
});

const Claim wrong("a wrong answer shows in the figure that concerns it", [] {
    Answer x = two_by_two();
    x.flow = {0, 1, 1, 0};
    check(certificate_of(x).value == 6.0 && certificate_of(x).lower_bound == 4.0, "a gap of 2");
    x = two_by_two();
    x.flow = {1, 0, 0.25, 0.5};
    check(certificate_of(x).worst_marginal_error == 0.5, "the target that lacks half");
    x = two_by_two();
    x.u = {1.5, 3};
    check(certificate_of(x).worst_reduced_cost == -0.5, "the arc that is too cheap");
    check(certificate_of(x).lower_bound == 4.0, "a bound that does not believe u");
});

const Claim padding("padding and forbidden arcs change nothing", [] {
    Answer x = two_by_two();
    for (const auto& [row, col] : {std::pair{2, 0}, {0, 2}, {-1, 0}, {1, -7}, {9, 9}}) {
        x.rows.push_back(row);
        x.cols.push_back(col);
        x.costs.push_back(-100.0);
        x.flow.push_back(3.0);
    }
    x.rows.push_back(0);
    x.cols.push_back(0);
    x.costs.push_back(infinity);
    x.flow.push_back(0.0);
    const Certificate c = certificate_of(x);
    check(c.value == 4.0 && c.lower_bound == 4.0 && c.worst_reduced_cost == 0.0 &&
              c.worst_marginal_error == 0.0,
          "the certificate of the arcs alone");
});

const Claim isolated(
    "a source with mass and no arc has no plan; one without mass does no harm", [] {
        Answer x = two_by_two();
        x.a.push_back(0.0);
        x.u.push_back(0.0);
        check(certificate_of(x).lower_bound == 4.0, "an empty source to be ignored");
        x.a = {0.5, 0.5, 1.0};
        check(certificate_of(x).lower_bound == infinity, "a bound of infinity, not a NaN");
        check(certificate_of(x).worst_marginal_error == 1.0, "the missing unit");
        const Certificate none = certificate_of({{1}, {1}, {}, {}, {}, {}, {0}, {0}});
        check(
            none.value == 0.0 && none.worst_reduced_cost == 0.0 && none.worst_marginal_error == 1.0,
            "no arcs at all");
    });

const Claim rescaled("b counts in the total of a", [] {
    Answer x = two_by_two();
    x.b = {2, 2};
    x.v = {1, 1};
    const Certificate c = certificate_of(x);
    check(c.worst_marginal_error == 0.0 && c.lower_bound == 4.0, "the answer of the scaled b");
});

const Claim bound("whatever the duals, the lower bound stays below the value of any plan", [] {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n = random.between(1, 8), m = random.between(1, 8);
        Answer x{Doubles(n, 0.0), Doubles(m, 0.0), {}, {}, {}, {}, Doubles(n), Doubles(m)};
        const double scale = std::pow(10.0, static_cast<double>(random.between(-6, 6)));
        double size = 0.0;
        for (auto k = random.between(1, 40); k > 0; --k) {
            x.rows.push_back(static_cast<std::int32_t>(random.below(n)));
            x.cols.push_back(static_cast<std::int32_t>(random.below(m)));
            x.costs.push_back(scale * (random.unit() - 0.3));
            x.flow.push_back(random.chance(0.5) ? random.unit() : 0.0);
            x.a[x.rows.back()] += x.flow.back();  // the plan is feasible by construction
            x.b[x.cols.back()] += x.flow.back();
        }
        for (auto* side : {&x.u, &x.v})
            for (double& dual : *side) dual = scale * (4.0 * random.unit() - 2.0);
        for (const double mass : x.a) size += mass * 4.0 * scale;
        const Certificate c = certificate_of(x);
        check(c.lower_bound <= c.value + 1e-15 * size, "a bound below the value");
        check(c.worst_marginal_error <= 1e-14, "the plan's own marginals");
        if (size == 0.0) check(c.value == 0.0, "no plan, no cost");
    }
});

const Claim sparse_plan("a matrix with a plan on few entries has the certificate of its arcs", [] {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        const Note note("seed " + std::to_string(seed));
        const auto n = random.between(1, 30), m = random.between(1, 30);
        Doubles a(n), b(m), u(n), v(m), matrix(n * m), flow(n * m, 0.0), carried;
        for (auto* side : {&a, &b, &u, &v})
            for (double& x : *side) x = random.unit();
        for (double& cost : matrix) cost = random.chance(0.2) ? infinity : random.unit() - 0.3;
        std::vector<std::int64_t> entries, rows, cols;
        for (std::int64_t e = 0; e < n * m; ++e) {
            rows.push_back(e / m);
            cols.push_back(e % m);
            if (!random.chance(0.1) || matrix[e] == infinity) continue;
            entries.push_back(e);
            carried.push_back(random.unit());
            flow[e] = carried.back();
        }
        const auto whole = certify<std::int64_t>(a, b, rows, cols, matrix, flow, u, v);
        const auto c = sparse_ot::certify_matrix(a, b, matrix, entries, carried, u, v,
                                                 static_cast<int>(random.between(1, 3)));
        check(c.value == whole.value && c.lower_bound == whole.lower_bound &&
                  c.worst_reduced_cost == whole.worst_reduced_cost &&
                  c.worst_marginal_error == whole.worst_marginal_error,
              "the same figures, bit for bit");
    }
});

const Claim sums("sums lose nothing to cancellation, and overflow is infinite, not a NaN", [] {
    CompensatedSum sum;
    for (const double x : {1e100, 1.0, -1e100, 1.0}) sum.add(x);
    check(sum.total() == 2.0, "1e100 + 1 - 1e100 + 1 = 2");
    CompensatedSum products;
    products.add_product(1.0 + 0x1p-30, 1.0 + 0x1p-30);
    products.add(-1.0);
    products.add(-0x1p-29);
    check(products.total() == 0x1p-60, "a product to keep its rounding");
    CompensatedSum overflow;
    overflow.add_product(1e200, 1e200);
    overflow.add(1.0);
    check(overflow.total() == infinity, "infinity");
});

}  // namespace

int main() { return test::run(); }
