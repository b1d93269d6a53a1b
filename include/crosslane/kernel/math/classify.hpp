// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What kind of number it is, and its sign.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Whether x is no number.
template <detail::real T>
CROSSLANE_FN constexpr bool isnan(T x) {
  return !(x == x);
}
/// Whether x is infinite, of either sign.
template <detail::real T>
CROSSLANE_FN constexpr bool isinf(T x) {
  return detail::magnitude_of(x) == detail::real_bits<T>::infinity;
}
/// Neither infinite nor NaN.
template <detail::real T>
CROSSLANE_FN constexpr bool isfinite(T x) {
  return detail::magnitude_of(x) < detail::real_bits<T>::infinity;
}
/// Of -0 and of NaNs too.
template <detail::real T>
CROSSLANE_FN constexpr bool signbit(T x) {
  return (detail::bits_of(x) & detail::real_bits<T>::sign) != 0;
}
/// The magnitude of x with the sign of s.
template <detail::real T>
CROSSLANE_FN constexpr T copysign(T x, T s) {
  using bits = typename detail::real_bits<T>::type;
  return detail::from_bits<T>(static_cast<bits>(detail::magnitude_of(x) | (detail::bits_of(s) & detail::real_bits<T>::sign)));
}

}  // namespace crosslane
