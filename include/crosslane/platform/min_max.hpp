// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The smaller and the larger of two numbers, by the hardware's own instruction for floating point.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <type_traits>

namespace crosslane::detail {

/// Types of numbers with the usual arithmetic; the library's own are added where they are defined.
template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<T>;

/// Types whose numbers are compared one by one: vec.
template <class T>
inline constexpr bool is_vector = false;

/// The second of two operands is taken where the first is NaN.
template <class T>
CROSSLANE_FN constexpr bool is_nan([[maybe_unused]] T const& x) {
  if constexpr (is_number<T> && !std::is_integral_v<T>)
    return x != x;
  else
    return false;
}

/// Of floating point the number where the other is NaN, and either of two zeros: IEEE 754-2008's minNum.
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

/// Likewise maxNum.
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
