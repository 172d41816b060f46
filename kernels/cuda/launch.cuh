// What the launching side decides: types, metric, and sizes of tiles.
//
// The values come from one place, the table in sparse_ot/backends/cupy/kernels.py, as -D options of
// the compiler; no kernel repeats one.

#ifndef SPARSE_OT_LAUNCH_CUH
#define SPARSE_OT_LAUNCH_CUH

#include "metrics.cuh"

using Scalar = SPARSE_OT_SCALAR;  // float or double: coordinates and costs
using Key = SPARSE_OT_KEY;        // what targets are ranked by: Scalar, or double with offsets
using Metric = SPARSE_OT_METRIC<Scalar>;  // a class of metrics.cuh

/// Threads of a block. Each has a source of its own, or a pair.
constexpr int kThreads = SPARSE_OT_THREADS;
/// Coordinates staged in shared memory at a time.
constexpr int kDepth = SPARSE_OT_DEPTH;

#endif
