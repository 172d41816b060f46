// A solve from numbers to proof (solve/solve.hpp), with memory for its results.
#pragma once

#include "sparse_ot/solve/solve.hpp"
#include "support/problems.hpp"
#include "support/solving.hpp"

namespace problems {

using sparse_ot::ArcList;
using sparse_ot::GivenArcs;
using sparse_ot::NoHooks;
using sparse_ot::Report;
using sparse_ot::SolveSettings;
using sparse_ot::StartingDuals;
using sparse_ot::StartingPlan;
using sparse_ot::TransportProblem;

struct Whole {
    Doubles flow, u, v;
    Report report;
};

template <class Hooks = NoHooks>
Whole solve_whole(const Problem& p, const GivenArcs& arcs, const SolveSettings& settings = {},
                  Hooks&& hooks = {}, const StartingPlan& plan = {},
                  const StartingDuals& start = {}, double totals_tolerance = 1e-7) {
    Whole out{Doubles(p.costs.size(), -1.0), Doubles(p.a.size()), Doubles(p.b.size()), {}};
    const TransportProblem problem{
        masses_of(p.a, p.b, totals_tolerance), arcs, start, plan, {out.flow, out.u, out.v, false}};
    out.report = sparse_ot::solve(problem, settings, hooks);
    return out;
}

inline ArcList<Index> list_of(const Problem& p) { return {p.rows, p.cols, p.costs}; }

}  // namespace problems
