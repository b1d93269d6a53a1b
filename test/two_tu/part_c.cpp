// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Always compiled for the host, and without checks.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 0
#include "define_part.hpp"

two_tu::part const& two_tu::part_c() { return this_part; }
