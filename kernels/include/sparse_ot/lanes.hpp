// Eight doubles at a time, in whatever registers the machine has.
//
// GCC and Clang lower one operation on a vector type to one AVX-512 instruction, two of AVX, four
// of SSE or NEON; elsewhere the same struct is eight plain doubles. Every operation rounds each
// lane as the scalar operation would, and nothing is fused or reassociated (the build says
// -ffp-contract=off), so all of them give the same bits.
//
// A function marked SPARSE_OT_CLONES is compiled for several generations of x86 and the fitting one
// is chosen when the module is loaded, so that one wheel runs everywhere and fast. All it calls is
// inlined, or it would be called as compiled for the oldest; what should not be, because it is rare
// and large, is marked SPARSE_OT_APART. Clones need the loader of glibc, and stay away from
// sanitizers, which would run in the resolver too early.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"  // everything here is inlined; no ABI is involved
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define SPARSE_OT_CLONES \
    __attribute__((flatten, target_clones("default", "arch=haswell", "arch=skylake-avx512")))
#define SPARSE_OT_APART __attribute__((noinline))
#else
#define SPARSE_OT_CLONES
#define SPARSE_OT_APART
#endif

namespace sparse_ot {

inline constexpr int n_lanes = 8;

struct alignas(64) Lanes {
#if defined(__GNUC__)
    typedef double Vector __attribute__((vector_size(64)));
    Vector value;
#else
    double value[n_lanes];
#endif

    [[nodiscard]] double operator[](int lane) const { return value[lane]; }
    void set(int lane, double x) { value[lane] = x; }

    [[nodiscard]] static Lanes all(double x) {
        Lanes r;
        for (int i = 0; i < n_lanes; ++i) r.value[i] = x;
        return r;
    }

#if defined(__GNUC__)
    friend Lanes operator+(const Lanes& a, const Lanes& b) { return {a.value + b.value}; }
    friend Lanes operator-(const Lanes& a, const Lanes& b) { return {a.value - b.value}; }
    friend Lanes operator*(const Lanes& a, const Lanes& b) { return {a.value * b.value}; }
    friend Lanes max(const Lanes& a, const Lanes& b) {
        return {a.value > b.value ? a.value : b.value};
    }
#else
    template <class Op>
    static Lanes each(const Lanes& a, const Lanes& b, Op&& op) {
        Lanes r;
        for (int i = 0; i < n_lanes; ++i) r.value[i] = op(a.value[i], b.value[i]);
        return r;
    }
    friend Lanes operator+(const Lanes& a, const Lanes& b) {
        return each(a, b, [](double p, double q) { return p + q; });
    }
    friend Lanes operator-(const Lanes& a, const Lanes& b) {
        return each(a, b, [](double p, double q) { return p - q; });
    }
    friend Lanes operator*(const Lanes& a, const Lanes& b) {
        return each(a, b, [](double p, double q) { return p * q; });
    }
    friend Lanes max(const Lanes& a, const Lanes& b) {
        return each(a, b, [](double p, double q) { return p > q ? p : q; });
    }
#endif
    friend Lanes abs(const Lanes& a) { return max(a, all(0.0) - a); }
    friend Lanes sqrt(const Lanes& a) {
        Lanes r;
        for (int i = 0; i < n_lanes; ++i) r.value[i] = std::sqrt(a.value[i]);
        return r;
    }

    // One bit a lane: is it at most `bar`?
    [[nodiscard]] unsigned at_most(double bar) const {
        unsigned bits = 0;
        for (int i = 0; i < n_lanes; ++i) bits |= static_cast<unsigned>(value[i] <= bar) << i;
        return bits;
    }
};

}  // namespace sparse_ot

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
