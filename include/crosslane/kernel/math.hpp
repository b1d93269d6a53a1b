// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of numbers, called anywhere: by kernels and by the program.
#pragma once

#include <crosslane/kernel/math/bits.hpp>
#include <crosslane/kernel/math/classify.hpp>
#include <crosslane/kernel/math/compare.hpp>
#include <crosslane/kernel/math/exponential.hpp>
#include <crosslane/kernel/math/fast.hpp>
#include <crosslane/kernel/math/integer.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/math/rounding.hpp>
#include <crosslane/kernel/math/special.hpp>
#include <crosslane/kernel/math/trigonometric.hpp>
