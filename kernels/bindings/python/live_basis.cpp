// Python's view of a problem whose basis stays alive while arcs are added and dropped.
//
// In C++ an `Instance` becomes a `Basis` when it starts, and a call in the wrong order does not
// compile. Python has one object for both; a call in the wrong order raises ValueError, in one
// place.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "arrays.hpp"
#include "masses.hpp"
#include "sparse_ot/solve/basis.hpp"
#include "sparse_ot/solve/instance.hpp"
#include "violation.hpp"

namespace sparse_ot::python {

using namespace nb::literals;

namespace {

using Indices = Result<std::int32_t>;

class LiveBasis {
public:
    explicit LiveBasis(const PythonMasses& masses)
        : n_(masses.n()), m_(masses.m()), state_(Instance(masses.given())) {
        fault_ = instance().fault();
    }

    template <class Index>
    void add_arcs(Vector<Index> rows, Vector<Index> cols, Vector<double> costs) {
        require(rows.shape(0) == costs.shape(0) && cols.shape(0) == costs.shape(0),
                "rows, cols and costs must have one length");
        if (fault_) return;
        const nb::gil_scoped_release release;
        if (auto* live = std::get_if<Basis>(&state_)) {
            fault_ = live->add_arcs<Index>(view(rows), view(cols), view(costs));
        } else {
            instance().add_arcs<Index>(view(rows), view(cols), view(costs));
            fault_ = instance().fault();
        }
    }

    bool start(std::optional<Vector<double>> u, std::optional<Vector<double>> v, bool complete) {
        require(u.has_value() == v.has_value(), "give both potentials or none");
        Instance& problem = instance();
        const StartingDuals duals = u ? duals_of(*u, *v) : StartingDuals{};
        const nb::gil_scoped_release release;
        Instance::Started started = problem.start(duals, complete);
        fault_ = problem.fault();
        if (auto* violation = std::get_if<HallViolation>(&started))
            violation_ = std::move(*violation);
        auto* basis = std::get_if<Basis>(&started);
        if (basis != nullptr) state_.emplace<Basis>(std::move(*basis));
        return basis != nullptr;
    }

    void start_from_plan(Vector<std::int64_t> plan, Vector<double> u, Vector<double> v) {
        Instance& problem = instance();
        require(plan.shape(0) == static_cast<std::size_t>(problem.network().n_given),
                "a flow for every arc given");
        const StartingDuals duals = duals_of(u, v);
        auto basis = [&] {
            const nb::gil_scoped_release release;
            return problem.start_from({{}, view(plan)}, duals);
        }();
        fault_ = problem.fault();
        require(basis || fault_, "the plan does not fit the integers of Masses(a, b)");
        if (basis) state_.emplace<Basis>(std::move(*basis));
    }

    Status run(std::int64_t max_pivots, double seconds) {
        Basis& live = basis();
        require(!fault_, "arcs with a fault were added: there is nothing to run");
        const nb::gil_scoped_release release;
        return live.run(max_pivots, seconds);
    }

    void shrink(std::int64_t most) {
        require(most >= 0, "keep 0 arcs besides the basis, or more");
        Basis& live = basis();
        const nb::gil_scoped_release release;
        live.shrink(most);
    }

    [[nodiscard]] std::tuple<Indices, Indices, Result<double>> arcs() const {
        const Network& network = basis().network();
        require(network.n_given == network.n_arcs(),
                "some of the arcs given are none: their ends are not kept");
        const auto count = static_cast<std::size_t>(network.n_arcs());
        std::vector<std::int32_t> rows(count), cols(count);
        std::vector<double> costs(count);
        basis().write_arcs<std::int32_t>(rows, cols, costs);
        return {give(std::move(rows)), give(std::move(cols)), give(std::move(costs))};
    }

    [[nodiscard]] double value() const { return basis().value(); }

    [[nodiscard]] Result<double> flow() const {
        const Basis& live = basis();
        Result<double> flow = give_zeros(static_cast<std::size_t>(live.network().n_given));
        live.write_flow_into_zeros(live.plan(), {flow.data(), flow.shape(0)});
        return flow;
    }

    [[nodiscard]] Result<double> demand() const {
        return give(std::vector<double>(basis().plan().b));
    }

    [[nodiscard]] std::tuple<Result<double>, Result<double>> potentials() const {
        std::vector<double> u(n_), v(m_);
        basis().write_potentials(u, v);
        return {give(std::move(u)), give(std::move(v))};
    }

    [[nodiscard]] nb::tuple violation() const {
        const auto* live = std::get_if<Basis>(&state_);
        return as_tuple(live ? live->starved().value_or(HallViolation{}) : violation_);
    }

