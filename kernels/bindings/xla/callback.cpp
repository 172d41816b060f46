// Host functions written in Python, called by XLA on the CPU, and the table of all our targets.
//
// JAX's own callback first copies its arguments to a device and waits for that in the same pool in
// which it runs: with one core and a megabyte it waits forever. Here Python gets views of the
// buffers, and nothing waits. The attribute `function` names an entry of the module's dictionary
// `host_functions`, which is called with lists of input and output arrays.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "call.hpp"

namespace nb = nanobind;

namespace sparse_ot::xla {

Error* network_simplex(CallFrame* frame);  // network_simplex.cpp

namespace {

PyObject* host_functions = nullptr;  // lives as long as the process

nb::dlpack::dtype element_type(DataType dtype) {
    switch (dtype) {
        case DataType::f64:
            return nb::dtype<double>();
        case DataType::f32:
            return nb::dtype<float>();
        case DataType::s64:
            return nb::dtype<std::int64_t>();
        case DataType::s32:
            return nb::dtype<std::int32_t>();
        default:
            throw std::invalid_argument("arrays must be float32, float64, int32 or int64");
    }
}

template <class... Kind>
nb::list as_arrays(const Buffers& buffers) {
    nb::list arrays;
    for (std::int64_t k = 0; k < buffers.size; ++k) {
        const Buffer& x = *buffers.values[k];
        const std::vector<std::size_t> shape(x.dims, x.dims + x.rank);
        nb::ndarray<nb::numpy, Kind...> array(x.data, shape.size(), shape.data(), nb::handle(),
                                              nullptr, element_type(x.dtype));
        arrays.append(nb::cast(array, nb::rv_policy::reference));
    }
    return arrays;
}

Error* python_function(CallFrame* frame) {
    return handle(frame, [](const CallFrame& call) {
        const auto* name =
            static_cast<const ByteSpan*>(find_attribute(call, "function", AttributeType::string));
        const nb::gil_scoped_acquire gil;
        const nb::object function =
            nb::borrow<nb::dict>(host_functions)[nb::str(name->ptr, name->len)];
        function(as_arrays<nb::ro>(call.args), as_arrays<>(call.results));
    });
}

}  // namespace

void bind_xla(nb::module_& m) {
    const nb::dict functions;
    host_functions = functions.inc_ref().ptr();
    m.attr("host_functions") = functions;
    m.def(
        "xla_ffi_targets",
        [] {
            nb::dict targets;
            targets["sparse_ot_network_simplex"] =
                nb::capsule(reinterpret_cast<void*>(&network_simplex));
            targets["sparse_ot_python"] = nb::capsule(reinterpret_cast<void*>(&python_function));
            return targets;
        },
        "Capsules with the foreign functions for XLA's CPU platform, by name.");
}

}  // namespace sparse_ot::xla
