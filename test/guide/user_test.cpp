// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A test of a kernel as docs/guide/testing.md shows it.
#include <random>
// [user-test]
#include <crosslane/gtest.hpp>
#include "softmax.hpp"

std::vector<float> random_rows() {
  std::mt19937 random{1};
  std::vector<float> result(3 * 700);
  for (float& x : result) x = float(random() % 1024) / 16 - 32;  // exact in float, at most 64 apart
  return result;
}

TEST(softmax, kernels_are_clean) {
  EXPECT_KERNEL_CLEAN([](auto const& q) { return softmax_on(q, 700, random_rows()); });
}

TEST(softmax, is_the_same_on_all_targets) {
  auto tolerance = softmax_tolerance(700);
  tolerance.relative *= 2;  // both results have errors
  EXPECT_SAME_ON_ALL_TARGETS([](auto const& q) { return softmax_on(q, 700, random_rows()); }, tolerance);
}

class softmax_on_devices : public xl::checks::device_test {};
CROSSLANE_ON_ALL_DEVICES(softmax_on_devices);

TEST_P(softmax_on_devices, is_near_the_definition) {
  xl::stream const q{device()};
  EXPECT_CLOSE(softmax_of_rows(random_rows(), 700), softmax_on(q, 700, random_rows()), softmax_tolerance(700));
}
// [user-test]
