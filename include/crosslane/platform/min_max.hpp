// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The smaller and the larger of two values. Floating-point types use the hardware's instruction.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <type_traits>

namespace crosslane::detail {

/// Whether T is a number type with the usual arithmetic. The library's own number types specialise this where they are defined.
template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<T>;

/// Whether T is a vec: its elements are compared one by one.
template <class T>
inline constexpr bool is_vector = false;

/// Whether x is a floating-point NaN.
template <class T>
CROSSLANE_FN constexpr bool is_nan([[maybe_unused]] T const& x) {
  if constexpr (is_number<T> && !std::is_integral_v<T>)
    return x != x;
  else
    return false;
}

/// Returns the smaller value. If one floating-point operand is NaN, returns the other; of two zeros, returns either. This is IEEE
/// 754-2008's minNum.
template <class T>
CROSSLANE_FN constexpr T smaller(T const& a, T const& b) {
#if CROSSLANE_DEVICE_PASS()
  if constexpr (std::is_same_v<T, float>) {
    if (!__builtin_is_constant_evaluated()) return fminf(a, b);
  } else if constexpr (std::is_same_v<T, double>) {
    if (!__builtin_is_constant_evaluated()) return fmin(a, b);
  }
#endif
  if constexpr (is_vector<T>) {
    T result{};
    for (unsigned i = 0; i < T::size; ++i) result[i] = smaller(a[i], b[i]);
    return result;
  } else {
    return b < a || is_nan(a) ? b : a;
  }
}

/// Returns the larger value, with the rules of IEEE 754-2008's maxNum.
template <class T>
CROSSLANE_FN constexpr T larger(T const& a, T const& b) {
#if CROSSLANE_DEVICE_PASS()
  if constexpr (std::is_same_v<T, float>) {
    if (!__builtin_is_constant_evaluated()) return fmaxf(a, b);
  } else if constexpr (std::is_same_v<T, double>) {
    if (!__builtin_is_constant_evaluated()) return fmax(a, b);
  }
#endif
  if constexpr (is_vector<T>) {
    T result{};
    for (unsigned i = 0; i < T::size; ++i) result[i] = larger(a[i], b[i]);
    return result;
  } else {
    return a < b || is_nan(a) ? b : a;
  }
}

}  // namespace crosslane::detail
