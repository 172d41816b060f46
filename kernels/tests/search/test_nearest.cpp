// The search for missing arcs, compared with a look at every pair.
#include <cstdint>
#include <string>
#include <vector>

#include "support/searching.hpp"

using sparse_ot::Metric;
using sparse_ot::NearestIndex;
using namespace sparse_ot::metrics;
using test::brute_force;
using test::check;
using test::Claim;
using test::Cloud;
using test::cloud;
using test::Doubles;
using test::Found;
using test::infinity;
using test::Note;
using test::Problem;
using test::Random;
using test::random_problem;
using test::search_all_pairs;
using test::search_by_tree;

namespace {

const Claim random_claim("tree and scan find what brute force finds, to the last bit", [] {
    Random random(1);
    for (int round = 0; round < 600; ++round) {
        const Note note("round " + std::to_string(round));
        Problem p = random_problem(random);
        const Found expected = brute_force(p);
        if (!check(search_by_tree(p) == expected, "the tree to agree")) return;
        if (!check(search_all_pairs(p) == expected, "the scan to agree")) return;
    }
});

const Claim limits("with limits, exactly the targets below them are found", [] {
    Random random(2);
    for (int round = 0; round < 300; ++round) {
        const Note note("round " + std::to_string(round));
        Problem p = random_problem(random);
        const Found best = brute_force(p);
        for (std::int64_t i = 0; i < p.n; ++i) {
            // A limit equal to the value found must exclude it; other limits are near it.
            const std::int64_t pick = i * p.k + random.below(p.k);
            const std::int64_t j = best.indices[pick];
            double limit = j < 0 ? infinity : best.costs[pick];
            if (j >= 0 && !p.offset.empty()) limit += p.offset[j];
            if (random.chance(0.3)) limit *= 0.5 + random.unit();
            p.limit.push_back(random.chance(0.05) ? -infinity : limit);
        }
        const Found expected = brute_force(p);
        if (!check(search_by_tree(p) == expected, "the tree to agree")) return;
        if (!check(search_all_pairs(p) == expected, "the scan to agree")) return;
    }
});

const Claim threads("the number of threads changes nothing", [] {
    Random random(3);
    for (const int d : {2, 5, 17}) {
        Problem p{d, 3000, 5000, 4, Metric::of<SqEuclidean>(), {}, {}, {}, {}};
        p.x = cloud(random, p.n, d, d == 5 ? Cloud::grid : Cloud::normal);
        p.y = cloud(random, p.m, d, d == 5 ? Cloud::grid : Cloud::normal);
        for (std::int64_t j = 0; j < p.m; ++j) p.offset.push_back(0.01 * random.unit());
        const Found one = search_by_tree(p, 1);
        for (const int count : {2, 3, 7, 0})
            check(search_by_tree(p, count) == one, "the same from the tree");
        for (const int count : {1, 3})
            check(search_all_pairs(p, count) == one, "and from the scan");
    }
});

const Claim one_index("an index serves many queries, with offsets that change", [] {
    Random random(4);
    Problem p{3, 50, 400, 3, Metric::of<Cityblock>(), {}, {}, {}, {}};
    p.y = cloud(random, p.m, p.d, Cloud::normal);
    const NearestIndex index(p.y, p.d, p.metric);
    for (int round = 0; round < 5; ++round) {
        p.x = cloud(random, p.n, p.d, Cloud::normal);
        p.offset.assign(round == 4 ? 0 : p.m, 0.0);
        for (double& o : p.offset) o = random.unit();
        Found found{std::vector<std::int64_t>(p.n * p.k), Doubles(p.n * p.k)};
        index.query({p.x, p.n, p.k, p.offset, {}, 2}, {found.indices, found.costs});
        check(found == brute_force(p), "the answer for these offsets");
    }
});

const Claim same_place(
    "a thousand targets in one place are found in order of offset, then index", [] {
        Problem p{2,  3, 1000, 5, Metric::of<Euclidean>(), Doubles(6, 0.5), Doubles(2000, 0.5),
                  {}, {}};
        check(search_by_tree(p).indices[4] == 4, "the first five");
        for (int j = 0; j < 1000; ++j) p.offset.push_back(j % 2 ? -1e12 : 1e12);
        const Found found = search_by_tree(p);
        for (int i = 0; i < 15; ++i) check(found.indices[i] == 2 * (i % 5) + 1, "the odd ones");
    });

const Claim forbidden("targets at infinite offset come last, or not at all below a limit", [] {
    Problem p{1, 1, 3, 3, Metric::of<SqEuclidean>(), {0}, {0, 1, 2}, {infinity, 5, 0}, {}};
    for (const bool tree : {true, false}) {
        p.limit.clear();
        const auto run = [&] { return tree ? search_by_tree(p) : search_all_pairs(p); };
        check(run().indices == std::vector<std::int64_t>{2, 1, 0}, "the forbidden one last");
        p.limit = {infinity};
        check(run().indices == std::vector<std::int64_t>{2, 1, -1}, "the others only");
    }
});

const Claim nothing("no sources, no work", [] {
    Problem p{4, 0, 9, 2, Metric::of<Chebyshev>(), {}, Doubles(36, 1.0), {}, {}};
    check(search_by_tree(p).indices.empty() && search_all_pairs(p).indices.empty(), "nothing");
});

}  // namespace

int main() { return test::run(); }
