// What the launching side chooses: types, metric, and sizes of tiles.
//
// All values come from one place, the table in sparse_ot/backends/cupy/kernels.py, as -D options of
// the compiler; no kernel repeats them.

#ifndef SPARSE_OT_LAUNCH_CUH
#define SPARSE_OT_LAUNCH_CUH

#include "metrics.cuh"

using Scalar = SPARSE_OT_SCALAR;          // float or double: coordinates and costs
using Key = SPARSE_OT_KEY;                // type of ranking keys: Scalar, or double with offsets
using Metric = SPARSE_OT_METRIC<Scalar>;  // a class of metrics.cuh

/// Threads per block. Each thread has one source, or one pair.
constexpr int kThreads = SPARSE_OT_THREADS;
/// Coordinates per stage in shared memory.
constexpr int kDepth = SPARSE_OT_DEPTH;

#endif
