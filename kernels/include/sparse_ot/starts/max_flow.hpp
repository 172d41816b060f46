// Feasibility, before any pivot: a maximum flow from sources to targets along the arcs.
//
// Given a partial plan (0 <= flow, marginals not exceeded), blocking flows on layered networks
// (Dinic 1970; Ahuja, Magnanti, Orlin 1993, Network Flows, pp. 240-245) extend it. Either all
// mass is placed and `flow` is a feasible plan, or the search from the sources with mass left
// ends in a set that no residual arc leaves: those sources S reach only targets N(S) that are
// full and served by S alone, so supply(S) > demand(N(S)). That is the Hall violation.
//
// Complexity O(nodes^2 arcs). In practice it takes a few dozen passes over the arcs, because a good
// partial plan leaves little to place.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sparse_ot/base/network.hpp"
#include "sparse_ot/base/types.hpp"

namespace sparse_ot {

class MaxFlow {
public:
    // `left` holds the mass that each node still has to send (sources) or to receive (targets).
    MaxFlow(const Network& network, std::vector<Mass>& flow, std::vector<Mass>& left)
        : MaxFlow(network, flow, left, [](Arc) { return true; }) {}

    // Uses only the arcs for which usable(arc) holds; these must include all arcs that carry flow.
    template <class Usable>
    MaxFlow(const Network& network, std::vector<Mass>& flow, std::vector<Mass>& left,
            Usable&& usable)
        : network_(network),
          flow_(flow),
          left_(left),
          out_(network.tail, network.n_nodes(), usable),
          in_(network.head, network.n_nodes(), usable),
          level_(network.n_nodes()),
          next_(network.n_nodes()) {}

    // Places as much mass as possible in at most `max_phases` phases; later phases follow longer
    // paths for less mass. Returns whether all mass is placed.
    bool run(std::int64_t max_phases = std::numeric_limits<std::int64_t>::max()) {
        for (; max_phases > 0 && find_levels(); --max_phases) send_blocking_flow();
        return std::all_of(left_.begin(), left_.begin() + network_.n_sources,
                           [](Mass x) { return x == 0; });
    }

    // After a failed run: marks the nodes that the leftover mass can reach.
    [[nodiscard]] std::vector<char> reached() const {
        std::vector<char> mark(level_.size());
        for (std::size_t x = 0; x < mark.size(); ++x) mark[x] = level_[x] >= 0;
        return mark;
    }

    // After a failed run: marks the nodes that can reach a target with room left.
    [[nodiscard]] std::vector<char> reaching() const {
        std::vector<char> mark(level_.size(), 0);
        std::vector<Node> queue;
        const auto take = [&](Node x) {
            if (!std::exchange(mark[x], 1)) queue.push_back(x);
        };
        for (Node j = network_.n_sources; j < network_.n_nodes(); ++j)
            if (left_[j] > 0) take(j);
        for (std::size_t k = 0; k < queue.size(); ++k) {
            const Node x = queue[k];
            if (is_source(x)) {
                for (Arc e : out_.arcs_of(x))
                    if (flow_[e] > 0) take(network_.head[e]);
            } else {
                for (Arc e : in_.arcs_of(x)) take(network_.tail[e]);
            }
        }
        return mark;
    }

private:
    [[nodiscard]] bool is_source(Node x) const { return x < network_.n_sources; }
    [[nodiscard]] std::span<const Arc> residual_arcs(Node x) const {
        return is_source(x) ? out_.arcs_of(x) : in_.arcs_of(x);
    }
    // The far end of arc e from x, or no_node where no residual capacity leads there.
    [[nodiscard]] Node across(Node x, Arc e) const {
        if (is_source(x)) return network_.head[e];
        return flow_[e] > 0 ? network_.tail[e] : no_node;
    }

    // Breadth first from the sources with mass left; stops at the layer of the first open target.
    bool find_levels() {
        std::fill(level_.begin(), level_.end(), -1);
        queue_.clear();
        for (Node i = 0; i < network_.n_sources; ++i)
            if (left_[i] > 0) {
                level_[i] = 0;
                queue_.push_back(i);
            }
        Node last_level = -1;
        for (std::size_t k = 0; k < queue_.size(); ++k) {
            const Node x = queue_[k];
            if (last_level >= 0 && level_[x] >= last_level) break;
            for (Arc e : residual_arcs(x)) {
                const Node y = across(x, e);
                if (y == no_node || level_[y] >= 0) continue;
                level_[y] = level_[x] + 1;
                queue_.push_back(y);
                if (!is_source(y) && left_[y] > 0) last_level = level_[y];
            }
        }
        return last_level >= 0;
    }

    void send_blocking_flow() {
        for (Node x = 0; x < network_.n_nodes(); ++x) next_[x] = 0;
        for (Node i = 0; i < network_.n_sources; ++i)
            while (left_[i] > 0 && extend_path(i)) push_along_path(i);
    }

    // Depth first with current arcs: fills path_ from i to an open target one layer at a time.
    bool extend_path(Node i) {
        path_.clear();
        Node x = i;
        while (is_source(x) || left_[x] == 0) {
            const auto arcs = residual_arcs(x);
            bool advanced = false;
            for (Arc& k = next_[x]; k < static_cast<Arc>(arcs.size()); ++k) {
                const Node y = across(x, arcs[k]);
                if (y == no_node || level_[y] != level_[x] + 1) continue;
                path_.push_back(arcs[k]);
                x = y;
                advanced = true;
                break;
            }
            if (advanced) continue;
            if (path_.empty()) return false;
            const Arc back = path_.back();
            path_.pop_back();
            x = is_source(x) ? network_.head[back] : network_.tail[back];
            ++next_[x];
        }
        return true;
    }

    // Arcs of a path alternate: forward, backward, forward, ..., forward.
    void push_along_path(Node i) {
        const Node j = network_.head[path_.back()];
        Mass delta = std::min(left_[i], left_[j]);
        for (std::size_t k = 1; k < path_.size(); k += 2) delta = std::min(delta, flow_[path_[k]]);
        for (std::size_t k = 0; k < path_.size(); ++k)
            flow_[path_[k]] += k % 2 == 0 ? delta : -delta;
        left_[i] -= delta;
        left_[j] -= delta;
    }

    const Network& network_;
    std::vector<Mass>& flow_;
    std::vector<Mass>& left_;
    Incidence out_, in_;
    std::vector<Node> level_;
    std::vector<Arc> next_;
    std::vector<Node> queue_;
    std::vector<Arc> path_;
};

}  // namespace sparse_ot
