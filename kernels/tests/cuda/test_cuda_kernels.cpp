// The CUDA kernels, run on the CPU and compared with brute force over the same pairs.
//
// One program tests one metric and one type of coordinates, given as -D options with the sizes of
// tiles; tests/run_cuda_on_cpu builds and runs all of them under sanitizers. Every buffer has
// exactly the size that the kernel's contract states, so that an access beyond it is detected.

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "support/check.hpp"
#include "support/cuda_on_cpu.hpp"

// The kernels, unmodified.
#include "../../cuda/arc_costs.cu"
#include "../../cuda/knn.cu"
#include "../../cuda/pricing.cu"

namespace {

using std::size_t;

struct Shape {
    int n, m, d;
};

constexpr Shape kShapes[] = {
    {1, 1, 1},
    {3, 5, 2},
    {kThreads, kTargets, kDepth},                      // every tile is full
    {kThreads + 1, kTargets + 1, kDepth + 1},          // one more of each
    {2 * kThreads - 1, 3 * kTargets - 1, kDepth - 1},  // one less
    {5, 4 * kTargets + 7, 3 * kDepth + 5},
    {2, 9, 1024},
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<Scalar> cloud(test::Random& random, int count, int d, bool ties) {
    std::vector<Scalar> points(static_cast<size_t>(count) * static_cast<size_t>(d));
    for (Scalar& x : points) {
        x = ties ? static_cast<Scalar>(random.below(3)) : static_cast<Scalar>(random.unit());
    }
    return points;
}

Scalar cost_of(const std::vector<Scalar>& x, const std::vector<Scalar>& y, int i, int j, int d) {
    Metric metric;
    for (int t = 0; t < d; ++t) {
        metric.add(x[static_cast<size_t>(i) * static_cast<size_t>(d) + static_cast<size_t>(t)],
                   y[static_cast<size_t>(j) * static_cast<size_t>(d) + static_cast<size_t>(t)]);
    }
    return metric.cost();
}

int blocks(int n) { return (n + kThreads - 1) / kThreads; }

/// Widths of a slice to try: all targets, one tile, two tiles.
std::vector<int> widths(int m) {
    const int all = (m + kTargets - 1) / kTargets * kTargets;
    std::vector<int> found{all, kTargets, 2 * kTargets};
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

/// The targets of source i by key, ties by index. Fills `keys`.
std::vector<int> ranking(const std::vector<Key>& keys) {
    std::vector<int> order(keys.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int one, int other) {
        return precedes(keys[static_cast<size_t>(one)], keys[static_cast<size_t>(other)]);
    });
    return order;
}

void check_neighbours(Shape shape, int k, bool ties, bool with_offset, int width) {
    test::Random random(static_cast<std::uint64_t>(shape.n * 7 + shape.d));
    const auto [n, m, d] = shape;
    const std::vector<Scalar> x = cloud(random, n, d, ties), y = cloud(random, m, d, ties);
    std::vector<Key> offset;
    for (int j = 0; with_offset && j < m; ++j) {
        offset.push_back(static_cast<Key>(ties ? static_cast<double>(random.below(2)) - 1.0
                                               : random.unit() - 0.5));
    }
    const int slices = (m + width - 1) / width;
    const size_t lists = static_cast<size_t>(n) * static_cast<size_t>(slices);
    const size_t places = static_cast<size_t>(k);
    std::vector<Key> keys(lists * places);
    std::vector<Scalar> costs(lists * places), found_costs(static_cast<size_t>(n) * places);
    std::vector<int> targets(lists * places);
    std::vector<long long> found(static_cast<size_t>(n) * places);
    const char* wrong =
        cuda_on_cpu::launch(nearest_of_slice, dim3(blocks(n), slices), dim3(kThreads), x.data(),
                            y.data(), with_offset ? offset.data() : nullptr, n, m, d, k, width,
                            keys.data(), costs.data(), targets.data());
    test::check(!wrong, wrong ? wrong : "");
    wrong = cuda_on_cpu::launch(nearest_of_all, dim3(blocks(n)), dim3(kThreads), keys.data(),
                                costs.data(), targets.data(), n, slices, k, found.data(),
                                found_costs.data());
    test::check(!wrong, wrong ? wrong : "");
    bool same = true;
    for (int i = 0; i < n; ++i) {
        std::vector<Scalar> row;
        std::vector<Key> ranked_by;
        for (int j = 0; j < m; ++j) {
            row.push_back(cost_of(x, y, i, j, d));
            ranked_by.push_back(static_cast<Key>(row.back()) +
                                (with_offset ? offset[static_cast<size_t>(j)] : Key(0)));
        }
        const std::vector<int> order = ranking(ranked_by);
        for (int place = 0; place < k; ++place) {
            const size_t at = static_cast<size_t>(i) * places + static_cast<size_t>(place);
            const int target = place < m ? order[static_cast<size_t>(place)] : -1;
            same &= found[at] == target;
            same &= found_costs[at] == (target < 0 ? Scalar(0) : row[static_cast<size_t>(target)]);
        }
    }
    test::check(same, "the neighbours of brute force");
}

void check_prices(Shape shape, int k, bool ties, int width) {
    if constexpr (sizeof(Key) == sizeof(double)) {
        test::Random random(static_cast<std::uint64_t>(shape.n * 11 + shape.d));
        const auto [n, m, d] = shape;
        const std::vector<Scalar> x = cloud(random, n, d, ties), y = cloud(random, m, d, ties);
        std::vector<double> u(static_cast<size_t>(n)), v(static_cast<size_t>(m));
        for (double& price : u) price = ties ? 1.0 : random.unit();
        for (double& price : v) price = ties ? 0.0 : random.unit() - 0.5;
        std::vector<Key> offset;
        for (const double price : v) offset.push_back(static_cast<Key>(-price));
        const int slices = (m + width - 1) / width;
        const size_t lists = static_cast<size_t>(n) * static_cast<size_t>(slices);
        const size_t places = static_cast<size_t>(k);
        std::vector<double> keys(lists * places), minima(static_cast<size_t>(n));
        std::vector<Scalar> costs(lists * places), found_costs(static_cast<size_t>(n) * places);
        std::vector<int> targets(lists * places);
        std::vector<long long> found(static_cast<size_t>(n) * places);
        const char* wrong = cuda_on_cpu::launch(
            nearest_of_slice, dim3(blocks(n), slices), dim3(kThreads), x.data(), y.data(),
            offset.data(), n, m, d, k, width, keys.data(), costs.data(), targets.data());
        test::check(!wrong, wrong ? wrong : "");
        wrong = cuda_on_cpu::launch(most_negative, dim3(blocks(n)), dim3(kThreads), keys.data(),
                                    costs.data(), targets.data(), u.data(), n, slices, k,
                                    minima.data(), found.data(), found_costs.data());
        test::check(!wrong, wrong ? wrong : "");
        bool same = true;
        for (int i = 0; i < n; ++i) {
            const double own = u[static_cast<size_t>(i)];
            std::vector<Scalar> row;
            std::vector<Key> adjusted;
            for (int j = 0; j < m; ++j) {
                row.push_back(cost_of(x, y, i, j, d));
                adjusted.push_back(static_cast<Key>(row.back() - v[static_cast<size_t>(j)]));
            }
            same &= minima[static_cast<size_t>(i)] ==
                    *std::min_element(adjusted.begin(), adjusted.end());
            const std::vector<int> order = ranking(adjusted);
            for (int place = 0; place < k; ++place) {
                const size_t at = static_cast<size_t>(i) * places + static_cast<size_t>(place);
                int target = place < m ? order[static_cast<size_t>(place)] : -1;
                if (target >= 0 && !(adjusted[static_cast<size_t>(target)] - own < 0)) target = -1;
                same &= found[at] == target;
                same &=
                    found_costs[at] == (target < 0 ? Scalar(0) : row[static_cast<size_t>(target)]);
            }
        }
        test::check(same, "the prices of brute force");
    }
}

void check_arc_costs(Shape shape, int count) {
    test::Random random(static_cast<std::uint64_t>(shape.n * 13 + count));
    const auto [n, m, d] = shape;
    const std::vector<Scalar> x = cloud(random, n, d, false), y = cloud(random, m, d, false);
    std::vector<long long> rows, cols;
    for (int pair = 0; pair < count; ++pair) {
        rows.push_back(random.below(n));
        cols.push_back(random.below(m));
    }
    std::vector<Scalar> costs(static_cast<size_t>(count));
    const char* wrong =
        cuda_on_cpu::launch(arc_costs, dim3(blocks(count)), dim3(kThreads), x.data(), y.data(),
                            rows.data(), cols.data(), count, d, costs.data());
    test::check(!wrong, wrong ? wrong : "");
    bool same = true;
    for (size_t pair = 0; pair < costs.size(); ++pair) {
        same &= costs[pair] ==
                cost_of(x, y, static_cast<int>(rows[pair]), static_cast<int>(cols[pair]), d);
    }
    test::check(same, "the costs of brute force, bit for bit");
}

template <class Check>
void for_each_case(Check check) {
    for (const Shape shape : kShapes) {
        for (const int k : {1, 7, kMaxNeighbours}) {
            for (const bool ties : {false, true}) {
                for (const int width : widths(shape.m)) {
                    const test::Note note(
                        "n " + std::to_string(shape.n) + " m " + std::to_string(shape.m) + " d " +
                        std::to_string(shape.d) + " k " + std::to_string(k) + " width " +
                        std::to_string(width) + (ties ? " ties" : ""));
                    check(shape, k, ties, width);
                }
            }
        }
    }
}

const test::Claim neighbours("neighbours are those of brute force, ties by smaller index", [] {
    for_each_case([](Shape shape, int k, bool ties, int width) {
        check_neighbours(shape, k, ties, false, width);
        check_neighbours(shape, k, ties, true, width);
    });
});

const test::Claim prices("prices are exact row minima and the most negative pairs", [] {
    for_each_case(
        [](Shape shape, int k, bool ties, int width) { check_prices(shape, k, ties, width); });
});

const test::Claim costs("costs of listed pairs are those of the search, bit for bit", [] {
    for (const Shape shape : kShapes) {
        for (const int count : {1, kThreads - 1, kThreads, 2 * kThreads + 3}) {
            check_arc_costs(shape, count);
        }
    }
});

const test::Claim not_a_number("a target without coordinates comes last, and is found", [] {
    const Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
    const std::vector<Scalar> x{0}, y{nan, 3, static_cast<Scalar>(kInfinity), 1};
    std::vector<Key> keys(4);
    std::vector<Scalar> costs(4);
    std::vector<int> targets(4);
    const char* wrong =
        cuda_on_cpu::launch(nearest_of_slice, dim3(1), dim3(kThreads), x.data(), y.data(), nullptr,
                            1, 4, 1, 4, kTargets, keys.data(), costs.data(), targets.data());
    test::check(!wrong, "a launch");
    test::check(targets == std::vector<int>{3, 1, 2, 0}, "nearest, farther, infinity, NaN");
    test::check(std::isnan(costs[3]), "NaN under every metric");
});

const test::Claim barriers("the shim notices a barrier that some threads do not reach", [] {
    const char* wrong = cuda_on_cpu::for_each_thread(dim3(1), dim3(4), [] {
        if (threadIdx.x != 2) __syncthreads();
    });
    test::check(wrong != nullptr, "a complaint");
    wrong = cuda_on_cpu::for_each_thread(dim3(2), dim3(4), [] {
        __syncthreads();
        __syncthreads();
    });
    test::check(wrong == nullptr, "no complaint");
});

}  // namespace

int main() { return test::run(); }
