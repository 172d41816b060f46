// The metrics, one coordinate at a time, under the names that they have in the core.
//
// A metric is an accumulator: construct it, `add` the coordinates of a pair in order, then ask for
// the `cost`. A pair needs one or two registers, whatever the number of coordinates, and every
// kernel that adds in the order 0, 1, ..., d - 1 gets the same bits for the same pair. The costs of
// the neighbour search are therefore equal to those of arc_costs.cu.
//
// Arithmetic is in the type of the points, from differences of coordinates: |x|^2 + |y|^2 - 2 x.y
// would be faster, but loses every digit of near neighbours far from the origin. The fused
// multiply-add is explicit, so that the result does not depend on what a compiler contracts. A NaN
// coordinate makes the cost NaN under every metric. CuPy compiles with denormals flushed to zero:
// float32 costs below 1.2e-38 are 0.
//
// Adding two zeros changes nothing under any metric; the kernels pad their tiles with zeros.
//
// Everything is host and device code: the tests run it on the CPU.

#ifndef SPARSE_OT_METRICS_CUH
#define SPARSE_OT_METRICS_CUH

/// Sum of squared differences.
template <class T>
struct SqEuclidean {
    T sum = T(0);

    __host__ __device__ void add(T x, T y) {
        const T difference = x - y;
        sum = fma(difference, difference, sum);
    }
    __host__ __device__ T cost() const { return sum; }
};

/// Square root of the sum of squared differences.
template <class T>
struct Euclidean : SqEuclidean<T> {
    __host__ __device__ T cost() const { return sqrt(this->sum); }
};

/// Half the sum of squared differences: one minus the cosine, as callers pass unit vectors.
template <class T>
struct HalfSqEuclidean : SqEuclidean<T> {
    __host__ __device__ T cost() const { return T(0.5) * this->sum; }
};

/// Sum of absolute differences.
template <class T>
struct Cityblock {
    T sum = T(0);

    __host__ __device__ void add(T x, T y) { sum += fabs(x - y); }
    __host__ __device__ T cost() const { return sum; }
};

/// Largest absolute difference.
template <class T>
struct Chebyshev {
    T largest = T(0);

    __host__ __device__ void add(T x, T y) {
        const T difference = fabs(x - y);
        // Not fmax, which would drop a NaN. Here a NaN stays, because nothing compares greater.
        if (difference > largest || difference != difference) largest = difference;
    }
    __host__ __device__ T cost() const { return largest; }
};

#ifndef SPARSE_OT_P  // the parameter of metrics that have one
#define SPARSE_OT_P 1.0
#endif

/// The p-norm of the differences: the largest one times the p-th root of the sum of powers of their
/// ratios to it, which cannot overflow. A new largest difference scales the sum down.
template <class T>
struct Minkowski {
    T largest = T(0);
    T sum = T(0);

    __host__ __device__ void add(T x, T y) {
        const T difference = fabs(x - y);
        if (difference > largest || difference != difference) {
            sum = fma(sum, pow(largest / difference, T(SPARSE_OT_P)), T(1));
            largest = difference;
        } else if (difference > T(0) || largest != largest) {
            sum += pow(difference / largest, T(SPARSE_OT_P));
        }
    }
    __host__ __device__ T cost() const { return largest * pow(sum, T(1.0 / SPARSE_OT_P)); }
};

#endif
