// The search shared by knn.cu and pricing.cu: for each source, the k targets of smallest key.
//
// There is no memory for all n m pairs, so every pair is computed once, in registers, and not
// stored. A block has kThreads sources, one per thread. It walks over a slice of the targets in
// tiles of kTargets, and over the coordinates of a tile in stages of kDepth:
//
//     for each tile of targets
//         for each stage of coordinates: load sources and targets into shared memory;
//             each thread adds its source's coordinates to kTargets accumulators
//         each thread offers kTargets costs to its shortlist
//
// Work: n m d additions to a metric, and n m comparisons with the worst entry of a list. Few
// entries beat it, about k log(m / k) per source. In the inner loop a thread reads one coordinate
// of its own and kTargets that the whole warp shares (broadcasts, four to a load).
//
// Memory traffic of a block: the targets of its slice once, and its own sources once per tile, or
// only once if they have at most kDepth coordinates. Reads are along coordinates, and therefore
// coalesced if points have many coordinates.
//
// Bounds: up to 2^30 sources and targets, so that indices of points fit an int; positions of
// coordinates have 64 bits.
//
// Shared memory (Stage): sources as [coordinate][thread], one column wider than the block so that
// writes along coordinates fall into different banks; targets as [coordinate][target], padded by
// four, which keeps rows aligned to 16 bytes. 20.9 KB in double at 128 threads, 32 targets,
// depth 16.
//
// Slices of the targets (gridDim.y) keep a large device busy when there are few sources. A second
// kernel merges their shortlists. Neither the order of entries, by key and then by index, nor the
// result depends on the slicing.

#ifndef SPARSE_OT_SEARCH_CUH
#define SPARSE_OT_SEARCH_CUH

#include "launch.cuh"

/// Targets per tile: the accumulators that a thread holds in registers.
constexpr int kTargets = SPARSE_OT_TARGETS;
/// Largest k: the size of a list of neighbours.
constexpr int kMaxNeighbours = SPARSE_OT_MAX_NEIGHBOURS;

static_assert(kTargets % 4 == 0, "rows of the target tile are read four at a time");

/// Whether one key ranks before another: smaller first, NaN last, after infinity.
__device__ inline bool precedes(Key one, Key other) {
    return one < other || (other != other && one == one);
}

/// The best entries so far of one source, in one thread's local memory.
///
/// Invariant: sorted by key, equal keys in the order in which they were offered. Targets are
/// offered by increasing index, so ties go to the smaller index.
struct Shortlist {
    Key keys[kMaxNeighbours];
    Scalar costs[kMaxNeighbours];
    int targets[kMaxNeighbours];
    int capacity;
    int length;
    Key worst;  // the last key, in a register: most offers fail against it

    __device__ explicit Shortlist(int k) : capacity(k), length(0), worst(Key(0)) {}

    /// Whether an entry with this key would be rejected.
    __device__ bool refuses(Key key) const { return length == capacity && !precedes(key, worst); }

    __device__ void offer(Key key, Scalar cost, int target) {
        if (refuses(key)) return;
        int place = length < capacity ? length++ : capacity - 1;
        for (; place > 0 && precedes(key, keys[place - 1]); --place) {
            keys[place] = keys[place - 1];
            costs[place] = costs[place - 1];
            targets[place] = targets[place - 1];
        }
        keys[place] = key;
        costs[place] = cost;
        targets[place] = target;
        worst = keys[length - 1];
    }

    /// Write `capacity` entries; places without an entry hold the target -1.
    __device__ void store(Key* to_keys, Scalar* to_costs, int* to_targets) const {
        for (int place = 0; place < capacity; ++place) {
            const bool taken = place < length;
            to_keys[place] = taken ? keys[place] : Key(0);
            to_costs[place] = taken ? costs[place] : Scalar(0);
            to_targets[place] = taken ? targets[place] : -1;
        }
    }

    /// Offer the lists of all slices of one source, (slices, capacity), in the order of the slices.
    __device__ void merge(const Key* from_keys, const Scalar* from_costs, const int* from_targets,
                          int slices) {
        for (int slice = 0; slice < slices; ++slice) {
            for (int place = 0; place < capacity; ++place) {
                const int entry = slice * capacity + place;
                if (from_targets[entry] < 0 || refuses(from_keys[entry])) break;
                offer(from_keys[entry], from_costs[entry], from_targets[entry]);
            }
        }
    }
};

/// Shared memory of a block: one stage of coordinates, of its sources and of a tile of targets.
struct alignas(16) Stage {
    Scalar targets[kDepth][kTargets + 4];
    Scalar sources[kDepth][kThreads + 1];
};

/// Load `depth` coordinates, from `base` on, of `count` points, from `first` on, as
/// [coordinate][point]. Points from `end` on are zeros. All threads of the block must call this.
template <int kWidth>
__device__ inline void load_stage(Scalar (*stage)[kWidth], const Scalar* points, int first, int end,
                                  int count, int base, int depth, int d) {
    for (int entry = threadIdx.x; entry < count * depth; entry += kThreads) {
        const int point = entry / depth;
        const int coordinate = entry - point * depth;
        stage[coordinate][point] =
            point < end - first
                ? points[static_cast<long long>(first + point) * d + base + coordinate]
                : Scalar(0);
    }
}

/// Offer the targets [first, last) to the shortlist of this thread's source.
///
/// All threads of the block must call this, including those without a source: they load
/// coordinates and wait at the same barriers. Targets are ranked by `key_of(cost, target)`.
template <class KeyOf>
__device__ inline void search(Stage& stage, const Scalar* x, const Scalar* y, int n, int d,
                              int first, int last, KeyOf key_of, Shortlist& shortlist) {
    const int block_first = blockIdx.x * kThreads;
    const bool sources_stay = d <= kDepth;
    for (int tile = first; tile < last; tile += kTargets) {
        Metric pairs[kTargets];
        for (int base = 0; base < d; base += kDepth) {
            const int depth = d - base < kDepth ? d - base : kDepth;
            __syncthreads();  // all threads have used the previous stage
            if (tile == first || !sources_stay) {
                load_stage(stage.sources, x, block_first, n, kThreads, base, depth, d);
            }
            load_stage(stage.targets, y, tile, last, kTargets, base, depth, d);
            __syncthreads();  // all threads have written this stage
            for (int coordinate = 0; coordinate < depth; ++coordinate) {
                const Scalar own = stage.sources[coordinate][threadIdx.x];
#pragma unroll
                for (int target = 0; target < kTargets; ++target) {
                    pairs[target].add(own, stage.targets[coordinate][target]);
                }
            }
        }
#pragma unroll
        for (int target = 0; target < kTargets; ++target) {
            if (tile + target < last) {
                const Scalar cost = pairs[target].cost();
                shortlist.offer(key_of(cost, tile + target), cost, tile + target);
            }
        }
    }
}

#endif
