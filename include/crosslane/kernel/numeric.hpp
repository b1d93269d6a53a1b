// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point types: half, bfloat16 and the 8-bit ones, with their limits; numbers as integers.
#pragma once

#include <crosslane/kernel/numeric/limits.hpp>
#include <crosslane/kernel/numeric/saturate_cast.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
