// Operations on eight doubles or sixteen floats at a time, in the registers the machine has.
//
// GCC and Clang have vector types whose operations compile to vector instructions; for other
// compilers the same struct is a plain array. Every operation rounds each lane as the scalar
// operation would, and nothing is fused or reassociated (the build sets -ffp-contract=off), so all
// compilers give the same bits.
//
// A function marked SPARSE_OT_CLONES is compiled both for the x86 baseline and for AVX2, and the
// right clone is chosen when the module is loaded, so that one wheel runs everywhere and fast.
// Everything it calls is inlined, since a separate function would be compiled for the baseline
// only. A callee that is rare and large is marked SPARSE_OT_APART and stays a separate function.
// Clones need the glibc loader. They are off under the address sanitizer, which would run in the
// resolver too early.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"  // everything here is inlined; no ABI is involved
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define SPARSE_OT_CLONES __attribute__((flatten, target_clones("default", "avx2")))
#define SPARSE_OT_APART __attribute__((noinline))
#else
#define SPARSE_OT_CLONES
#define SPARSE_OT_APART
#endif

namespace sparse_ot {

// Pack: 64 bytes of numbers.
#if defined(__GNUC__)

// Two halves of one AVX register each: compilers compare wider vectors element by element.
template <class T>
struct alignas(64) Pack {
    typedef T Half __attribute__((vector_size(32)));
    static constexpr int half = 32 / sizeof(T);
    static constexpr int size = 2 * half;

    Half low, high;

    [[nodiscard]] T operator[](int i) const { return i < half ? low[i] : high[i - half]; }
    void set(int i, T x) {
        if (i < half)
            low[i] = x;
        else
            high[i - half] = x;
    }
    [[nodiscard]] static Pack all(T x) {
        const Half same = x - Half{};  // a broadcast: x - 0 is x
        return {same, same};
    }

    [[nodiscard]] static Pack load(const T* x) {
        typedef T Anywhere __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
        return {*reinterpret_cast<const Anywhere*>(x),
                *reinterpret_cast<const Anywhere*>(x + half)};
    }

    friend Pack operator+(const Pack& a, const Pack& b) { return {a.low + b.low, a.high + b.high}; }
    friend Pack operator-(const Pack& a, const Pack& b) { return {a.low - b.low, a.high - b.high}; }
    friend Pack operator*(const Pack& a, const Pack& b) { return {a.low * b.low, a.high * b.high}; }
    friend Pack operator/(const Pack& a, const Pack& b) { return {a.low / b.low, a.high / b.high}; }
    friend Pack min(const Pack& a, const Pack& b) {
        return {a.low < b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
    }
    friend Pack max(const Pack& a, const Pack& b) {
        return {a.low > b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
    }

    // One bit per lane, set where this is at most `bar`.
    [[nodiscard]] unsigned at_most(const Pack& bar) const {
        return bits(low <= bar.low, high <= bar.high);
    }
    // One bit per lane, set where this is below `bar`.
    [[nodiscard]] unsigned below(const Pack& bar) const {
        return bits(low < bar.low, high < bar.high);
    }

private:
    template <class Mask>
    static unsigned bits(const Mask& first, const Mask& second) {
        Mask weight{};
        for (int i = 0; i < half; ++i) weight[i] = 1 << i;
        const Mask set = (first & weight) | (second & (weight << half));
        unsigned all_set = 0;
        for (int i = 0; i < half; ++i) all_set |= static_cast<unsigned>(set[i]);
        return all_set;
    }
};

#else

template <class T>
struct alignas(64) Pack {
    static constexpr int size = 64 / sizeof(T);

    T value[size];

    [[nodiscard]] T operator[](int i) const { return value[i]; }
    void set(int i, T x) { value[i] = x; }
    [[nodiscard]] static Pack all(T x) {
        Pack r;
        std::fill_n(r.value, size, x);
        return r;
    }

    [[nodiscard]] static Pack load(const T* x) {
        Pack r;
        std::copy_n(x, size, r.value);
        return r;
    }

    template <class Op>
    static Pack each(const Pack& a, const Pack& b, Op&& op) {
        Pack r;
        for (int i = 0; i < size; ++i) r.value[i] = op(a.value[i], b.value[i]);
        return r;
    }
    friend Pack operator+(const Pack& a, const Pack& b) { return each(a, b, std::plus<T>{}); }
    friend Pack operator-(const Pack& a, const Pack& b) { return each(a, b, std::minus<T>{}); }
    friend Pack operator*(const Pack& a, const Pack& b) { return each(a, b, std::multiplies<T>{}); }
    friend Pack operator/(const Pack& a, const Pack& b) { return each(a, b, std::divides<T>{}); }
    friend Pack min(const Pack& a, const Pack& b) {
        return each(a, b, [](T p, T q) { return p < q ? p : q; });
    }
    friend Pack max(const Pack& a, const Pack& b) {
        return each(a, b, [](T p, T q) { return p > q ? p : q; });
    }

    [[nodiscard]] unsigned at_most(const Pack& bar) const {
        unsigned bits = 0;
        for (int i = 0; i < size; ++i) bits |= static_cast<unsigned>(value[i] <= bar.value[i]) << i;
        return bits;
    }
    [[nodiscard]] unsigned below(const Pack& bar) const {
        unsigned bits = 0;
        for (int i = 0; i < size; ++i) bits |= static_cast<unsigned>(value[i] < bar.value[i]) << i;
        return bits;
    }
};

#endif

template <class T>
Pack<T> abs(const Pack<T>& a) {
    return max(a, Pack<T>::all(T{0}) - a);
}

template <class T>
Pack<T> sqrt(const Pack<T>& a) {
    Pack<T> r = a;
    for (int i = 0; i < Pack<T>::size; ++i) r.set(i, std::sqrt(a[i]));
    return r;
}

using Lanes = Pack<double>;
using FloatLanes = Pack<float>;

inline constexpr int n_lanes = Lanes::size;

[[nodiscard]] inline std::int64_t groups_for(std::int64_t items) {
    return (items + n_lanes - 1) / n_lanes;
}

// The lane of an item in its group.
[[nodiscard]] inline int lane_of(std::int64_t item) { return static_cast<int>(item % n_lanes); }

}  // namespace sparse_ot

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
