// The part of XLA's foreign-function interface that a handler needs, declared independently.
//
// XLA calls a handler with one `CallFrame`: buffers in, buffers out, attributes. The binary layout
// is a stable C interface: every struct starts with its size, and newer versions only add members
// at the end. Version 0.1 (jaxlib 0.5.3) is declared here because a runtime accepts handlers of its
// own version and of older ones, but not of newer ones. It is declared rather than included, so
// that building this package needs no jaxlib and the layout cannot change unnoticed.
// tests/backends/jax/test_abi.py compares every offset with the header shipped by the installed
// jaxlib.
//
// Reference: xla/ffi/api/c_api.h of the OpenXLA project.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sparse_ot::xla {

inline constexpr int api_major = 0;
inline constexpr int api_minor = 1;

enum class DataType : std::int32_t {
    predicate = 1,
    s8 = 2,
    s16 = 3,
    s32 = 4,
    s64 = 5,
    u8 = 6,
    u16 = 7,
    u32 = 8,
    u64 = 9,
    f32 = 11,
    f64 = 12
};
enum class ErrorCode : std::int32_t { invalid_argument = 3, resource_exhausted = 8, internal = 13 };
enum class AttributeType : std::int32_t { array = 1, dictionary = 2, scalar = 3, string = 4 };
enum class Stage : std::int32_t { instantiate = 0, prepare = 1, initialize = 2, execute = 3 };
enum class ExtensionType : std::int32_t { metadata = 1 };

struct Error;  // made and destroyed by XLA

struct Extension {
    std::size_t struct_size;
    ExtensionType type;
    Extension* next;
};

struct ApiVersion {
    std::size_t struct_size;
    Extension* extensions;
    int major_version;
    int minor_version;
};

struct Metadata {
    std::size_t struct_size;
    ApiVersion api_version;
    std::uint32_t traits;
};

struct MetadataExtension {
    Extension base;
    Metadata* metadata;
};

struct Buffer {
    std::size_t struct_size;
    Extension* extensions;
    DataType dtype;
    void* data;
    std::int64_t rank;
    std::int64_t* dims;
};

struct ByteSpan {
    const char* ptr;
    std::size_t len;
};

struct Scalar {
    DataType dtype;
    void* value;
};

// Arguments and results alike.
struct Buffers {
    std::size_t struct_size;
    Extension* extensions;
    std::int64_t size;
    std::int32_t* types;
    Buffer** values;
};

struct Attributes {  // sorted by name
    std::size_t struct_size;
    Extension* extensions;
    std::int64_t size;
    AttributeType* types;
    ByteSpan** names;
    void** values;  // Scalar* or ByteSpan*
};

struct ErrorCreateArgs {
    std::size_t struct_size;
    Extension* extensions;
    const char* message;
    ErrorCode code;
};

struct Api {  // only its beginning
    std::size_t struct_size;
    Extension* extensions;
    ApiVersion api_version;
    const void* internal_api;
    Error* (*create_error)(ErrorCreateArgs*);
};

struct CallFrame {
    std::size_t struct_size;
    Extension* extensions;
    const Api* api;
    void* context;
    Stage stage;
    Buffers args;
    Buffers results;
    Attributes attributes;
};

using Handler = Error*(CallFrame*);

}  // namespace sparse_ot::xla
