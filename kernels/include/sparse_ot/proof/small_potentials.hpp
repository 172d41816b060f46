// Potentials no larger than the plan's own costs, for a plan already known to be optimal.
//
// Problem. The basis of an optimal plan may contain an arc that carries nothing and costs 1e14: it
// joins two parts of the tree and moves the potentials of one by 1e14. The plan is still optimal,
// but doubles of that size lose the digits of the other costs, and the certificate shows a gap.
//
// Method. Shortest distances in the residual graph (each arc forward at its cost, and backward at
// minus its cost if it carries flow), starting from 0 at every node, are also optimal potentials,
// because an optimal plan has no negative cycle. They are sums of few costs, and a shortest path
// avoids an arc of huge cost. The algorithm is that of Bellman and Ford, in passes over the arcs;
// Ahuja, Magnanti, Orlin 1993, Network Flows, theorem 9.3 and pp. 140-141. It runs only if a
// certificate shows a gap, so that the passes, usually about a dozen, rarely cost time.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/proof/costed_pair.hpp"

namespace sparse_ot {

// `arc_at(e)` gives the CostedPair of arc e, in order, as in `certify`; `restart()` is called at
// the start of a pass. Writes u and v and returns true; if the distances do not settle, returns
// false and leaves them unchanged.
template <class ArcAt, class Restart>
bool small_potentials(ArcAt&& arc_at, Restart&& restart, std::span<const double> flow,
                      std::span<double> u, std::span<double> v) {
    constexpr int max_passes = 1000;
    constexpr double ulps = 4.0 * std::numeric_limits<double>::epsilon();
    const auto n = static_cast<std::int64_t>(u.size()), m = static_cast<std::int64_t>(v.size());
    std::vector<double> source(u.size(), 0.0), target(v.size(), 0.0);
    const auto lower = [&](double& distance, double through, double cost) {
        if (!(through < distance - ulps * (std::abs(distance) + std::abs(cost)))) return false;
        distance = through;
        return true;
    };
    for (int pass = 0; pass < max_passes; ++pass) {
        bool changed = false;
        restart();
        for (std::size_t e = 0; e < flow.size(); ++e) {
            const auto [i, j, cost] = arc_at(e);
            if (i < 0 || i >= n || j < 0 || j >= m) continue;
            if (cost == std::numeric_limits<double>::infinity()) continue;
            changed |= lower(target[j], source[i] + cost, cost);
            if (flow[e] > 0.0) changed |= lower(source[i], target[j] - cost, cost);
        }
        if (changed) continue;
        for (std::int64_t i = 0; i < n; ++i) u[i] = -source[i];
        for (std::int64_t j = 0; j < m; ++j) v[j] = target[j];
        return true;
    }
    return false;
}

template <class Index>
bool small_potentials(std::span<const Index> rows, std::span<const Index> cols,
                      std::span<const double> costs, std::span<const double> flow,
                      std::span<double> u, std::span<double> v) {
    const auto arc_at = [&](std::size_t e) {
        return CostedPair{static_cast<std::int64_t>(rows[e]), static_cast<std::int64_t>(cols[e]),
                          costs[e]};
    };
    return small_potentials(arc_at, [] {}, flow, u, v);
}

inline bool small_potentials(std::span<const double> matrix, std::span<const double> flow,
                             std::span<double> u, std::span<double> v) {
    const auto m = static_cast<std::int64_t>(v.size());
    std::int64_t i = 0, j = -1;  // counters suffice, as arcs are asked for in order
    const auto arc_at = [&](std::size_t e) {
        if (++j == m) {
            j = 0;
            ++i;
        }
        return CostedPair{i, j, matrix[e]};
    };
    const auto restart = [&] {
        i = 0;
        j = -1;
    };
    return small_potentials(arc_at, restart, flow, u, v);
}

}  // namespace sparse_ot
