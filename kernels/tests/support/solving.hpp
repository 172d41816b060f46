// Solving for tests: one pivot at a time with checks, and a proof of the result.
//
// The proof uses the caller's numbers alone: marginals, no negative reduced cost, reduced cost zero
// where mass flows. Nothing is compared with the plan of another solver.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "sparse_ot/base/given_masses.hpp"
#include "sparse_ot/solve/basis.hpp"
#include "sparse_ot/solve/instance.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace problems {

using sparse_ot::Basis;
using sparse_ot::GivenMasses;
using sparse_ot::Instance;
using sparse_ot::SimplexStats;
using sparse_ot::Status;
using test::check;

struct Answer {
    Doubles flow, u, v;
    double value = 0.0;
    SimplexStats stats;
    friend bool operator==(const Answer& x, const Answer& y) {
        return x.flow == y.flow && x.u == y.u && x.v == y.v && x.stats.pivots == y.stats.pivots;
    }
};

// Complementary slackness. A reduced cost is judged relative to its own three terms.
inline bool check_optimal(const Problem& p, const Answer& answer, double tolerance = 1e-12) {
    Doubles sent(p.a.size(), 0.0), received(p.b.size(), 0.0);
    double total = 0.0, total_b = 0.0;
    for (const double x : p.a) total += x;
    for (const double x : p.b) total_b += x;
    if (!check(answer.flow.size() == p.costs.size(), "a flow for every arc given")) return false;
    for (std::size_t e = 0; e < p.costs.size(); ++e) {
        const double flow = answer.flow[e];
        if (!p.is_arc(e)) {
            if (!check(flow == 0.0, "nothing on forbidden pairs and padding")) return false;
            continue;
        }
        const double u = answer.u[p.rows[e]], v = answer.v[p.cols[e]];
        const double reduced = p.costs[e] - u - v;
        const double most = tolerance * (std::abs(p.costs[e]) + std::abs(u) + std::abs(v));
        if (!check(flow >= 0.0 && flow <= total * (1 + 1e-15), "a flow between 0 and all"))
            return false;
        if (!check(reduced >= -most, "no negative reduced cost")) return false;
        if (!check(flow == 0.0 || reduced <= most, "flow on tight arcs only")) return false;
        sent[p.rows[e]] += flow;
        received[p.cols[e]] += flow;
    }
    for (std::size_t i = 0; i < p.a.size(); ++i)
        if (!check(std::abs(sent[i] - p.a[i]) <= 1e-14 * p.a[i], "supplies sent")) return false;
    for (std::size_t j = 0; j < p.b.size(); ++j)
        if (!check(std::abs(received[j] - p.b[j] * (total / total_b)) <= 1e-14 * total,
                   "demands met"))
            return false;
    return true;
}

// Adds arcs to an instance or to a live basis.
template <class Receiver>
void give(Receiver& receiver, const Problem& p, std::size_t first, std::size_t end) {
    receiver.template add_arcs<Index>(std::span(p.rows).subspan(first, end - first),
                                      std::span(p.cols).subspan(first, end - first),
                                      std::span(p.costs).subspan(first, end - first));
}

inline std::shared_ptr<const GivenMasses> masses_of(const Doubles& a, const Doubles& b,
                                                    double totals_tolerance = 1e-7) {
    return std::make_shared<GivenMasses>(a, b, totals_tolerance);
}

// The first `count` arcs of a problem; by default all.
inline Instance instance_of(const Problem& p, std::optional<std::size_t> count = {}) {
    Instance instance(masses_of(p.a, p.b));
    give(instance, p, 0, count.value_or(p.costs.size()));
    return instance;
}

// The first basis, if there are a plan and no fault.
inline std::optional<Basis> begin(Instance& instance, const Answer* warm = nullptr) {
    Instance::Started started = warm ? instance.start({warm->u, warm->v}) : instance.start();
    if (auto* basis = std::get_if<Basis>(&started)) return std::move(*basis);
    return std::nullopt;
}

inline std::optional<Basis> begin(const Problem& p) {
    Instance instance = instance_of(p);
    return begin(instance);
}

// Makes at most `pivots` pivots, one at a time, and checks all invariants after each.
inline bool step(Basis& basis, std::int64_t pivots, bool& optimal) {
    if (!check(basis.check_invariants(), "a sound first basis")) return false;
    for (optimal = false; pivots > 0 && !optimal; --pivots) {
        optimal = basis.run(1, infinity) == Status::optimal;
        if (!check(basis.check_invariants(), "a sound basis after every pivot")) return false;
    }
    return true;
}

inline Answer read(const Basis& basis, const Problem& p) {
    Answer answer{Doubles(basis.network().n_given), Doubles(p.a.size()), Doubles(p.b.size()), 0.0,
                  basis.stats()};
    basis.write_flow(basis.plan(), answer.flow);
    basis.write_potentials(answer.u, answer.v);
    for (std::size_t e = 0; e < answer.flow.size(); ++e)
        if (answer.flow[e] > 0.0) answer.value += answer.flow[e] * p.costs[e];
    return answer;
}

inline const std::int64_t plenty = 20000;

inline std::optional<Answer> solve(const Problem& p, const Answer* warm = nullptr) {
    Instance instance = instance_of(p);
    auto basis = begin(instance, warm);
    if (!basis || basis->run(plenty, infinity) != Status::optimal) return std::nullopt;
    return read(*basis, p);
}

inline double size_of(const Problem& p) {  // the scale for the rounding of a value
    double most = 0.0, total = 0.0;
    for (std::size_t e = 0; e < p.costs.size(); ++e)
        if (p.is_arc(e)) most = std::max(most, std::abs(p.costs[e]));
    for (const double x : p.a) total += x;
    return most * total;
}

}  // namespace problems
