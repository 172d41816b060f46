// The arcs of a problem as the caller lists them: three arrays, or all entries of a matrix.
//
// A solve passes the arcs to the core, proves the answer on them, and, if the certificate shows a
// gap, looks for smaller potentials on them. `ArcList` (with 32- or 64-bit indices) and
// `WholeMatrix` each do this for one format; `GivenArcs` holds either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>

#include "sparse_ot/base/types.hpp"
#include "sparse_ot/matrix/cost_matrix.hpp"
#include "sparse_ot/proof/certificate.hpp"
#include "sparse_ot/proof/small_potentials.hpp"
#include "sparse_ot/solve/basis.hpp"
#include "sparse_ot/solve/instance.hpp"

namespace sparse_ot {

// A plan as handed out: the flow on all given arcs and, for a matrix, the entries where it is
// positive.
struct HandedOut {
    std::span<const double> flow;
    Support support;
};

template <class Index>
struct ArcList {
    std::span<const Index> rows, cols;
    std::span<const Cost> costs;

    void add_to(Instance& instance) const { instance.add_arcs<Index>(rows, cols, costs); }

    [[nodiscard]] HandedOut hand_out(const Basis&, const Settled&,
                                     std::span<const double> flow) const {
        return {flow, {}};
    }

    [[nodiscard]] Certificate certify(std::span<const double> a, std::span<const double> b,
                                      const HandedOut& plan, std::span<const double> u,
                                      std::span<const double> v) const {
        return sparse_ot::certify<Index>(a, b, rows, cols, costs, plan.flow, u, v);
    }

    [[nodiscard]] bool small_potentials(const HandedOut& plan, std::span<double> u,
                                        std::span<double> v) const {
        return sparse_ot::small_potentials<Index>(rows, cols, costs, plan.flow, u, v);
    }
};

struct WholeMatrix {
    std::span<const Cost> costs;

    void add_to(Instance& instance) const { instance.add_matrix(costs); }

    [[nodiscard]] HandedOut hand_out(const Basis& basis, const Settled& plan,
                                     std::span<const double> flow) const {
        return {flow, basis.support(plan)};
    }

    [[nodiscard]] Certificate certify(std::span<const double> a, std::span<const double> b,
                                      const HandedOut& plan, std::span<const double> u,
                                      std::span<const double> v) const {
        // Starting threads takes longer than reading a small matrix.
        const int threads = costs.size() < few_entries ? 1 : 0;
        const Support& support = plan.support;
        return certify_matrix(a, b, costs, support.arcs, support.mass, u, v, threads);
    }

    [[nodiscard]] bool small_potentials(const HandedOut& plan, std::span<double> u,
                                        std::span<double> v) const {
        return sparse_ot::small_potentials(costs, plan.flow, u, v);
    }

private:
    static constexpr std::size_t few_entries = std::size_t{1} << 18;
};

class GivenArcs {
public:
    template <class Format>
    GivenArcs(const Format& format) : format_(format) {}

    void add_to(Instance& instance) const {
        std::visit([&](const auto& arcs) { arcs.add_to(instance); }, format_);
    }

    [[nodiscard]] HandedOut hand_out(const Basis& basis, const Settled& plan,
                                     std::span<const double> flow) const {
        return std::visit([&](const auto& arcs) { return arcs.hand_out(basis, plan, flow); },
                          format_);
    }

    [[nodiscard]] Certificate certify(std::span<const double> a, std::span<const double> b,
                                      const HandedOut& plan, std::span<const double> u,
                                      std::span<const double> v) const {
        return std::visit([&](const auto& arcs) { return arcs.certify(a, b, plan, u, v); },
                          format_);
    }

    [[nodiscard]] bool small_potentials(const HandedOut& plan, std::span<double> u,
                                        std::span<double> v) const {
        return std::visit([&](const auto& arcs) { return arcs.small_potentials(plan, u, v); },
                          format_);
    }

private:
    std::variant<ArcList<std::int32_t>, ArcList<std::int64_t>, WholeMatrix> format_;
};

}  // namespace sparse_ot
