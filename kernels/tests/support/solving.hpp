// Solving for tests: one pivot at a time under watch, and a proof of what comes out.
//
// The proof uses the caller's numbers alone: marginals, no negative reduced cost, none but zero
// where mass flows. Nothing is compared with another solver's plan.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "sparse_ot/solve/transport.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace problems {

using sparse_ot::SimplexStats;
using sparse_ot::Status;
using sparse_ot::Transport;
using test::check;

struct Answer {
    Doubles flow, u, v;
    double value = 0.0;
    SimplexStats stats;
    friend bool operator==(const Answer& x, const Answer& y) {
        return x.flow == y.flow && x.u == y.u && x.v == y.v && x.stats.pivots == y.stats.pivots;
    }
};

// Complementary slackness. A reduced cost is judged by its own three terms.
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
        if (!check(std::abs(sent[i] - p.a[i]) <= 1e-14 * total, "supplies sent")) return false;
    for (std::size_t j = 0; j < p.b.size(); ++j)
        if (!check(std::abs(received[j] - p.b[j] * (total / total_b)) <= 1e-14 * total,
                   "demands met"))
            return false;
    return true;
}

inline void give(Transport& transport, const Problem& p, std::size_t first, std::size_t end) {
    transport.add_arcs<Index>(std::span(p.rows).subspan(first, end - first),
                              std::span(p.cols).subspan(first, end - first),
                              std::span(p.costs).subspan(first, end - first));
}

// One pivot at a time, each followed by a look at everything. At most `pivots` of them.
inline bool step(Transport& transport, std::int64_t pivots, bool& optimal) {
    if (!check(transport.check_invariants(), "a sound first basis")) return false;
    for (optimal = false; pivots > 0 && !optimal; --pivots) {
        optimal = transport.run(1, infinity) == Status::optimal;
        if (!check(transport.check_invariants(), "a sound basis after every pivot")) return false;
    }
    return true;
}

inline Answer read(const Transport& transport, const Problem& p) {
    Answer answer{Doubles(transport.network().n_given), Doubles(p.a.size()), Doubles(p.b.size()),
                  0.0, transport.stats()};
    transport.write_flow(answer.flow);
    transport.write_potentials(answer.u, answer.v);
    for (std::size_t e = 0; e < answer.flow.size(); ++e)
        if (answer.flow[e] > 0.0) answer.value += answer.flow[e] * p.costs[e];
    return answer;
}

inline const std::int64_t plenty = 20000;

inline std::optional<Answer> solve(const Problem& p, const Answer* warm = nullptr) {
    Transport transport(p.a, p.b, 1e-7);
    give(transport, p, 0, p.costs.size());
    if (transport.fault()) return std::nullopt;
    if (!(warm ? transport.start(warm->u, warm->v) : transport.start({}, {}))) return std::nullopt;
    if (transport.run(plenty, infinity) != Status::optimal) return std::nullopt;
    return read(transport, p);
}

inline double size_of(const Problem& p) {  // what rounding of a value is measured by
    double most = 0.0, total = 0.0;
    for (std::size_t e = 0; e < p.costs.size(); ++e)
        if (p.is_arc(e)) most = std::max(most, std::abs(p.costs[e]));
    for (const double x : p.a) total += x;
    return most * total;
}

}  // namespace problems
