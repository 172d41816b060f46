// Which entries of a cost matrix deserve to be arcs.
//
// Problem. A matrix of n * m costs is a graph of n * m arcs, of which an optimal basis uses
// n + m - 1. The simplex works on a small pool of arcs; the matrix is only looked through: once
// for the first pool, again whenever the pool is solved, for entries whose reduced cost is still
// negative. When there is none the pool's optimum is the matrix's (column generation: Gilmore and
// Gomory 1961; for transport, Gottschlich and Schuhmacher 2014, PLoS ONE 9(10), "shortlists").
//
// One pass is n * m subtractions and comparisons over contiguous rows, tested eight at a time so
// that the compiler can use vector instructions; what passes the test is rare.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

struct CostMatrix {
    std::span<const Cost> costs;  // row by row
    std::int64_t n = 0;
    std::int64_t m = 0;

    [[nodiscard]] const Cost* row(std::int64_t i) const { return costs.data() + i * m; }
};

// The first NaN or -inf; vectorised, as it is one pass over everything.
inline Fault check_matrix(const CostMatrix& matrix) {
    constexpr Cost infinity = std::numeric_limits<Cost>::infinity();
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        const Cost* row = matrix.row(i);
        bool sound = true;
        for (std::int64_t j = 0; j < matrix.m; ++j) sound &= row[j] > -infinity;
        if (sound) continue;
        for (std::int64_t j = 0; j < matrix.m; ++j) {
            if (row[j] > -infinity) continue;
            const auto kind =
                std::isnan(row[j]) ? FaultKind::nan_cost : FaultKind::minus_infinite_cost;
            return {kind, i * matrix.m + j, row[j], 0.0};
        }
    }
    return {};
}

namespace detail {

// Calls visit(j) in order for every j with row[j] - v[j] < bar, and for a few more.
template <class Visit>
void for_each_below(const Cost* row, const Cost* v, Cost bar, std::int64_t m, Visit&& visit) {
    std::int64_t j = 0;
    for (; j + 8 <= m; j += 8) {
        bool any = false;
        for (int k = 0; k < 8; ++k) any |= row[j + k] - v[j + k] < bar;
        if (!any) continue;
        for (int k = 0; k < 8; ++k) visit(j + k);
    }
    for (; j < m; ++j) visit(j);
}

// Calls visit(j) for all columns, row i beginning at its own: where costs tie, the first k of every
// row are then not the same k columns, which could not carry the masses.
template <class Visit>
void for_each_from(std::int64_t i, std::int64_t m, Visit&& visit) {
    const std::int64_t first = i % m;
    for (std::int64_t j = first; j < m; ++j) visit(j);
    for (std::int64_t j = 0; j < first; ++j) visit(j);
}

// The k least values seen, ascending; ties keep the first.
class Shortlist {
public:
    explicit Shortlist(std::size_t k) : k_(k) { entries_.reserve(k + 1); }

    void offer(Cost value, std::int64_t id) {
        if (entries_.size() == k_ && !(value < entries_.back().value)) return;
        auto at = entries_.end();
        while (at != entries_.begin() && value < (at - 1)->value) --at;
        entries_.insert(at, {value, id});
        if (entries_.size() > k_) entries_.pop_back();
    }

    [[nodiscard]] Cost bar() const {
        return entries_.size() < k_ ? std::numeric_limits<Cost>::infinity() : entries_.back().value;
    }

    void append_to(std::vector<std::int64_t>& ids) const {
        for (const Entry& e : entries_) ids.push_back(e.id);
    }

