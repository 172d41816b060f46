// The masses of a Python object: its arrays, and the integers made from them once.
#pragma once

#include <memory>
#include <utility>

#include "arrays.hpp"
#include "sparse_ot/base/given_masses.hpp"

namespace sparse_ot::python {

class PythonMasses {
public:
    PythonMasses(Vector<double> a, Vector<double> b, double totals_tolerance) {
        require(a.shape(0) > 0 && b.shape(0) > 0, "a and b must not be empty");
        require(a.shape(0) + b.shape(0) < std::size_t{1} << 31, "at most 2^31 nodes");
        const nb::gil_scoped_release release;
        held_ = std::make_shared<Held>(std::move(a), std::move(b), totals_tolerance);
    }

    // Keeps itself and Python's arrays alive as long as it is referenced.
    [[nodiscard]] std::shared_ptr<const GivenMasses> given() const {
        return {held_, &held_->masses};
    }
    [[nodiscard]] std::size_t n() const { return held_->a.shape(0); }
    [[nodiscard]] std::size_t m() const { return held_->b.shape(0); }

private:
    struct Held {
        Held(Vector<double> of_a, Vector<double> of_b, double totals_tolerance)
            : a(std::move(of_a)), b(std::move(of_b)), masses(view(a), view(b), totals_tolerance) {}
        Vector<double> a, b;
        GivenMasses masses;
    };
    std::shared_ptr<const Held> held_;
};

}  // namespace sparse_ot::python
