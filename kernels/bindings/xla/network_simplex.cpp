// The solver as an XLA foreign function on the CPU: no Python, no lock, no copy of float64 data.
//
// Operands: a, b, then the matrix or rows, cols, costs, then u, v of a warm start if there is one.
// Results: flow, u, v, value, and the report's numbers and codes (solve/report.hpp), in the float
// and integer types of the result buffers. All arithmetic is float64.
//
// A batch (leading axes, from vmap) is solved by threads of our own, each on one problem at a time.
// XLA's pool is not used: a task that waits for others of the same pool can deadlock on a small
// machine.
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "call.hpp"
#include "sparse_ot/base/threads.hpp"
#include "sparse_ot/solve/solve.hpp"

namespace sparse_ot::xla {

namespace {

// A result in float64: its own memory if it has that type, otherwise a buffer that is converted.
class Doubles {
public:
    Doubles(const Operand& out, std::int64_t problem) : out_(out), problem_(problem) {
        if (!out.is(DataType::f64)) buffer_.resize(static_cast<std::size_t>(out.size()));
    }
    [[nodiscard]] std::span<double> view() {
        if (!out_.is(DataType::f64)) return buffer_;
        return {out_.data<double>(problem_), static_cast<std::size_t>(out_.size())};
    }
    void deliver() const {
        if (!out_.is(DataType::f64)) out_.write<double>(problem_, buffer_);
    }

private:
    const Operand& out_;
    std::int64_t problem_;
    std::vector<double> buffer_;
};

void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

class Call {
public:
    explicit Call(const CallFrame& frame)
        : dense_(attribute<std::int64_t>(frame, "dense") != 0),
          totals_tolerance_(attribute<double>(frame, "totals_tolerance")),
          settings_{attribute<std::int64_t>(frame, "center") != 0,
                    attribute<std::int64_t>(frame, "max_pivots"),
                    attribute<double>(frame, "seconds")} {
        const std::int64_t n_costs = dense_ ? 1 : 3;
        const std::int64_t n_args = frame.args.size;
        require(frame.results.size == 6, "expected six results");
        require(n_args == 2 + n_costs || n_args == 4 + n_costs, "wrong number of operands");
        const auto flow_dims = dims_of(*frame.results.values[0]);
        require(!flow_dims.empty(), "the flow must be a vector");
        batch_ = flow_dims.first(flow_dims.size() - 1);
        for (std::int64_t k = 0; k < n_args; ++k)
            in_.emplace_back(*frame.args.values[k], dense_ && k == 2 ? 2 : 1, batch_);
        for (std::int64_t k = 0; k < 6; ++k)
            out_.emplace_back(*frame.results.values[k], k == value_ ? 0 : 1, batch_);
        check_lengths();
    }

    void run() const {
        for_each_piece(product(batch_), 0, [&] { return [&](std::int64_t k) { solve_one(k); }; });
    }

private:
    static constexpr std::int64_t value_ = 3;

    void check_lengths() const {
        const std::int64_t n = in_[0].size(), m = in_[1].size(), arcs = out_[0].size();
        require(n > 0 && m > 0, "a and b must not be empty");
        require(n + m < std::int64_t{1} << 31, "at most 2^31 nodes");
        require(!dense_ || arcs == n * m, "the matrix must have n * m entries");
        for (std::size_t k = 2; k < (dense_ ? 3 : 5); ++k)
            require(in_[k].size() == arcs, "rows, cols, costs and flow must have one length");
        const std::size_t warm = dense_ ? 3 : 5;
        require(warm == in_.size() || (in_[warm].size() == n && in_[warm + 1].size() == m),
                "potentials of the wrong length");
        require(out_[1].size() == n && out_[2].size() == m, "results of the wrong length");
        require(out_[4].size() == std::ssize(report_numbers) &&
                    out_[5].size() == std::ssize(report_codes),
                "reports of the wrong length");
    }

    void solve_one(std::int64_t k) const {
        const auto a = in_[0].values<double>(k), b = in_[1].values<double>(k);
        const auto costs = in_[dense_ ? 2 : 4].values<double>(k);
        if (dense_) return solve_on(k, a.view(), b.view(), WholeMatrix{costs.view()});
        if (in_[2].is(DataType::s32) && in_[3].is(DataType::s32)) {
            const auto rows = in_[2].values<std::int32_t>(k), cols = in_[3].values<std::int32_t>(k);
            return solve_on(k, a.view(), b.view(),
                            ArcList<std::int32_t>{rows.view(), cols.view(), costs.view()});
        }
        const auto rows = in_[2].values<std::int64_t>(k), cols = in_[3].values<std::int64_t>(k);
        solve_on(k, a.view(), b.view(),
                 ArcList<std::int64_t>{rows.view(), cols.view(), costs.view()});
    }

    void solve_on(std::int64_t k, std::span<const double> a, std::span<const double> b,
                  const GivenArcs& arcs) const {
        const std::size_t warm = dense_ ? 3 : 5;
        Values<double> u_start, v_start;
        if (warm < in_.size()) {
            u_start = in_[warm].values<double>(k);
            v_start = in_[warm + 1].values<double>(k);
        }
        Doubles flow(out_[0], k), u(out_[1], k), v(out_[2], k);
        const TransportProblem problem{std::make_shared<GivenMasses>(a, b, totals_tolerance_),
                                       arcs,
                                       {u_start.view(), v_start.view()},
                                       {},
                                       {flow.view(), u.view(), v.view(), false}};
        const Report report = solve(problem, settings_, NoHooks{});
        flow.deliver();
        u.deliver();
        v.deliver();
        const auto numbers = values_of(report, report_numbers);
        const auto codes = values_of(report, report_codes);
        out_[value_].write<double>(k, std::span(&report.value, 1));
        out_[4].write<double>(k, numbers);
        out_[5].write<std::int64_t>(k, codes);
    }

    bool dense_;
    double totals_tolerance_;
    SolveSettings settings_;
    std::span<const std::int64_t> batch_;
    std::vector<Operand> in_, out_;
};

}  // namespace

Error* network_simplex(CallFrame* frame) {
    return handle(frame, [](const CallFrame& call) { Call(call).run(); });
}

}  // namespace sparse_ot::xla
