// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sums_of_rows.hpp"

#include <crosslane/gtest.hpp>

TEST(row_sum, is_clean) { EXPECT_KERNEL_CLEAN(sums_of_rows, {.seeds = 8}); }

TEST(row_sum, is_the_same_on_all_targets) { EXPECT_SAME_ON_ALL_TARGETS(sums_of_rows, {.relative = 1e-6}); }
