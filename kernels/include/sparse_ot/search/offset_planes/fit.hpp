// The slope of a plane through points with values, by least squares.
//
// The normal equations of centred coordinates are solved by conjugate gradients from zero. In d
// steps these reach the solution or, if there are several (points on a line, or all in one place),
// the shortest one (Hestenes and Stiefel 1952, J. Res. Nat. Bur. Standards 49(6), 409-436). No
// slope can be wrong, because the caller computes the remainders afterwards; a poor slope only
// gives a weaker bound.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "sparse_ot/base/simd.hpp"

namespace sparse_ot {

class PlaneFit {
public:
    std::vector<double> slope;

    explicit PlaneFit(int d)
        : slope(d, 0.0),
          d_(d),
          center_(d),
          sums_((d + 2) * (d + 3) / 2),
          terms_(d + 2),
          moments_(d * d),
          left_(d),
          way_(d),
          image_(d) {}

    // Coordinates and values are taken relative to these, which may be any near the points.
    void begin(const double* center, double value) {
        std::copy_n(center, d_, center_.begin());
        value_ = value;
        std::fill(sums_.begin(), sums_.end(), Lanes::all(0.0));
    }

    // Adds those of eight points whose value is finite.
    void add(const Lanes* y, const Lanes& value) {
        for (int t = 0; t < d_; ++t) terms_[t] = y[t] - Lanes::all(center_[t]);
        terms_[d_] = value - Lanes::all(value_);
        terms_[d_ + 1] = Lanes::all(1.0);
        const unsigned finite = value.at_most(Lanes::all(std::numeric_limits<double>::max()));
        for (int lane = 0; finite != every_lane && lane < n_lanes; ++lane)
            if (!(finite >> lane & 1))
                for (Lanes& term : terms_) term.set(lane, 0.0);
        std::size_t at = 0;
        for (int t = 0; t < d_ + 2; ++t)
            for (int s = 0; s <= t; ++s) {
                sums_[at] = sums_[at] + terms_[t] * terms_[s];
                ++at;
            }
    }

    // Fits the slope to the points added.
    void solve() {
        find_moments();
        std::fill(slope.begin(), slope.end(), 0.0);
        way_ = left_;
        double square = dot(left_, left_);
        const double enough = square * 0x1p-100;
        for (int step = 0; step < d_ + 1 && square > enough; ++step) {
            for (int t = 0; t < d_; ++t) {
                image_[t] = 0.0;
                for (int s = 0; s < d_; ++s) image_[t] += moments_[t * d_ + s] * way_[s];
            }
            const double length = square / dot(way_, image_);
            for (int t = 0; t < d_; ++t) {
                slope[t] += length * way_[t];
                left_[t] -= length * image_[t];
            }
            const double last = square;
            square = dot(left_, left_);
            for (int t = 0; t < d_; ++t) way_[t] = left_[t] + square / last * way_[t];
        }
        for (const double g : slope)
            if (!std::isfinite(g)) return flatten();
    }

    void flatten() { std::fill(slope.begin(), slope.end(), 0.0); }

    void take(const Lanes* slopes, int lane) {
        for (int t = 0; t < d_; ++t) slope[t] = slopes[t][lane];
    }

private:
    static constexpr unsigned every_lane = (1u << n_lanes) - 1;

    // An entry (s <= t) of the sums of products of coordinates, value and 1.
    [[nodiscard]] double sum(int t, int s) const {
        const Lanes& lanes = sums_[t * (t + 1) / 2 + s];
        double total = 0.0;
        for (int lane = 0; lane < n_lanes; ++lane) total += lanes[lane];
        return total;
    }

    // Products about the means: those of coordinates go to moments_, those with the value to left_.
    void find_moments() {
        const double value = sum(d_ + 1, d_), count = sum(d_ + 1, d_ + 1);
        for (int t = 0; t < d_; ++t) {
            const double mean = sum(d_ + 1, t) / count;
            left_[t] = sum(d_, t) - mean * value;
            for (int s = 0; s <= t; ++s)
                moments_[t * d_ + s] = moments_[s * d_ + t] = sum(t, s) - mean * sum(d_ + 1, s);
        }
    }

    [[nodiscard]] static double dot(const std::vector<double>& a, const std::vector<double>& b) {
        double total = 0.0;
        for (std::size_t t = 0; t < a.size(); ++t) total += a[t] * b[t];
        return total;
    }

    int d_;
    std::vector<double> center_;
    double value_ = 0.0;
    std::vector<Lanes> sums_, terms_;
    std::vector<double> moments_, left_, way_, image_;
};

}  // namespace sparse_ot