    [[nodiscard]] std::optional<Fault> misfit() const {
        const auto* live = std::get_if<Basis>(&state_);
        const Fault found = live ? live->misfit() : Fault{};
        return found ? std::optional(found) : std::nullopt;
    }

    [[nodiscard]] std::optional<Fault> fault() const {
        return fault_ ? std::optional(fault_) : std::nullopt;
    }

    [[nodiscard]] std::int64_t pivots() const { return stats_of_basis().pivots; }

    [[nodiscard]] std::int64_t size() const {
        const auto* live = std::get_if<Basis>(&state_);
        return (live ? live->network() : std::get<Instance>(state_).network()).n_arcs();
    }

    [[nodiscard]] nb::dict stats() const {
        const SimplexStats stats = stats_of_basis();
        const auto* live = std::get_if<Basis>(&state_);
        nb::dict named;
        named["pivots"] = stats.pivots;
        named["degenerate_pivots"] = stats.degenerate_pivots;
        named["renumberings"] = stats.renumberings;
        named["arcs"] = size();
        named["quantisation_error"] = live ? live->quantisation_error() : 0.0;
        return named;
    }

private:
    // The one place that rejects a call in the wrong order.
    template <class State, class Self>
    static auto& expect(Self& self, const char* message) {
        auto* state = std::get_if<State>(&self.state_);
        require(state != nullptr, message);
        return *state;
    }
    Instance& instance() { return expect<Instance>(*this, "the basis has started already"); }
    Basis& basis() { return expect<Basis>(*this, "there is no basis before start"); }
    [[nodiscard]] const Basis& basis() const {
        return expect<Basis>(*this, "there is no basis before start");
    }

    [[nodiscard]] SimplexStats stats_of_basis() const {
        const auto* live = std::get_if<Basis>(&state_);
        return live ? live->stats() : SimplexStats{};
    }

    [[nodiscard]] StartingDuals duals_of(const Vector<double>& u, const Vector<double>& v) const {
        require(u.shape(0) == n_ && v.shape(0) == m_, "potentials of the wrong length");
        return {view(u), view(v)};
    }

    std::size_t n_, m_;
    std::variant<Instance, Basis> state_;
    Fault fault_;
    HallViolation violation_;
};

}  // namespace

void bind_live_basis(nb::module_& m) {
    nb::class_<LiveBasis>(m, "LiveBasis",
                          "A problem on some arcs, and its basis once it has started.")
        .def(nb::init<const PythonMasses&>(), "masses"_a, "A problem without arcs.")
        .def("add_arcs", &LiveBasis::add_arcs<std::int32_t>, "rows"_a.noconvert(),
             "cols"_a.noconvert(), "costs"_a.noconvert(),
             "Add arcs, before or after the start. Those of cost +inf are counted, but not used.")
        .def("add_arcs", &LiveBasis::add_arcs<std::int64_t>, "rows"_a.noconvert(),
             "cols"_a.noconvert(), "costs"_a.noconvert(), "The same with 64-bit indices.")
        .def("start", &LiveBasis::start, "u"_a.none(), "v"_a.none(), "complete"_a,
             "Build the first basis, from potentials if given. False: see fault, violation.")
        .def("start_from_plan", &LiveBasis::start_from_plan, "plan"_a.noconvert(),
             "u"_a.noconvert(), "v"_a.noconvert(),
             "Start from a plan in the integers of the masses, a flow for every arc given.")
        .def("run", &LiveBasis::run, "max_pivots"_a, "seconds"_a,
             "Pivot until optimal on the present arcs, or until a limit.")
        .def("shrink", &LiveBasis::shrink, "most"_a,
             "Drop all arcs except the `most` of least reduced cost and the basic ones.")
        .def("arcs", &LiveBasis::arcs, "Rows, columns and costs of the arcs, in the order given.")
        .def("value", &LiveBasis::value, "Cost of the plan.")
        .def("flow", &LiveBasis::flow, "Mass on every given arc.")
        .def("demand", &LiveBasis::demand, "The masses of the targets that the flow meets.")
        .def("potentials", &LiveBasis::potentials, "The core's own u and v, not centred.")
        .def("violation", &LiveBasis::violation,
             "After a start without a plan, or a misfit: sources, targets, supply, demand.")
        .def("stats", &LiveBasis::stats, "Counts by name.")
        .def_prop_ro("fault", &LiveBasis::fault, "What is wrong with the numbers, or None.")
        .def_prop_ro("misfit", &LiveBasis::misfit,
                     "A mass without a place on the arcs so far, or None.")
        .def_prop_ro("pivots", &LiveBasis::pivots, "Pivots so far.")
        .def_prop_ro("size", &LiveBasis::size, "How many arcs there are.");
}

}  // namespace sparse_ot::python
