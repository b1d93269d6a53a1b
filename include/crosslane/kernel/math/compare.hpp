// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// abs(), min(), max() and clamp(). The last three accept vectors too and work element by element.
#pragma once

#include <crosslane/kernel/math/real.hpp>
#include <crosslane/platform/min_max.hpp>

#include <concepts>
#include <type_traits>

namespace crosslane {

/// Returns the absolute value of x. The lowest integer of a type is returned unchanged, because its absolute value is not representable.
template <class T>
requires detail::real<T> || std::signed_integral<T> CROSSLANE_FN constexpr T abs(T x) {
  if constexpr (std::integral<T>) {
    using U = std::make_unsigned_t<T>;
    return x < 0 ? static_cast<T>(U(0) - U(x)) : x;
  } else {
    if constexpr (std::is_floating_point_v<T>)
      if (!__builtin_is_constant_evaluated()) return backend::native_math::fabs(x);
    return detail::from_bits<T>(detail::magnitude_of(x));
  }
}

/// Returns the smaller of a and b. If one of two floating-point numbers is NaN, it returns the other. If they are +0 and -0, it may return
/// either.
template <class T>
requires detail::is_number<T> CROSSLANE_FN constexpr T min(T a, T b) {
  return detail::smaller(a, b);
}
/// Returns the larger of a and b. If one of two floating-point numbers is NaN, it returns the other. If they are +0 and -0, it may return
/// either.
template <class T>
requires detail::is_number<T> CROSSLANE_FN constexpr T max(T a, T b) {
  return detail::larger(a, b);
}
/// Returns x limited to the range from `low` to `high`. NaN becomes `low`. Precondition: low <= high.
template <class T>
requires detail::is_number<T> CROSSLANE_FN constexpr T clamp(T x, T low, T high) {
  return min(max(x, low), high);
}

}  // namespace crosslane