    void clear() { entries_.clear(); }

private:
    struct Entry {
        Cost value;
        std::int64_t id;
    };
    std::size_t k_;
    std::vector<Entry> entries_;
};

inline void sort_unique(std::vector<std::int64_t>& ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace detail

// Feasible duals of the whole matrix: row minima, then column minima of what is left.
inline Duals reduce_costs(const CostMatrix& matrix) {
    constexpr Cost none = std::numeric_limits<Cost>::infinity();
    Duals duals{std::vector<Cost>(matrix.n, none), std::vector<Cost>(matrix.m, none)};
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        const Cost* row = matrix.row(i);
        const Cost u = *std::min_element(row, row + matrix.m);
        duals.u[i] = u == none ? 0.0 : u;
        for (std::int64_t j = 0; j < matrix.m; ++j)
            duals.v[j] = std::min(duals.v[j], row[j] - duals.u[i]);
    }
    for (Cost& v : duals.v)
        if (v == none) v = 0.0;
    return duals;
}

// The k entries of each row and of each column with the least reduced cost, as indices into the
// matrix, ascending. Forbidden entries (+inf) are never among them.
inline std::vector<std::int64_t> least_entries(const CostMatrix& matrix, const Duals& duals,
                                               std::size_t k) {
    std::vector<detail::Shortlist> of_column(matrix.m, detail::Shortlist(k));
    std::vector<Cost> bar(matrix.m, std::numeric_limits<Cost>::infinity());
    detail::Shortlist of_row(k);
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        const Cost *row = matrix.row(i), *v = duals.v.data();
        const Cost u = duals.u[i];
        of_row.clear();
        Cost own = of_row.bar();
        detail::for_each_from(i, matrix.m, [&](std::int64_t j) {
            const Cost reduced = row[j] - v[j] - u;
            if (!((reduced < own) | (reduced < bar[j]))) return;
            of_row.offer(reduced, i * matrix.m + j);
            own = of_row.bar();
            of_column[j].offer(reduced, i * matrix.m + j);
            bar[j] = of_column[j].bar();
        });
        of_row.append_to(chosen);
    }
    for (const auto& list : of_column) list.append_to(chosen);
    detail::sort_unique(chosen);
    return chosen;
}

// Entries with negative reduced cost: up to k of each row and the worst of each column. None: the
// potentials are dual feasible for the whole matrix.
inline std::vector<std::int64_t> violated_entries(const CostMatrix& matrix, const Duals& duals,
                                                  double slack, std::size_t k) {
    std::vector<detail::Shortlist> of_column(matrix.m, detail::Shortlist(1));
    detail::Shortlist of_row(k);
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        const Cost *row = matrix.row(i), *v = duals.v.data();
        const Cost u = duals.u[i];
        of_row.clear();
        detail::for_each_below(row, v, u, matrix.m, [&](std::int64_t j) {
            const Cost reduced = row[j] - u - v[j];
            const Cost scale = std::abs(row[j]) + std::abs(u) + std::abs(v[j]);
            if (!(reduced < -slack * reduced_cost_ulps * scale)) return;
            of_row.offer(reduced, i * matrix.m + j);
            of_column[j].offer(reduced, i * matrix.m + j);
        });
        of_row.append_to(chosen);
    }
    for (const auto& list : of_column) list.append_to(chosen);
    detail::sort_unique(chosen);
    return chosen;
}

// For every source that the leftover mass has reached: its k cheapest entries to targets that it
// has not. Empty where none exists: then the matrix itself is infeasible.
inline std::vector<std::int64_t> escaping_entries(const CostMatrix& matrix, const Duals& duals,
                                                  const std::vector<char>& reached, std::size_t k) {
    detail::Shortlist of_row(k);
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < matrix.n; ++i) {
        if (!reached[i]) continue;
        const Cost* row = matrix.row(i);
        of_row.clear();
        detail::for_each_from(i, matrix.m, [&](std::int64_t j) {
            if (!reached[matrix.n + j] && row[j] < std::numeric_limits<Cost>::infinity())
                of_row.offer(row[j] - duals.v[j], i * matrix.m + j);
        });
        of_row.append_to(chosen);
    }
    return chosen;
}

}  // namespace sparse_ot
