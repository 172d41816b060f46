// The arcs of a transportation problem, as three parallel arrays.
//
// Invariant: 0 <= tail < n <= head < n + m, every cost finite. Forbidden pairs (+inf) and padding
// (an index out of range) are dropped when arcs are appended; `given` holds the place of each kept
// arc in the caller's list. Memory: 16 bytes per arc, and 8 more for `given` once an arc has been
// dropped or the order changed (until then the two lists coincide).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

// The largest cost of which sums along every path of a spanning tree, and reduced costs, are
// finite.
[[nodiscard]] inline Cost largest_cost(std::int64_t n, std::int64_t m) {
    return std::numeric_limits<Cost>::max() / (8.0 * static_cast<Cost>(n + m));
}

struct Network {
    Node n_sources = 0;
    Node n_targets = 0;
    std::vector<Node> tail;
    std::vector<Node> head;
    std::vector<Cost> cost;
    std::vector<Arc> given;  // empty: arc e is the caller's arc e
    Arc n_given = 0;

    [[nodiscard]] Node n_nodes() const { return n_sources + n_targets; }
    [[nodiscard]] Arc n_arcs() const { return static_cast<Arc>(cost.size()); }
    [[nodiscard]] Arc given_index(Arc e) const { return given.empty() ? e : given[e]; }

    void reserve(std::size_t more) {
        tail.reserve(tail.size() + more);
        head.reserve(head.size() + more);
        cost.reserve(cost.size() + more);
    }

    // Appends the arcs given, up to the first faulty one.
    template <class Index>
    Fault append(std::span<const Index> rows, std::span<const Index> cols,
                 std::span<const Cost> costs) {
        reserve(costs.size());
        const Cost largest = largest_cost(n_sources, n_targets);
        for (std::size_t k = 0; k < costs.size(); ++k)
            if (Fault fault = append_one(static_cast<std::int64_t>(rows[k]),
                                         static_cast<std::int64_t>(cols[k]), costs[k], largest))
                return fault;
        return {};
    }

    // Appends every pair of a matrix, given row by row.
    Fault append_matrix(std::span<const Cost> costs) {
        reserve(costs.size());
        const Cost largest = largest_cost(n_sources, n_targets);
        std::size_t e = 0;
        for (std::int64_t i = 0; i < n_sources; ++i)
            for (std::int64_t j = 0; j < n_targets; ++j)
                if (Fault fault = append_one(i, j, costs[e++], largest)) return fault;
        return {};
    }

    // Appends one valid arc from place `index` of the caller's matrix.
    void append_entry(std::int64_t row, std::int64_t col, Cost c, Arc index) {
        tail.push_back(static_cast<Node>(row));
        head.push_back(static_cast<Node>(n_sources + col));
        cost.push_back(c);
        given.push_back(index);
    }

    // Drops all arcs, but keeps the number of arcs given.
    void clear() {
        tail.clear();
        head.clear();
        cost.clear();
        given.clear();
    }

    // Drops the arcs of the caller's list that `keep` does not mark. Both lists close up and keep
    // their order. Returns the new number of every arc, no_arc for a dropped one.
    std::vector<Arc> retain(std::span<const std::uint8_t> keep) {
        std::vector<Arc> place(keep.size());
        Arc in_list = 0;
        for (std::size_t k = 0; k < keep.size(); ++k) {
            place[k] = in_list;
            in_list += keep[k] != 0;
        }
        std::vector<Arc> renamed(n_arcs(), no_arc);
        if (given.empty()) remember_given();
        Arc kept = 0;
        for (Arc e = 0; e < n_arcs(); ++e) {
            if (!keep[given[e]]) continue;
            tail[kept] = tail[e];
            head[kept] = head[e];
            cost[kept] = cost[e];
            given[kept] = place[given[e]];
            renamed[e] = kept++;
        }
        tail.resize(kept);
        head.resize(kept);
        cost.resize(kept);
        given.resize(kept);
        n_given = in_list;
        return renamed;
    }

private:
    Fault append_one(std::int64_t row, std::int64_t col, Cost c, Cost largest) {
        const bool padding = row < 0 || row >= n_sources || col < 0 || col >= n_targets;
        if (!padding && std::isnan(c)) return {FaultKind::nan_cost, n_given, c, 0};
        if (!padding && c == -std::numeric_limits<Cost>::infinity())
            return {FaultKind::minus_infinite_cost, n_given, c, 0};
        const bool forbidden = padding || c == std::numeric_limits<Cost>::infinity();
        if (!forbidden && std::abs(c) > largest)
            return {FaultKind::cost_too_large, n_given, c, largest};
        if (forbidden && given.empty()) remember_given();
        if (!forbidden) {
            if (!given.empty() || n_given != n_arcs()) given.push_back(n_given);
            tail.push_back(static_cast<Node>(row));
            head.push_back(static_cast<Node>(n_sources + col));
            cost.push_back(c);
        }
        ++n_given;
        return {};
    }

    void remember_given() {
        given.reserve(tail.capacity());
        for (Arc e = 0; e < n_arcs(); ++e) given.push_back(e);
    }
};

// Arcs grouped by one of their ends: node x has order[first[x]] .. order[first[x + 1] - 1].
struct Incidence {
    std::vector<Arc> first;
    std::vector<Arc> order;

    Incidence(std::span<const Node> end, Node n_nodes)
        : Incidence(end, n_nodes, [](Arc) { return true; }) {}

    // Only the arcs for which keep(arc) holds.
    template <class Keep>
    Incidence(std::span<const Node> end, Node n_nodes, Keep&& keep) : first(n_nodes + 1, 0) {
        const auto count = static_cast<Arc>(end.size());
        for (Arc e = 0; e < count; ++e)
            if (keep(e)) ++first[end[e] + 1];
        for (Node x = 0; x < n_nodes; ++x) first[x + 1] += first[x];
        order.resize(first[n_nodes]);
        std::vector<Arc> next(first.begin(), first.end() - 1);
        for (Arc e = 0; e < count; ++e)
            if (keep(e)) order[next[end[e]]++] = e;
    }

    [[nodiscard]] std::span<const Arc> arcs_of(Node x) const {
        return {order.data() + first[x], static_cast<std::size_t>(first[x + 1] - first[x])};
    }
};

}  // namespace sparse_ot
