// Costs of listed pairs.

#include "launch.cuh"

// Grid: x over blocks of kThreads pairs, one pair per thread.
// Bounds: the caller guarantees 0 <= rows < n and 0 <= cols < m; the last block may be partly
// empty.
// Writes costs (count,). Coordinates are added in order, as in the search.
//
// The points of a pair may be anywhere, so a thread that read its own coordinates one by one would
// use only a few bytes of every sector. The block therefore reads kDepth neighbouring coordinates
// of each point at once and passes them through shared memory: sources and targets as
// [coordinate][pair], one column wider than the block (no bank conflicts); 33.0 KB in double at 128
// threads and depth 16. Traffic: both points of every pair, once.
extern "C" __global__ void __launch_bounds__(kThreads)
    arc_costs(const Scalar* __restrict__ x, const Scalar* __restrict__ y,
              const long long* __restrict__ rows, const long long* __restrict__ cols,
              long long count, int d, Scalar* __restrict__ costs) {
    __shared__ Scalar sources[kDepth][kThreads + 1];
    __shared__ Scalar targets[kDepth][kThreads + 1];
    const long long first = static_cast<long long>(blockIdx.x) * kThreads;
    const int pairs = static_cast<int>(count - first < kThreads ? count - first : kThreads);
    const int thread = threadIdx.x;
    Metric metric;
    for (int base = 0; base < d; base += kDepth) {
        const int depth = d - base < kDepth ? d - base : kDepth;
        __syncthreads();  // all threads have used the previous stage
        for (int entry = thread; entry < pairs * depth; entry += kThreads) {
            const int pair = entry / depth;
            const int coordinate = entry - pair * depth;
            sources[coordinate][pair] = x[rows[first + pair] * d + base + coordinate];
            targets[coordinate][pair] = y[cols[first + pair] * d + base + coordinate];
        }
        __syncthreads();  // all threads have written this stage
        if (thread < pairs) {
            for (int coordinate = 0; coordinate < depth; ++coordinate) {
                metric.add(sources[coordinate][thread], targets[coordinate][thread]);
            }
        }
    }
    if (thread < pairs) costs[first + thread] = metric.cost();
}
