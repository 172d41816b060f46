// A large matrix, solved through a small pool of its entries.
//
// Problem. A matrix of n * m costs is a graph of n * m arcs, of which an optimal basis uses
// n + m - 1. The simplex works on a small pool of arcs; the matrix is only looked through: once
// for the first pool, again whenever the pool is solved, for entries whose reduced cost is still
// negative. When there is none the pool's optimum is the matrix's (column generation: Gilmore and
// Gomory 1961; for transport, Gottschlich and Schuhmacher 2014, PLoS ONE 9(10), "shortlists").
//
// The matrix stays the caller's and must stay where it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/duals.hpp"
#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"
#include "sparse_ot/matrix/cost_matrix.hpp"
#include "sparse_ot/matrix/entering_entries.hpp"

namespace sparse_ot {

class MatrixPool {
public:
    // Up to so many entries, all of them are arcs: there is no pool.
    static constexpr std::size_t small_matrix = 1024;

    explicit MatrixPool(const CostMatrix& matrix) : matrix_(matrix) {}

    [[nodiscard]] Duals reduce_costs() const { return sparse_ot::reduce_costs(matrix_); }

    // The first pool: what is cheapest at each node.
    void open(Network& network, const Duals& duals) const {
        add(network, least_entries(matrix_, duals, entries_at_start));
    }

    // The first pool around a plan on some entries, each once. False, and nothing has happened, if
    // the plan uses a forbidden one.
    bool open_around(Network& network, const Duals& duals,
                     std::span<const std::int64_t> entries) const {
        for (const std::int64_t e : entries)
            if (matrix_.costs[e] == no_cost) return false;
        std::vector<std::int64_t> pool = least_entries(matrix_, duals, entries_beside_plan);
        pool.insert(pool.end(), entries.begin(), entries.end());
        detail::sort_unique(pool);
        add(network, pool);
        return true;
    }

    // Ways out for mass that is stuck in the pool; false if the matrix has none either.
    bool add_escapes(Network& network, const Duals& duals, const std::vector<char>& reached) const {
        return add(network, escaping_entries(matrix_, duals, reached, entries_per_round));
    }

    // Entries that would still improve the plan; false if there are none in the whole matrix.
    bool add_violated(Network& network, const Duals& duals, double slack) const {
        return add(network, violated_entries(matrix_, duals, slack, entries_per_round));
    }

private:
    // Figures of benchmarks/NOTES.md.
    static constexpr std::size_t entries_at_start = 6;
    static constexpr std::size_t entries_per_round = 3;
    static constexpr std::size_t entries_beside_plan = 4;

    bool add(Network& network, const std::vector<std::int64_t>& entries) const {
        for (std::int64_t e : entries)
            network.append_entry(e / matrix_.m, e % matrix_.m, matrix_.costs[e], e);
        return !entries.empty();
    }

    CostMatrix matrix_;
};

}  // namespace sparse_ot
