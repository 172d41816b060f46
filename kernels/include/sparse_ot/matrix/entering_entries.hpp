// Three passes over a cost matrix that choose the entries worth making arcs.
//
// One pass is n * m subtractions and comparisons over contiguous rows. The pass for violated
// entries tests eight entries at a time, so that the compiler can use vector instructions; few
// entries pass the test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/matrix/cost_matrix.hpp"

namespace sparse_ot {

namespace detail {

// Calls visit(j) in order for every j with row[j] - v[j] < bar, and for a few others.
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

// Calls visit(j) for all columns; row i begins at column i % m. Where costs tie, the first k
// entries of every row are then not in the same k columns, which could not carry all the masses.
template <class Visit>
void for_each_from(std::int64_t i, std::int64_t m, Visit&& visit) {
    const std::int64_t first = i % m;
    for (std::int64_t j = first; j < m; ++j) visit(j);
    for (std::int64_t j = 0; j < first; ++j) visit(j);
}

// The k least values seen, ascending; of equal values those offered first. search/k_least.hpp would
// not do: there ties go to the smaller index, while here they stay with the entry met first,
// because each row begins at a column of its own, and ids have 64 bits. The Shortlist of
// cuda/search.cuh is a class of its own because it is device code.
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

// The k entries of least reduced cost of each row and of each column, as indices into the matrix,
// ascending. Forbidden entries (+inf) are never among them.
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

// Entries with negative reduced cost: up to k of each row and the worst of each column. If there
// are none, the potentials are dual feasible for the whole matrix.
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
            const Cost reduced = reduced_cost(row[j], u, v[j]);
            if (!(reduced < -slack * rounding_of(row[j], u, v[j]))) return;
            of_row.offer(reduced, i * matrix.m + j);
            of_column[j].offer(reduced, i * matrix.m + j);
        });
        of_row.append_to(chosen);
    }
    for (const auto& list : of_column) list.append_to(chosen);
    detail::sort_unique(chosen);
    return chosen;
}

// For every source that the leftover mass reaches: its k cheapest entries, by cost - v, to targets
// that the mass does not reach. If there are none, the matrix itself is infeasible.
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
