// Finds the k nearest targets of every source in two steps: per slice of the targets, then over all
// slices. search.cuh describes the method and its cost.

#include "search.cuh"

// Grid: x over blocks of kThreads sources, y over slices of `width` targets.
// Bounds: 1 <= k <= kMaxNeighbours, d >= 1, n and m up to 2^30; the last block and the last slice
// may be partly empty. `offset` (m,), or null, is added to the cost of every pair with that target.
// Writes keys, costs, targets (n, gridDim.y, k): each list sorted, -1 where a slice has fewer than
// k targets.
// Reads x (n, d) and y (m, d), rows contiguous.
extern "C" __global__ void __launch_bounds__(kThreads)
    nearest_of_slice(const Scalar* __restrict__ x, const Scalar* __restrict__ y,
                     const Key* __restrict__ offset, int n, int m, int d, int k, int width,
                     Key* __restrict__ keys, Scalar* __restrict__ costs,
                     int* __restrict__ targets) {
    __shared__ Stage stage;
    Shortlist shortlist(k);
    const int first = blockIdx.y * width;
    const int last = m - first < width ? m : first + width;
    const auto key_of = [offset](Scalar cost, int target) {
        return offset ? Key(cost) + offset[target] : Key(cost);
    };
    search(stage, x, y, n, d, first, last, key_of, shortlist);
    const int source = blockIdx.x * kThreads + threadIdx.x;
    if (source >= n) return;
    const long long place = (static_cast<long long>(source) * gridDim.y + blockIdx.y) * k;
    shortlist.store(keys + place, costs + place, targets + place);
}

// Grid: x over blocks of kThreads sources, one source per thread. No shared memory.
// Reads the lists of `slices` slices, (n, slices, k), each once.
// Writes (n, k): smallest key first, ties by smaller index; index -1 and cost 0 if there are fewer
// than k targets.
extern "C" __global__ void __launch_bounds__(kThreads)
    nearest_of_all(const Key* __restrict__ keys, const Scalar* __restrict__ costs,
                   const int* __restrict__ targets, int n, int slices, int k,
                   long long* __restrict__ indices, Scalar* __restrict__ nearest_costs) {
    const int source = blockIdx.x * kThreads + threadIdx.x;
    if (source >= n) return;
    Shortlist shortlist(k);
    const long long from = static_cast<long long>(source) * slices * k;
    shortlist.merge(keys + from, costs + from, targets + from, slices);
    const long long to = static_cast<long long>(source) * k;
    for (int place = 0; place < k; ++place) {
        const bool taken = place < shortlist.length;
        indices[to + place] = taken ? shortlist.targets[place] : -1;
        nearest_costs[to + place] = taken ? shortlist.costs[place] : Scalar(0);
    }
}
