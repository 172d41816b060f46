// Costs of listed pairs.

#include "launch.cuh"

// Grid: x over blocks of kThreads pairs, one a thread.
// Bounds: 0 <= rows < n and 0 <= cols < m are the caller's to guarantee; the last block may be
// partly empty. Writes costs (count,). Adds coordinates in their order, as the search does.
//
// A pair's points lie anywhere, so a thread that read its own coordinates one by one would use a
// few bytes of every sector. The block reads kDepth neighbouring coordinates of each point at once,
// and hands them over through shared memory: sources and targets as [coordinate][pair], one column
// wider than the block (banks); 33.0 KB in double at 128 threads and depth 16. Traffic: both points
// of every pair, once.
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
        __syncthreads();  // the stage before this one has been used by all
        for (int entry = thread; entry < pairs * depth; entry += kThreads) {
            const int pair = entry / depth;
            const int coordinate = entry - pair * depth;
            sources[coordinate][pair] = x[rows[first + pair] * d + base + coordinate];
            targets[coordinate][pair] = y[cols[first + pair] * d + base + coordinate];
        }
        __syncthreads();  // this stage has been written by all
        if (thread < pairs) {
            for (int coordinate = 0; coordinate < depth; ++coordinate) {
                metric.add(sources[coordinate][thread], targets[coordinate][thread]);
            }
        }
    }
    if (thread < pairs) costs[first + thread] = metric.cost();
}
