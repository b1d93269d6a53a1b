// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point types (half, bfloat16, 8-bit types) with their limits, and conversion of numbers to integers.
#pragma once

#include <crosslane/kernel/numeric/limits.hpp>
#include <crosslane/kernel/numeric/saturate_cast.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
