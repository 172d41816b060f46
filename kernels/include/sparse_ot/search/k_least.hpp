// The k least entries seen so far, under a ceiling.
//
// Entries are ranked by (value, index). Ties therefore go to the smaller index, whatever the order
// in which a search meets them: the answer is a function of the entries alone. Only ranks below the
// ceiling are wanted. The bar, which the next entry has to beat, starts at the ceiling and is the
// k-th best rank once there are k entries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "sparse_ot/base/simd.hpp"

namespace sparse_ot {

struct Rank {
    double value;
    std::int32_t index;

    friend bool operator<(const Rank& a, const Rank& b) {
        return a.value < b.value || (a.value == b.value && a.index < b.index);
    }
};

// Above every entry, even one of infinite value.
inline constexpr Rank no_ceiling{std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<std::int32_t>::max()};

// The ceiling that admits exactly the values less than `limit`.
[[nodiscard]] inline Rank ceiling_at(double limit) { return {limit, -1}; }

class KLeast {
public:
    struct Entry {
        Rank rank;
        std::int32_t place;  // of the item in the searcher's own storage
    };

    explicit KLeast(std::size_t k) : k_(k) { entries_.reserve(k); }

    void clear(Rank ceiling) {
        entries_.clear();
        bar_ = ceiling;
    }

    [[nodiscard]] const Rank& bar() const { return bar_; }
    [[nodiscard]] bool full() const { return entries_.size() == k_; }
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

    void offer(const Entry& entry) {
        if (entry.rank < bar_) take(entry);
    }

    // The entries in ascending order.
    const std::vector<Entry>& sorted();

private:
    // Up to this many entries are kept sorted, which is faster than a heap.
    static constexpr std::size_t sorted_up_to = 32;

    static bool before(const Entry& a, const Entry& b) { return a.rank < b.rank; }

    void take(const Entry& entry);

    void insert(const Entry& entry) {
        if (!full()) entries_.push_back(entry);
        std::size_t at = entries_.size() - 1;
        for (; at > 0 && entry.rank < entries_[at - 1].rank; --at) entries_[at] = entries_[at - 1];
        entries_[at] = entry;
        if (full()) bar_ = entries_.back().rank;
    }

    void push(const Entry& entry) {
        if (full()) {
            std::pop_heap(entries_.begin(), entries_.end(), before);
            entries_.back() = entry;
        } else {
            entries_.push_back(entry);
        }
        std::push_heap(entries_.begin(), entries_.end(), before);
        if (full()) bar_ = entries_.front().rank;
    }

    std::size_t k_;
    std::vector<Entry> entries_;
    Rank bar_ = no_ceiling;
};

// Defined outside the class, so that searches compiled several times do not inline them.
SPARSE_OT_APART inline void KLeast::take(const Entry& entry) {
    if (k_ <= sorted_up_to)
        insert(entry);
    else
        push(entry);
}

SPARSE_OT_APART inline const std::vector<KLeast::Entry>& KLeast::sorted() {
    if (k_ > sorted_up_to) std::sort(entries_.begin(), entries_.end(), before);
    return entries_;
}

}  // namespace sparse_ot
