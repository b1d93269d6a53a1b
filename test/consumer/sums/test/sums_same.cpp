// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sums_of_rows.hpp"

#include <crosslane/check.hpp>

xl::checks::target_comparison compare_sums() { return xl::checks::same_on_all_targets(sums_of_rows, {.relative = 1e-6}); }
