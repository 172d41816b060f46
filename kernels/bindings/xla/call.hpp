// A foreign-function call as C++ sees it: operands of any batch shape, attributes by name, and
// failure as a status instead of an exception.
//
// Under vmap an array gets leading axes: of the size of the batch if it differs from problem to
// problem, of size 1 if all problems share it. `Operand` hides the difference.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "abi.hpp"

namespace sparse_ot::xla {

inline std::int64_t product(std::span<const std::int64_t> sizes) {
    std::int64_t count = 1;
    for (std::int64_t size : sizes) count *= size;
    return count;
}

inline std::span<const std::int64_t> dims_of(const Buffer& x) {
    return {x.dims, static_cast<std::size_t>(x.rank)};
}

// The numbers of one problem as T; not copied if they are T already.
template <class T>
class Values {
public:
    template <class From>
    static Values convert(const From* first, std::int64_t count) {
        Values out;
        if constexpr (std::is_same_v<From, T>)
            out.view_ = {first, static_cast<std::size_t>(count)};
        else
            out.copy_.assign(first, first + count);
        return out;
    }
    [[nodiscard]] std::span<const T> view() const {
        return copy_.empty() ? view_ : std::span<const T>(copy_);
    }

private:
    std::vector<T> copy_;
    std::span<const T> view_;
};

class Operand {
public:
    // `core_rank`: the number of axes of one problem; the axes before them belong to the batch.
    Operand(const Buffer& buffer, std::int64_t core_rank, std::span<const std::int64_t> batch)
        : buffer_(buffer), batch_(batch), core_(dims_of(buffer)) {
        const auto leading = static_cast<std::size_t>(buffer.rank - core_rank);
        if (buffer.rank < core_rank || leading != batch.size())
            throw std::invalid_argument("an array has too few or too many axes");
        for (std::size_t axis = 0; axis < leading; ++axis)
            if (core_[axis] != 1 && core_[axis] != batch[axis])
                throw std::invalid_argument("a batch axis fits neither the batch nor one problem");
        own_batch_ = core_.first(leading);
        core_ = core_.subspan(leading);
        size_ = product(core_);
    }

    [[nodiscard]] std::int64_t size() const { return size_; }
    [[nodiscard]] DataType dtype() const { return buffer_.dtype; }
    [[nodiscard]] bool is(DataType dtype) const { return buffer_.dtype == dtype; }

    template <class T>
    [[nodiscard]] T* data(std::int64_t problem) const {
        return static_cast<T*>(buffer_.data) + place(problem) * size_;
    }

    template <class T>
    [[nodiscard]] Values<T> values(std::int64_t problem) const {
        switch (buffer_.dtype) {
            case DataType::f64:
                return Values<T>::convert(data<const double>(problem), size_);
            case DataType::f32:
                return Values<T>::convert(data<const float>(problem), size_);
            case DataType::s64:
                return Values<T>::convert(data<const std::int64_t>(problem), size_);
            case DataType::s32:
                return Values<T>::convert(data<const std::int32_t>(problem), size_);
            default:
                throw std::invalid_argument("arrays must be float32, float64, int32 or int64");
        }
    }

    // Writes the results of one problem, converted to the type of the buffer.
    template <class T>
    void write(std::int64_t problem, std::span<const T> results) const {
        const auto copy = [&](auto* out) {
            using Out = std::remove_pointer_t<decltype(out)>;
            for (std::size_t k = 0; k < results.size(); ++k) out[k] = static_cast<Out>(results[k]);
        };
        switch (buffer_.dtype) {
            case DataType::f64:
                return copy(data<double>(problem));
            case DataType::f32:
                return copy(data<float>(problem));
            case DataType::s64:
                return copy(data<std::int64_t>(problem));
            case DataType::s32:
                return copy(data<std::int32_t>(problem));
            default:
                throw std::invalid_argument("results must be float32, float64, int32 or int64");
        }
    }

private:
    // The position of a problem's numbers in the buffer, in units of one problem; axes of size 1 do
    // not count.
    [[nodiscard]] std::int64_t place(std::int64_t problem) const {
        std::int64_t place = 0, stride = 1;
        for (std::size_t axis = batch_.size(); axis-- > 0;) {
            if (own_batch_[axis] != 1) {
                place += problem % batch_[axis] * stride;
                stride *= own_batch_[axis];
            }
            problem /= batch_[axis];
        }
        return place;
    }

    const Buffer& buffer_;
    std::span<const std::int64_t> batch_, own_batch_, core_;
    std::int64_t size_ = 0;
};

inline const void* find_attribute(const CallFrame& frame, std::string_view name,
                                  AttributeType type) {
    const Attributes& all = frame.attributes;
    for (std::int64_t k = 0; k < all.size; ++k)
        if (std::string_view(all.names[k]->ptr, all.names[k]->len) == name && all.types[k] == type)
            return all.values[k];
    throw std::invalid_argument("missing attribute " + std::string(name));
}

template <class T>
T attribute(const CallFrame& frame, std::string_view name) {
    const auto* scalar =
        static_cast<const Scalar*>(find_attribute(frame, name, AttributeType::scalar));
    constexpr DataType expected = std::is_same_v<T, double> ? DataType::f64 : DataType::s64;
    if (scalar->dtype != expected)
        throw std::invalid_argument("attribute " + std::string(name) + " has the wrong type");
    T value;
    std::memcpy(&value, scalar->value, sizeof value);
    return value;
}

inline Error* fail(const CallFrame& frame, ErrorCode code, const char* message) {
    ErrorCreateArgs args{offsetof(ErrorCreateArgs, code) + sizeof(code), nullptr, message, code};
    return frame.api->create_error(&args);
}

// Answers a query for the version of this handler; false if the frame is not such a query.
inline bool answer_metadata(CallFrame& frame) {
    if (!frame.extensions || frame.extensions->type != ExtensionType::metadata) return false;
    Metadata& metadata = *reinterpret_cast<MetadataExtension*>(frame.extensions)->metadata;
    metadata.api_version = {sizeof(ApiVersion), nullptr, api_major, api_minor};
    metadata.traits = 0;
    return true;
}

// Wraps a handler: answers metadata queries, runs `body` only in the execute stage, and turns
// exceptions into errors.
template <class Body>
Error* handle(CallFrame* frame, Body&& body) {
    if (answer_metadata(*frame) || frame->stage != Stage::execute) return nullptr;
    try {
        body(*frame);
        return nullptr;
    } catch (const std::invalid_argument& error) {
        return fail(*frame, ErrorCode::invalid_argument, error.what());
    } catch (const std::bad_alloc&) {
        return fail(*frame, ErrorCode::resource_exhausted, "sparse_ot: out of memory");
    } catch (const std::exception& error) {
        return fail(*frame, ErrorCode::internal, error.what());
    }
}

}  // namespace sparse_ot::xla
