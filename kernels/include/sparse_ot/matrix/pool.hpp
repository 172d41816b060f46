// A large matrix, solved through a small pool of its entries.
//
// Problem. A matrix of n * m costs is a graph of n * m arcs, of which an optimal basis uses
// n + m - 1. The simplex works on a small pool of arcs. The matrix is scanned for the first pool,
// and again whenever the pool is solved, for entries whose reduced cost is still negative. When
// there are none, the optimum of the pool is that of the matrix (column generation: Gilmore and
// Gomory 1961; for transport, Gottschlich and Schuhmacher 2014, PLoS ONE 9(10), "shortlists").
//
// The caller owns the matrix, which must stay where it is.
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
    // A matrix of at most this many entries has no pool: all its entries are arcs.
    static constexpr std::size_t small_matrix = 1024;

    explicit MatrixPool(const CostMatrix& matrix) : matrix_(matrix) {}

    [[nodiscard]] Duals reduce_costs() const { return sparse_ot::reduce_costs(matrix_); }

    // The first pool: the entries of least reduced cost at each node.
    void open(Network& network, const Duals& duals) const {
        add(network, least_entries(matrix_, duals, entries_at_start));
    }

    // The first pool around a plan on `entries`, which are distinct. Returns false, with nothing
    // changed, if the plan uses a forbidden entry.
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

    // Adds entries along which mass that is stuck in the pool can leave; false if the matrix has
    // none.
    bool add_escapes(Network& network, const Duals& duals, const std::vector<char>& reached) const {
        return add(network, escaping_entries(matrix_, duals, reached, entries_per_round));
    }

    // Adds entries that would still improve the plan; false if the whole matrix has none.
    bool add_violated(Network& network, const Duals& duals, double slack) const {
        return add(network, violated_entries(matrix_, duals, slack, entries_per_round));
    }

private:
    // benchmarks/NOTES.md has what a pool with these numbers gains.
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
