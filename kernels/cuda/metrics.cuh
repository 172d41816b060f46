// The metrics, one coordinate at a time.
//
// A metric is an accumulator: start from nothing, `add` the coordinates of a pair in order, ask for
// the `cost`. A pair then needs one register however many coordinates it has, and every kernel that
// adds in the order 0, 1, ..., d - 1 gets the same bits for the same pair. What the neighbour
// search says a pair costs is what the arc costs say it costs.
//
// Arithmetic is in the type of the points, from differences of coordinates: |x|^2 + |y|^2 - 2 x.y
// would be faster and loses every digit for near neighbours far from the origin. The fused
// multiply-add is written out, so that the result does not hang on what a compiler contracts. A NaN
// coordinate makes the cost NaN under every metric. CuPy compiles with denormals flushed to zero:
// float32 costs below 1.2e-38 are 0.
//
// Adding two zeros changes nothing under any metric; the kernels fill up their tiles with zeros.
//
// Everything is host and device code: the tests run it on the CPU.

#ifndef SPARSE_OT_METRICS_CUH
#define SPARSE_OT_METRICS_CUH

/// Sum of squared differences.
template <class T>
struct Sqeuclidean {
    T sum = T(0);

    __host__ __device__ void add(T x, T y) {
        const T difference = x - y;
        sum = fma(difference, difference, sum);
    }
    __host__ __device__ T cost() const { return sum; }
};

/// The square root of it.
template <class T>
struct Euclidean : Sqeuclidean<T> {
    __host__ __device__ T cost() const { return sqrt(this->sum); }
};

/// One minus the cosine: half the squared chord between unit vectors, which does not cancel. The
/// caller has divided every point by its length.
template <class T>
struct Cosine : Sqeuclidean<T> {
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
        // Not fmax, which would forget a NaN. One that is in stays in: nothing compares greater.
        if (difference > largest || difference != difference) largest = difference;
    }
    __host__ __device__ T cost() const { return largest; }
};

#endif
