// Exact pricing of missing arcs: finds, for every source, the k targets of least cost(x_i, y_j) +
// offset_j.
//
// With offset = -v these are the arcs of most negative reduced cost of each source, and the first
// column is the exact row minimum from which a feasible dual follows. Without offsets it is k-NN.
// Nothing of size n * m is ever stored: memory is O(m d) for the index and O(n k) for the answer.
//
//   nearest --+-- up to 10 coordinates: tree_search (branch and bound in a packed_tree)
//             |        boxes bounded by the metric, and by offset_planes where it has them
//             |        (fit: the slopes, planes: where they pay, bounds: what they prove)
//             |
//             +-- more coordinates: brute_force (all pairs, most of them only by a filter)
//                      brute_force_filters: products in float if the metric follows from
//                      them, otherwise differences in double
//
//   Both price the remaining pairs by geometry/metrics and keep a k_least list per source.
//
// Both are exact in float64, ties go to the smaller index, and the answer depends neither on the
// method nor on the number of threads. Points are given as the metric takes them: unit vectors for
// half the squared chord, which is the cosine cost.
//
// Limits. With limit[i] the search looks only for targets of value < limit[i]; if there are none,
// pruning leaves almost no work. Pricing within a cell (sweeps/cell_problem.hpp) sets limit = u. A
// row that comes back empty has its minimum at or above u_i, so none of its arcs is violated and
// u_i needs no correction; its exact minimum stays unknown, but a proof of feasibility does not
// need it. A row that comes back with entries has its exact minimum first.
//
// Ties. Where the cost is a norm, thousands of prices tie up to rounding, and ranking them means
// looking at all of them. With loose ties, values that differ by less than 8 + d ulps of cost and
// |offset| count as equal; which of them are found then depends on the order of the sources. The
// minimum of a row is still a proven lower bound: it is the smaller of the best value found and the
// lowest bound of any box skipped as a tie. Loose ties change nothing without offsets or where all
// pairs are looked at.
//
// The index keeps its own copy of the points and serves any number of queries, also concurrently.
// Coordinates and offsets must be finite, except that an offset may be +inf (that target comes
// last); callers check this.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/simd.hpp"
#include "sparse_ot/base/threads.hpp"
#include "sparse_ot/geometry/curve.hpp"
#include "sparse_ot/geometry/metrics.hpp"
#include "sparse_ot/search/brute_force.hpp"
#include "sparse_ot/search/k_least.hpp"
#include "sparse_ot/search/packed_tree.hpp"
#include "sparse_ot/search/tree_search.hpp"

namespace sparse_ot {

// How to treat values that differ by little more than rounding.
enum class Ties { exact, loose };

struct NearestQuery {
    std::span<const double> x;  // n rows of d
    std::int64_t n = 0;
    std::int64_t k = 1;
    std::span<const double> offset;  // one per target, or empty: none
    std::span<const double> limit;   // one per source, or empty: none
    int threads = 0;                 // 0: all
    Ties ties = Ties::exact;
};

// Row by row, ascending by (value, index). A row with fewer than k entries is padded with index -1
// and cost +inf. Costs do not include the offset.
struct NearestAnswer {
    std::span<std::int64_t> indices;
    std::span<double> costs;
    std::span<double> minima = {};  // per row, a lower bound of its values below the limit
    std::atomic<std::int64_t>* visits = nullptr;  // groups of the tree looked at
};

class NearestIndex {
public:
    // Up to this many coordinates the index is a tree.
    static constexpr int tree_dimensions = 10;

    NearestIndex(std::span<const double> y, int d, const Metric& metric, int threads = 0,
                 int tree_up_to = tree_dimensions)
        : metric_(metric), d_(d), by_tree_(d <= tree_up_to) {
        if (by_tree_)
            tree_ = PackedTree(Cloud{y, d}, threads_or_all(threads));
        else
            points_.assign(y.begin(), y.end());
        count_ = static_cast<std::int64_t>(y.size()) / d;
    }

    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] int dimension() const { return d_; }
    [[nodiscard]] Metric metric() const { return metric_; }

    void query(const NearestQuery& query, const NearestAnswer& answer) const {
        if (by_tree_)
            query_tree(query, answer);
        else
            with_filter(metric_, [&](auto filter) {
                query_all<typename decltype(filter)::type>(query, answer);
            });
    }

private:
    // Sources per piece of work: enough for warm starts to pay off, or to use a tile of targets
    // well.
    static constexpr std::int64_t tree_rows = 1024;
    static constexpr std::int64_t scan_rows = 64;

