// Python's arrays, as the bindings take and return them. A signature is a check: a different
// element type or rank, strides, or memory on a device raise TypeError before any of our code runs.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace sparse_ot::python {

namespace nb = nanobind;

template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Result = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

template <class T>
std::span<const T> view(const Vector<T>& x) {
    return {x.data(), x.shape(0)};
}

template <class T>
Result<T> give(std::vector<T>&& values) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return Result<T>(owned->data(), {owned->size()}, owner);
}

// Zeros that take no memory until they are touched, if the system supports it. (NumPy requests huge
// pages, and even the few entries of a plan touch all of those.)
inline Result<double> give_zeros(std::size_t count) {
    auto* zeros =
        static_cast<double*>(std::calloc(std::max<std::size_t>(count, 1), sizeof(double)));
    if (zeros == nullptr) throw std::bad_alloc();
    nb::capsule owner(zeros, [](void* p) noexcept { std::free(p); });
    return Result<double>(zeros, {count}, owner);
}

inline void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

}  // namespace sparse_ot::python
