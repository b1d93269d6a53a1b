// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares layer normalisation with its definition in double. Row lengths are close to those of waves, blocks and wide accesses.
#include "../layernorm.hpp"

#include <support/target.hpp>

#include <random>
#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr float epsilon = 1e-5f;

struct problem {
  std::vector<float> in, gamma, beta;

  problem(std::size_t rows, std::size_t length, float mean, float deviation) : in(rows * length), gamma(length), beta(length) {
    std::mt19937 random{unsigned(rows * 10'000 + length)};
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<float> scale{-2, 2};
    for (auto& x : in) x = mean + deviation * normal(random);
    for (auto& x : gamma) x = scale(random);
    for (auto& x : beta) x = scale(random);
  }
};

template <class Way>
void check(char const* name, xl::stream const& q, problem const& p, layernorm::reference const& expected, unsigned threads,
           Way const& way) {
  double const allowed = expected.tolerance(threads);
  auto const in = upload(q, p.in), gamma = upload(q, p.gamma), beta = upload(q, p.beta);
  xl::buffer<float> out{q, p.in.size()};
  xl::fill(q, out, std::numeric_limits<float>::quiet_NaN());
  way(q, in, gamma, beta, epsilon, out);
  auto const got = read(q, out);
  for (std::size_t i = 0; i < got.size(); ++i) {
    double const difference = std::abs(got[i] - expected.out[i]);
    if (difference <= allowed) continue;
    fail(std::string(name) + ", rows of " + std::to_string(p.gamma.size()) + ": element " + std::to_string(i) + " is " + show(got[i]) +
             ", not " + show(expected.out[i]) + ": off by " + show(difference) + ", allowed " + show(allowed),
         xl::source_location::current());
    return;
  }
}

/// Runs by waves, by blocks, and by the choice of the row length.
void check(xl::stream const& q, problem const& p) {
  layernorm::reference const expected{p.in, p.gamma, p.beta, epsilon};
  unsigned const wave = q.device().properties().wave_size;
  unsigned const chosen = p.gamma.size() <= layernorm::longest_of_wave ? wave : 256;
  check("by waves", q, p, expected, wave, [](auto&&... a) { layernorm::by_waves(a...); });
  check("by blocks", q, p, expected, 256, [](auto&&... a) { layernorm::by_blocks(a...); });
  check("by length", q, p, expected, chosen, [](auto&&... a) { layernorm::layernorm(a...); });
}

}  // namespace

CROSSLANE_TEST(layernorm, lengths_around_every_boundary) {
  xl::stream const q{d};
  for (std::size_t const length : {1,   2,   3,   4,   5,   8,   31,  32,   33,   63,   64,   65,   127,  128,  129,  255,   256,
                                   257, 260, 511, 512, 513, 768, 999, 1020, 1023, 1024, 1025, 1028, 4095, 4096, 4097, 20'000})
    check(q, problem{5, length, 0.5f, 1});
}

/// Numbers of rows close to those of a block of by_waves, with waves of either width.
CROSSLANE_TEST(layernorm, numbers_of_rows) {
  xl::stream const q{d};
  for (std::size_t const rows : {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100}) {
    check(q, problem{rows, 40, -1, 2});
    check(q, problem{rows, 7, -1, 2});
  }
}

/// In float, the mean of squares minus the squared mean has no correct digit here.
CROSSLANE_TEST(layernorm, mean_far_above_the_deviation) {
  xl::stream const q{d};
  for (std::size_t const length : {64, 100, 1024, 3000, 8192}) check(q, problem{3, length, 10'000, 1});
}

/// Without variance the result is exactly beta.
CROSSLANE_TEST(layernorm, constant_rows) {
  xl::stream const q{d};
  for (std::size_t const length : {1, 6, 64, 1000, 2048})
    for (float const value : {123.456f, 0.1f, -1e6f / 3}) {
      problem p{3, length, value, 0};
      auto const in = upload(q, p.in), gamma = upload(q, p.gamma), beta = upload(q, p.beta);
      xl::buffer<float> out{q, p.in.size()};
      layernorm::layernorm(q, in, gamma, beta, epsilon, out);
      auto const got = read(q, out);
      for (std::size_t i = 0; i < got.size(); ++i) CROSSLANE_CHECK_EQ(got[i], p.beta[i % length]);
    }
}
