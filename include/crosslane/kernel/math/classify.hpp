// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Classification of numbers, and their signs.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns whether x is NaN.
template <detail::real T>
CROSSLANE_FN constexpr bool isnan(T x) {
  return !(x == x);
}
/// Returns whether x is infinite, of either sign.
template <detail::real T>
CROSSLANE_FN constexpr bool isinf(T x) {
  return detail::magnitude_of(x) == detail::real_bits<T>::infinity;
}
/// Returns whether x is finite: neither infinite nor NaN.
template <detail::real T>
CROSSLANE_FN constexpr bool isfinite(T x) {
  return detail::magnitude_of(x) < detail::real_bits<T>::infinity;
}
/// Returns whether the sign bit of x is set. -0 and NaNs can have it too.
template <detail::real T>
CROSSLANE_FN constexpr bool signbit(T x) {
  return (detail::bits_of(x) & detail::real_bits<T>::sign) != 0;
}
/// Returns the magnitude of x with the sign of s.
template <detail::real T>
CROSSLANE_FN constexpr T copysign(T x, T s) {
  return detail::from_bits<T>(
      static_cast<detail::bits_of_size<T>>(detail::magnitude_of(x) | (detail::bits_of(s) & detail::real_bits<T>::sign)));
}

}  // namespace crosslane
