// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The smaller and the larger of two numbers, by the hardware's own instruction for floating point.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <type_traits>

namespace crosslane::detail {

/// Of floating point the number where the other is NaN, and either of two zeros: IEEE 754-2008's minNum.
CROSSLANE_NO_EXEC_CHECK
template <class T>
CROSSLANE_FN constexpr T smaller(T const& a, T const& b) {
  if constexpr (std::is_floating_point_v<T>) {
#if CROSSLANE_DEVICE_PASS()
    if (!__builtin_is_constant_evaluated()) {
      if constexpr (sizeof(T) == 4)
        return fminf(a, b);
      else
        return fmin(a, b);
    }
#endif
    return b < a || a != a ? b : a;
  } else {
    return b < a ? b : a;
  }
}

/// Likewise maxNum.
CROSSLANE_NO_EXEC_CHECK
template <class T>
CROSSLANE_FN constexpr T larger(T const& a, T const& b) {
  if constexpr (std::is_floating_point_v<T>) {
#if CROSSLANE_DEVICE_PASS()
    if (!__builtin_is_constant_evaluated()) {
      if constexpr (sizeof(T) == 4)
        return fmaxf(a, b);
      else
        return fmax(a, b);
    }
#endif
    return a < b || a != a ? b : a;
  } else {
    return a < b ? b : a;
  }
}

}  // namespace crosslane::detail
