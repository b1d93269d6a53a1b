// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/check.hpp>

#include <gtest/gtest.h>

crosslane::checks::target_comparison compare_sums();  // in sums_same.cpp

TEST(row_sum, is_the_same_on_all_targets) {
  auto const comparison = compare_sums();
  EXPECT_TRUE(comparison) << comparison.text();
}
