// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions. Kernels and the host can call them.
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
