// Exact pricing of missing arcs: for every source the k targets of least cost(x_i, y_j) + offset_j.
//
// With offset = -v this is the most negative reduced costs of a source, and its first column is the
// exact row minimum from which a feasible dual follows; without offsets it is k-NN. Nothing of size
// n * m is ever stored: memory is O(m d) for the index and O(n k) for the answer.
//
// Low dimension: branch and bound in a packed tree (tree_search.hpp). High dimension: all pairs
// (full_scan.hpp). Both are exact in float64, ties go to the smaller index, and the answer does not
// depend on the method, nor on the number of threads.
//
// Limits. With limit[i] only targets of value < limit[i] are looked for, which prunes a search to
// almost nothing when there are none. In pricing limit = u: a row that comes back empty has its
// minimum at or above u_i, so no arc of it is violated and u_i needs no correction; the row's exact
// minimum stays unknown, and for a proof of feasibility is not needed. A row that comes back with
// entries has its exact minimum first.
//
// The index keeps its own copy of the points and serves any number of queries, also at once.
// Coordinates and offsets are finite (an offset may be +inf: that target comes last); callers
// check.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/full_scan.hpp"
#include "sparse_ot/k_least.hpp"
#include "sparse_ot/lanes.hpp"
#include "sparse_ot/metrics.hpp"
#include "sparse_ot/packed_tree.hpp"
#include "sparse_ot/space_order.hpp"
#include "sparse_ot/threads.hpp"
#include "sparse_ot/tree_search.hpp"

namespace sparse_ot {

struct NearestQuery {
    std::span<const double> x;  // n rows of d
    std::int64_t n = 0;
    std::int64_t k = 1;
    std::span<const double> offset;  // of every target, or empty: none
    std::span<const double> limit;   // of every source, or empty: none
    int threads = 0;                 // 0: all
};

// Row by row, ascending by (value, index); where there are fewer than k: index -1 and cost +inf.
// Costs leave the offset out.
struct NearestAnswer {
    std::span<std::int64_t> indices;
    std::span<double> costs;
};

class NearestIndex {
public:
    // Up to this many coordinates a tree is searched.
    static constexpr int tree_dimensions = 10;

    NearestIndex(std::span<const double> y, int d, Metric metric, int threads = 0,
                 int tree_up_to = tree_dimensions)
        : metric_(metric), d_(d), by_tree_(d <= tree_up_to) {
        std::vector<double> units;
        if (metric == Metric::cosine) {
            units.resize(y.size());
            for (std::size_t at = 0; at < y.size(); at += d) normalise(&y[at], d, &units[at]);
            y = units;
        }
        if (by_tree_) {
            tree_ = PackedTree(y, d, threads_or_all(threads));
        } else {
            std::vector<std::int32_t> as_given(y.size() / d);
            std::iota(as_given.begin(), as_given.end(), 0);
            tree_.points = PackedPoints(y, d, std::move(as_given));
        }
    }

    [[nodiscard]] std::int64_t count() const { return tree_.points.count; }
    [[nodiscard]] int dimension() const { return d_; }
    [[nodiscard]] Metric metric() const { return metric_; }

    void query(const NearestQuery& query, const NearestAnswer& answer) const {
        const LeastOffsets offsets = tree_.least_offsets(query.offset);
        std::vector<std::int32_t> order;
        if (by_tree_) order = morton_order(query.x, query.n, d_);
        const std::int64_t rows = by_tree_ ? tree_rows : scan_rows;
        for_each_piece((query.n + rows - 1) / rows, query.threads, [&] {
            return [&, work = Work(*this, offsets, query)](std::int64_t piece) mutable {
                const std::int64_t first = piece * rows;
                const std::int64_t last = std::min(first + rows, query.n);
                if (by_tree_)
                    answer_by_tree(query, order, first, last, work, answer);
                else
                    answer_by_scan(query, first, last, work, answer);
            };
        });
    }

private:
    // Sources to a piece of work: enough to make a warm start pay, or to use a tile of targets
    // well.
    static constexpr std::int64_t tree_rows = 1024;
    static constexpr std::int64_t scan_rows = 64;

    struct Work {  // what one thread needs
        Work(const NearestIndex& index, const LeastOffsets& offsets, const NearestQuery& query)
            : tree(index.tree_, offsets),
              scan(index.tree_.points, offsets[0]),
              best(index.by_tree_ ? 1 : scan_rows, KLeast(std::min(query.k, index.count()))),
              x(best.size() * index.d_) {}

        TreeSearch tree;
        FullScan scan;
        std::vector<KLeast> best;
        std::vector<double> x;
    };

    void answer_by_tree(const NearestQuery& query, const std::vector<std::int32_t>& order,
                        std::int64_t first, std::int64_t last, Work& work,
                        const NearestAnswer& answer) const {
        with_metric(metric_, [&](auto m) {
            using M = decltype(m);
            KLeast& best = work.best[0];
            best.clear(no_ceiling);
            for (std::int64_t at = first; at < last; ++at) {
                const std::int64_t row = order[at];
                read_row(query, row, work.x.data());
                Rank ceiling = limit_of(query, row);
                if (best.full() && at > first)
                    ceiling = std::min(
                        ceiling, work.tree.template ceiling_from<M>(work.x.data(), best.entries()));
                best.clear(ceiling);
                work.tree.search(metric_, work.x.data(), best);
                write_row<M>(query.k, row, work.x.data(), best, answer);
            }
        });
    }

    void answer_by_scan(const NearestQuery& query, std::int64_t first, std::int64_t last,
                        Work& work, const NearestAnswer& answer) const {
        with_metric(metric_, [&](auto m) {
            using M = decltype(m);
            const std::span<KLeast> best(work.best.data(), last - first);
            for (std::int64_t row = first; row < last; ++row) {
                read_row(query, row, work.x.data() + (row - first) * d_);
                best[row - first].clear(limit_of(query, row));
            }
            work.scan.search(metric_, work.x.data(), best);
            for (std::int64_t row = first; row < last; ++row)
                write_row<M>(query.k, row, work.x.data() + (row - first) * d_, best[row - first],
                             answer);
        });
    }

    void read_row(const NearestQuery& query, std::int64_t row, double* x) const {
        const double* given = query.x.data() + row * d_;
        if (metric_ == Metric::cosine)
            normalise(given, d_, x);
        else
            std::copy_n(given, d_, x);
    }

    static Rank limit_of(const NearestQuery& query, std::int64_t row) {
        return query.limit.empty() ? no_ceiling : ceiling_at(query.limit[row]);
    }

    template <class M>
    void write_row(std::int64_t k, std::int64_t row, const double* x, KLeast& best,
                   const NearestAnswer& answer) const {
        const PackedPoints& points = tree_.points;
        std::int64_t at = row * k;
        for (const auto& entry : best.sorted()) {
            answer.indices[at] = entry.rank.index;
            answer.costs[at++] = cost_to_point<M>(x, points, entry.place);
        }
        for (; at < (row + 1) * k; ++at) {
            answer.indices[at] = -1;
            answer.costs[at] = std::numeric_limits<double>::infinity();
        }
    }

    Metric metric_;
    int d_;
    bool by_tree_;
    PackedTree tree_;  // without levels where all pairs are looked at
};

}  // namespace sparse_ot
