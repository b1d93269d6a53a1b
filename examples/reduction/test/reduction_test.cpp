// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the three ways with the sum in double. Sizes are close to those of waves, blocks and grids.
#include "../dot.hpp"

#include <support/target.hpp>

#include <random>
#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct problem {
  xl::stream q;
  xl::buffer<float> a, b, partial, result;
  reduction::reference expected;

  problem(xl::device d, std::vector<float> const& x, std::vector<float> const& y)
      : q{d}, a{q, x.size()}, b{q, y.size()}, partial{q, x.size() + 1}, result{q, 1}, expected{x, y} {
    xl::copy(q, x, a);
    xl::copy(q, y, b);
    xl::fill(q, result, -1000.0f);  // the result must not depend on the old value
    q.synchronize();                // x and y may be destroyed after this
  }
  float by_waves() {
    reduction::by_waves(q, a, b, result);
    return read(q, result)[0];
  }
  float by_blocks() {
    reduction::by_blocks(q, a, b, partial, result);
    return read(q, result)[0];
  }
  float by_tree() {
    reduction::by_tree(q, a, b, partial, result);
    return read(q, result)[0];
  }
};

void check(char const* way, std::size_t n, double difference, double allowed) {
  if (difference <= allowed) return;
  fail(std::string(way) + " of " + std::to_string(n) + " elements: " + show(difference) + ", allowed " + show(allowed),
       xl::source_location::current());
}

std::vector<float> floats(std::size_t n, std::mt19937& random, int least, int most) {
  std::uniform_int_distribution<int> in{least, most};
  std::vector<float> result(n);
  for (auto& x : result) x = float(in(random));
  return result;
}

constexpr std::size_t sizes[] = {0,   1,   2,   3,   4,    5,    31,   32,   33,   63,    64,    65,     127,    128,
                                 129, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 16383, 16385, 65'537, 300'001};

}  // namespace

/// Products and sums of small integers are exact in any order, so a missing or repeated product shows.
CROSSLANE_TEST(reduction, whole_numbers_exactly) {
  std::mt19937 random{1};
  for (auto const n : sizes) {
    problem p{d, floats(n, random, 1, 5), floats(n, random, 1, 5)};
    CROSSLANE_CHECK_EQ(p.by_waves(), p.expected.dot);
    CROSSLANE_CHECK_EQ(p.by_blocks(), p.expected.dot);
    CROSSLANE_CHECK_EQ(p.by_tree(), p.expected.dot);
  }
}

CROSSLANE_TEST(reduction, fractions_within_the_bound) {
  std::mt19937 random{2};
  for (auto const n : sizes) {
    auto x = floats(n, random, -1'000'000, 1'000'000), y = floats(n, random, -1'000'000, 1'000'000);
    for (auto& v : x) v /= 7e5f;
    problem p{d, x, y};
    reduction::bounds const allowed{d, n};
    check("by waves", n, p.expected.difference(p.by_waves()), allowed.by_waves);
    check("by blocks", n, p.expected.difference(p.by_blocks()), allowed.by_blocks);
    check("by tree", n, p.expected.difference(p.by_tree()), allowed.by_tree);
  }
}

CROSSLANE_TEST(reduction, without_atomics_the_same_bits_every_time) {
  std::mt19937 random{3};
  auto x = floats(100'003, random, -1'000'000, 1'000'000);
  for (auto& v : x) v /= 7e5f;
  problem p{d, x, x};
  float const blocks = p.by_blocks(), tree = p.by_tree();
  for (int i = 0; i < 5; ++i) {
    CROSSLANE_CHECK_EQ(p.by_blocks(), blocks);
    CROSSLANE_CHECK_EQ(p.by_tree(), tree);
  }
}
