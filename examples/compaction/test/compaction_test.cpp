// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares compaction by hand with std::copy_if, and the call that replaces it. Sizes are close to those of waves, rounds and blocks. The
/// share of kept elements varies.
#include "../compact.hpp"

#include <crosslane/algorithm.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr float untouched = -77;

/// Checks the result. The rest of the buffer must not change.
template <class Predicate>
void check(xl::stream const& q, std::vector<float> const& values, Predicate keep) {
  std::size_t const n = values.size();
  std::vector<float> expected;
  std::copy_if(values.begin(), values.end(), std::back_inserter(expected), keep);
  std::size_t const kept = expected.size();
  expected.resize(n + 1, untouched);

  auto const in = upload(q, values);
  xl::buffer<float> out{q, n + 1};
  xl::buffer<unsigned> counts{q, compaction::blocks(n)};
  xl::buffer<std::uint64_t> offsets{q, counts.size() + 1};
  xl::fill(q, out, untouched);
  compaction::compact_by_hand(q, in, keep, counts, offsets, out);
  CROSSLANE_CHECK_EQ(read(q, offsets).back(), kept);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

std::vector<float> numbered(std::size_t n) {
  std::vector<float> result(n);
  for (std::size_t i = 0; i < n; ++i) result[i] = float(i + 1);
  return result;
}

/// Keeps about `of_256` of 256 numbers, chosen by a hash.
struct by_chance {
  unsigned of_256;
  CROSSLANE_FN bool operator()(float value) const { return (unsigned(value) * 2654435761u >> 24) < of_256; }
};

}  // namespace

CROSSLANE_TEST(compaction, sizes_around_every_boundary) {
  xl::stream const q{d};
  for (std::size_t const n : {0,   1,   2,   31,  32,  33,   63,   64,   65,   127,  128,  129,  255,  256,  257,    511,
                              512, 513, 767, 768, 769, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 100'000})
    for (unsigned const of_256 : {0u, 1u, 128u, 255u, 256u}) check(q, numbered(n), by_chance{of_256});
}

/// More blocks than one round of the scan takes, and one block less.
CROSSLANE_TEST(compaction, several_rounds_of_the_scan) {
  xl::stream const q{d};
  for (std::size_t const blocks : {255, 256, 257, 513})
    for (int const more : {-1, 0, 1})
      if (more == 0 || !in_another_order()) check(q, numbered(blocks * compaction::block_elements + std::size_t(more)), by_chance{100});
}

CROSSLANE_TEST(compaction, above_a_threshold) {
  xl::stream const q{d};
  std::mt19937 random{1};
  std::normal_distribution<float> values;
  std::vector<float> in(50'001);
  for (auto& v : in) v = values(random);
  for (float const threshold : {-10.0f, -1.0f, 0.0f, 1.0f, 10.0f}) check(q, in, compaction::above{threshold});
  // Neither an equal value nor NaN is above the threshold.
  check(q, {1, 2, std::numeric_limits<float>::quiet_NaN(), 3, 2, std::numeric_limits<float>::infinity()}, compaction::above{2});
}

CROSSLANE_TEST(compaction, same_by_one_call) {
  xl::stream const q{d};
  auto const values = numbered(10'001);
  auto const in = upload(q, values);
  xl::buffer<float> by_hand{q, values.size()}, by_call{q, values.size()};
  xl::buffer<unsigned> counts{q, compaction::blocks(values.size())};
  xl::buffer<std::uint64_t> offsets{q, counts.size() + 1}, number{q, 1};
  for (auto* const out : {&by_hand, &by_call}) xl::fill(q, *out, untouched);
  compaction::compact_by_hand(q, in, by_chance{100}, counts, offsets, by_hand);
  xl::copy_if(q, in, by_call, number, by_chance{100});
  CROSSLANE_CHECK_EQ(read(q, number)[0], read(q, offsets).back());
  CROSSLANE_CHECK_SAME(read(q, by_call), read(q, by_hand));
}
