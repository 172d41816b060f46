// Pricing: finds the pairs that would improve a plan, and how good the potentials are.
//
// For each source i it computes the row minimum, min_j cost(i, j) - v[j], from which a feasible
// dual and a lower bound follow, and at most k pairs with the most negative reduced cost, cost(i,
// j) - u[i] - v[j] < 0. Both follow from one search with the key cost - v, which is
// nearest_of_slice of knn.cu with -v as offset: the first entry is the minimum, and subtracting
// u[i] does not change the order within a row.
//
// Keys are double for any type of points, because a lower bound is a sum over them.

#include "search.cuh"

static_assert(sizeof(Key) == sizeof(double), "prices are compared in double");

// Grid: x over blocks of kThreads sources, one source per thread. No shared memory.
// Reads the lists of `slices` slices, (n, slices, k), and u (n,).
// Writes row_minima (n,), +infinity if there is no target, and cols, negative_costs (n, k): most
// negative first; places without a negative pair hold -1 and 0.
extern "C" __global__ void __launch_bounds__(kThreads)
    most_negative(const double* __restrict__ keys, const Scalar* __restrict__ costs,
                  const int* __restrict__ targets, const double* __restrict__ u, int n, int slices,
                  int k, double* __restrict__ row_minima, long long* __restrict__ cols,
                  Scalar* __restrict__ negative_costs) {
    const int source = blockIdx.x * kThreads + threadIdx.x;
    if (source >= n) return;
    Shortlist shortlist(k);
    const long long from = static_cast<long long>(source) * slices * k;
    shortlist.merge(keys + from, costs + from, targets + from, slices);
    row_minima[source] = shortlist.length > 0 ? shortlist.keys[0] : 1.0 / 0.0;
    const long long to = static_cast<long long>(source) * k;
    for (int place = 0; place < k; ++place) {
        const bool negative = place < shortlist.length && shortlist.keys[place] - u[source] < 0.0;
        cols[to + place] = negative ? shortlist.targets[place] : -1;
        negative_costs[to + place] = negative ? shortlist.costs[place] : Scalar(0);
    }
}