    // Values this close count as tied, in ulps of cost and offset: more than the rounding of
    // bounds.
    static constexpr double tie_ulps(int d) { return 8.0 + d; }

    void query_tree(const NearestQuery& query, const NearestAnswer& answer) const {
        const LeastOffsets offsets = tree_.least_offsets(query.offset);
        const OffsetPlanes planes =
            query.offset.empty() ? OffsetPlanes() : OffsetPlanes(tree_, offsets, metric_);
        const std::vector<Node> order = morton_order(Cloud{query.x, d_});
        const double slack = query.ties == Ties::loose ? tie_ulps(d_) * 0x1p-52 : 0.0;
        for_each_piece(pieces(query.n, tree_rows), query.threads, [&] {
            return [&, search = TreeSearch(tree_, offsets, planes, slack),
                    best = shortlist(query)](std::int64_t piece) mutable {
                best.clear(no_ceiling);
                const std::int64_t last = std::min((piece + 1) * tree_rows, query.n);
                const std::int64_t visits = search.visits();
                for (std::int64_t at = piece * tree_rows; at < last; ++at) {
                    const std::int64_t row = order[at];
                    const double* x = row_of(query, row);
                    Rank ceiling = limit_of(query, row);
                    if (best.full())
                        ceiling =
                            std::min(ceiling, search.ceiling_from(metric_, x, best.entries()));
                    best.clear(ceiling);
                    search.search(metric_, x, best);
                    write_row(query, row, best, answer, [&](const KLeast::Entry& entry) {
                        return search.cost(metric_, x, entry.place);
                    });
                    write_minimum(row, best, search.floor(), answer);
                }
                if (answer.visits != nullptr) *answer.visits += search.visits() - visits;
            };
        });
    }

    template <class Filter>
    void query_all(const NearestQuery& query, const NearestAnswer& answer) const {
        const FullScan<Filter> scan(points_, d_, metric_, query.offset);
        for_each_piece(pieces(query.n, scan_rows), query.threads, [&] {
            return [&, sources = typename Filter::Sources{},
                    shortlists = std::vector<KLeast>(scan_rows, shortlist(query))](
                       std::int64_t piece) mutable {
                const std::int64_t first = piece * scan_rows;
                const double* x = row_of(query, first);
                const std::span best(shortlists.data(), std::min(scan_rows, query.n - first));
                for (std::size_t r = 0; r < best.size(); ++r)
                    best[r].clear(limit_of(query, first + r));
                scan.search(x, best, sources);
                for (std::size_t r = 0; r < best.size(); ++r) {
                    write_row(query, first + r, best[r], answer, [&](const KLeast::Entry& entry) {
                        return scan.cost(x + r * d_, entry.place);
                    });
                    write_minimum(first + r, best[r], no_ceiling.value, answer);
                }
            };
        });
    }

    static std::int64_t pieces(std::int64_t n, std::int64_t rows) { return (n + rows - 1) / rows; }

    [[nodiscard]] KLeast shortlist(const NearestQuery& query) const {
        return KLeast(static_cast<std::size_t>(std::min(query.k, count_)));
    }

    [[nodiscard]] const double* row_of(const NearestQuery& query, std::int64_t row) const {
        return query.x.data() + row * d_;
    }

    static Rank limit_of(const NearestQuery& query, std::int64_t row) {
        return query.limit.empty() ? no_ceiling : ceiling_at(query.limit[row]);
    }

    template <class CostOf>
    static void write_row(const NearestQuery& query, std::int64_t row, KLeast& best,
                          const NearestAnswer& answer, CostOf&& cost_of) {
        std::int64_t at = row * query.k;
        for (const auto& entry : best.sorted()) {
            answer.indices[at] = entry.rank.index;
            answer.costs[at++] = cost_of(entry);
        }
        for (; at < (row + 1) * query.k; ++at) {
            answer.indices[at] = -1;
            answer.costs[at] = std::numeric_limits<double>::infinity();
        }
    }

    // `best` must be sorted, as it is after `write_row`.
    static void write_minimum(std::int64_t row, const KLeast& best, double floor,
                              const NearestAnswer& answer) {
        if (answer.minima.empty()) return;
        const auto& entries = best.entries();
        answer.minima[row] = entries.empty() ? floor : std::min(floor, entries[0].rank.value);
    }

    Metric metric_;
    int d_;
    bool by_tree_;
    std::int64_t count_ = 0;
    PackedTree tree_;             // one of the two is empty
    std::vector<double> points_;  // row by row
};

}  // namespace sparse_ot
